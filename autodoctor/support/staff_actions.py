"""Acts of support with people and failed jobs. Each leaves a record with its reason.

`seen`: the last record on the person or the job that the page showed. The same form acts once, and a page that somebody
else has overtaken is refused.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from autodoctor.accounts import actions as accounts
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import visible_text
from autodoctor.payments import earnings, standstills, webhook_inbox
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.standstills import Standstill
from autodoctor.scheduler import queue
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import BanData, FailedJobData
from autodoctor.sessions.lifecycle.support_actions import add_note
from autodoctor.sessions.queries.own_sessions import OwnSessions
from autodoctor.sessions.states import OPEN, EventKind
from autodoctor.support.meanwhile import is_repeat
from autodoctor.support.models import ActionKind, StaffAction

Kind = ActionKind
REASON_LENGTH = 200


def ban(*, user: User, by: User, reason: str, now: datetime, seen: int | None = None) -> None:
    """Ban a person everywhere, at once; their open sessions log it. Raises `Refused`."""
    why = _needed(reason)
    if user.is_staff:
        raise Refused("is_support", _("Support cannot ban support."))
    with transaction.atomic():
        accounts.lock_person(user)
        if is_repeat(Kind.BANNED, str(user.id), by=by, seen=seen):
            return
        accounts.ban_user(user=user, now=now)
        _record(Kind.BANNED, by=by, subject=str(user.id), reason=why, now=now)
    for _at, session_id in OwnSessions(user, OPEN)[:]:
        data = BanData(person=str(user.id), name=user.name, reason=why)
        add_note(session_id=session_id, kind=EventKind.SUPPORT_BANNED, by=by, data=data, now=now)


def lift_ban(*, user: User, by: User, reason: str, now: datetime, seen: int | None = None) -> None:
    """Lift a ban. Raises `Refused`."""
    why = _needed(reason)
    with transaction.atomic():
        accounts.lock_person(user)
        if is_repeat(Kind.UNBANNED, str(user.id), by=by, seen=seen):
            return
        accounts.lift_ban(user=user)
        _record(Kind.UNBANNED, by=by, subject=str(user.id), reason=why, now=now)


def sign_out(*, user: User, by: User, reason: str, now: datetime, seen: int | None = None) -> None:
    """End every session of a person whose browser or phone is in other hands. Raises `Refused`."""
    why = _needed(reason)
    with transaction.atomic():
        accounts.lock_person(user)
        if is_repeat(Kind.SIGNED_OUT, str(user.id), by=by, seen=seen):
            return
        user.end_sessions()
        _record(Kind.SIGNED_OUT, by=by, subject=str(user.id), reason=why, now=now)


def approve(*, profile: MechanicProfile, by: User, reason: str, now: datetime, seen: int | None = None) -> None:
    """Approve a mechanic and send a mail. Raises `accounts.Refused`."""
    with transaction.atomic():
        accounts.lock_person(profile.user)
        if is_repeat(Kind.APPROVED, str(profile.user_id), by=by, seen=seen):
            return
        accounts.approve(profile=profile, by=by, now=now)
        _record(Kind.APPROVED, by=by, subject=str(profile.user_id), reason=visible_text(reason), now=now)


def decline(*, profile: MechanicProfile, by: User, reason: str, now: datetime, seen: int | None = None) -> None:
    """Decline a mechanic and mail the reason. Raises `Refused` and `accounts.Refused`."""
    why = _needed(reason)
    with transaction.atomic():
        accounts.lock_person(profile.user)
        if is_repeat(Kind.DECLINED, str(profile.user_id), by=by, seen=seen):
            return
        accounts.decline(profile=profile, by=by, now=now, reason=why)
        _record(Kind.DECLINED, by=by, subject=str(profile.user_id), reason=why, now=now)


def retry(*, job: Job, session_id: UUID | None, by: User, now: datetime, seen: int | None = None) -> None:
    """Try a failed job again at once, with all its attempts. Raises `Refused` if it is no longer failed."""
    with transaction.atomic():
        if is_repeat(Kind.RETRIED, subject_of(job), by=by, seen=seen):
            return
        if not queue.unpark([job.pk], now):
            raise _gone()
        _record(Kind.RETRIED, by=by, subject=subject_of(job), reason="", now=now)
    _note_job(EventKind.SUPPORT_JOB_RETRIED, job, session_id, by=by, reason="", now=now)


def retry_money(*, found: Collection[Standstill], owed: Collection[UUID], by: User, now: datetime) -> int:
    """Set money that stands still going again, and try to take back debts, by their movements; returns how many.

    What is being tried right now is left alone.
    """
    with transaction.atomic():
        tried = [(str(one.job_kind), one.key, one.payment) for one in standstills.set_going(found, now)]
        taken = earnings.ask_again(owed, now)
        tried += [(str(PaymentJob.MOVE_EARNING), str(debt.id), debt.earning.payment) for debt in taken]
        for kind, key, _payment in tried:
            _record(Kind.RETRIED, by=by, subject=f"{kind} {key}", reason="", now=now)
    for kind, key, payment in tried:
        data = FailedJobData(kind=kind, key=key, error="", reason="")
        add_note(session_id=payment.owner_id, kind=EventKind.SUPPORT_JOB_RETRIED, by=by, data=data, now=now)
    return len(tried)


def dismiss(
    *, job: Job, session_id: UUID | None, by: User, reason: str, now: datetime, seen: int | None = None
) -> None:
    """Dismiss a failed job for good. Raises `Refused`."""
    why = _needed(reason)
    with transaction.atomic():
        if is_repeat(Kind.DISMISSED, subject_of(job), by=by, seen=seen):
            return
        if not queue.dismiss(job.pk):
            raise _gone()
        if job.kind == PaymentJob.STRIPE_EVENT:
            webhook_inbox.dismiss(job.key, now)
        _record(Kind.DISMISSED, by=by, subject=subject_of(job), reason=why, now=now)
    _note_job(EventKind.SUPPORT_JOB_DISMISSED, job, session_id, by=by, reason=why, now=now)


def record_of(subject: str) -> list[StaffAction]:
    """Return the acts on it, the newest first."""
    return list(StaffAction.objects.filter(subject=subject).select_related("by").order_by("-at", "-id")[:50])


def subject_of(job: Job) -> str:
    return f"{job.kind} {job.key}"


def _note_job(kind: EventKind, job: Job, session_id: UUID | None, *, by: User, reason: str, now: datetime) -> None:
    if session_id:
        data = FailedJobData(kind=job.kind, key=job.key, error=job.last_error, reason=reason)
        add_note(session_id=session_id, kind=kind, by=by, data=data, now=now)


def _record(kind: ActionKind, *, by: User, subject: str, reason: str, now: datetime) -> None:
    StaffAction.objects.create(kind=kind, at=now, by=by, subject=subject, reason=reason[:REASON_LENGTH])


def _needed(reason: str) -> str:
    why = visible_text(reason)
    if not why:
        raise Refused("no_reason", _("Enter a reason. Other people read it later."), 422)
    return why[:REASON_LENGTH]


def _gone() -> Refused:
    return Refused("not_parked", _("This job has no longer failed."))
