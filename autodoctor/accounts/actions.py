"""Actions on accounts: enroll, apply, approve, take sessions, ban."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext as _

from autodoctor.accounts import waiting_list
from autodoctor.accounts.job_kinds import AccountsFact, MechanicLeft
from autodoctor.accounts.models import MechanicProfile, Role, User
from autodoctor.core.raw_sql import values
from autodoctor.mail.queue import queue_mail
from autodoctor.scheduler.queue import schedule


class Refused(Exception):
    """The action is refused; `detail` explains it in a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


class Overtaken(Refused):
    """Support has answered since the page was shown."""


def enroll(*, email: str, name: str, password_hash: str, **fields: Any) -> User:
    """Create a person with a confirmed address, for seeds. Call outside a transaction: hashing is slow."""
    with transaction.atomic():
        user = User.objects.create(email=email, name=name, password=password_hash, **fields)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def save_account(*, user: User, name: str, time_zone: str, wants_follow_ups: bool | None = None) -> User:
    """Save name, time zone, and whether the person wants to be asked if a repair held (None: as before).

    An empty zone means the browser's.
    """
    said: dict[str, Any] = {"name": name, "time_zone_chosen": bool(time_zone)}
    said |= {"time_zone": time_zone} if time_zone else {}
    said |= {} if wants_follow_ups is None else {"wants_follow_ups": wants_follow_ups}
    for field, value in said.items():
        setattr(user, field, value)
    user.save(update_fields=said)  # what was not said may have changed since it was read
    return user


def stop_follow_ups(user: User) -> None:
    """The person wants no more mails that ask whether a repair held."""
    User.objects.filter(pk=user.pk).update(wants_follow_ups=False)


def apply(
    *,
    user: User,
    name: str,
    headline: str,
    years_experience: int,
    skills: str,
    certifications: str,
    time_zone: str,
    now: datetime,
    seen: str | None = None,
) -> MechanicProfile:
    """Apply as a mechanic, or again after a decline. One writer at a time: support decides under the same lock.

    `seen`: the state that the form's page showed. Raises `Refused` for support and for approved mechanics, and if
    support has answered since.
    """
    if user.role == Role.SUPPORT:
        raise Refused("is_support", _("A support account cannot be a mechanic."))
    details = {
        "headline": headline,
        "years_experience": years_experience,
        "skills": skills,
        "certifications": certifications,
        "state": MechanicProfile.State.APPLIED,
        "applied_at": now,
        "decided_at": None,
        "decided_by": None,
    }
    with transaction.atomic():
        lock_person(user)
        profile, _created = MechanicProfile.objects.select_for_update().get_or_create(user=user, defaults=details)
        _check_unanswered(profile, seen)
        if profile.state == MechanicProfile.State.APPROVED:
            raise Refused("already_approved", _("You are already a mechanic here."))
        save_account(user=user, name=name, time_zone=time_zone)
        MechanicProfile.objects.filter(pk=profile.pk).update(**details)
        profile.refresh_from_db()
    return profile


def lock_person(user: User) -> None:
    """Let one act at a time see what was done to this person, until the caller's transaction ends."""
    User.objects.select_for_update().only("id").get(pk=user.pk)


def _check_unanswered(profile: MechanicProfile, seen: str | None) -> None:
    if seen is None or profile.state in {seen, MechanicProfile.State.APPLIED}:
        return
    sentence = _("Meanwhile support has answered your application: %(answer)s. Read it, then send the form again.")
    raise Overtaken("meanwhile", sentence % {"answer": profile.get_state_display()})


def approve(*, profile: MechanicProfile, by: User, now: datetime) -> MechanicProfile:
    """Approve an application. Raises `Refused` unless it is open or was declined."""
    return _decide(profile, MechanicProfile.State.APPROVED, by=by, now=now)


def decline(*, profile: MechanicProfile, by: User, now: datetime, reason: str = "") -> MechanicProfile:
    """Decline an application or withdraw an approval, with a reason. Raises `Refused` if it was already declined."""
    return _decide(profile, MechanicProfile.State.DECLINED, by=by, now=now, reason=reason)


def _decide(
    profile: MechanicProfile, state: MechanicProfile.State, *, by: User, now: datetime, reason: str = ""
) -> MechanicProfile:
    with transaction.atomic():
        undecided = MechanicProfile.objects.filter(pk=profile.pk).exclude(state=state)
        if not undecided.update(state=state, taking_sessions=False, decided_at=now, decided_by=by):
            raise Refused("already_decided", _("This application already has an answer."))
        profile.refresh_from_db()
        profile.user.announce_access()
        if state == MechanicProfile.State.DECLINED:
            _tell_left(profile.user_id, now)
        key = f"application:{profile.pk}:{state}:{now.timestamp():.0f}"
        queue_mail(
            f"accounts/mail/application_{state.value}", to=profile.user, context={"reason": reason}, key=key, now=now
        )
    return profile


def set_taking_sessions(*, mechanic: User, taking: bool, now: datetime) -> None:
    """Turn "taking sessions" on or off; on has the waiting list told. Raises `Refused` unless approved."""
    approved = MechanicProfile.objects.filter(user=mechanic, state=MechanicProfile.State.APPROVED)
    with transaction.atomic():
        anew: dict[str, Any] = {"taking_since": now, "missed_requests": 0, "switched_off_at": None} if taking else {}
        switched = approved.exclude(taking_sessions=taking).update(taking_sessions=taking, **anew)
        if not switched and not approved.exists():
            raise Refused("not_approved", _("Only approved mechanics take sessions."))
        if switched and taking:
            waiting_list.tell_later(now)
        elif switched:
            _tell_left(mechanic.pk, now)


def switch_off(mechanic: User, now: datetime) -> None:
    """Turn "taking sessions" off, in the caller's transaction: the mechanic did not come."""
    if MechanicProfile.objects.filter(user=mechanic, taking_sessions=True).update(taking_sessions=False):
        _tell_left(mechanic.pk, now)


def _tell_left(mechanic_id: UUID, now: datetime) -> None:
    """Schedule the fact that this mechanic takes no sessions any more: what waits for them alone must not."""
    schedule(AccountsFact.MECHANIC_LEFT, str(mechanic_id), now, payload=MechanicLeft(at=now.isoformat()))


def count_misses(*, mechanics: Collection[UUID], most: int, now: datetime) -> list[User]:
    """Count one more missed request for these mechanics. Returns those turned off for reaching `most`."""
    with transaction.atomic():
        # Always lock in the same order: two requests may be counted at the same time.
        rows = MechanicProfile.objects.filter(user__in=mechanics).order_by("pk")
        profiles = list(rows.select_for_update(of=("self",)).select_related("user"))
        for profile in profiles:
            profile.missed_requests += 1
            if profile.missed_requests >= most:
                profile.missed_requests, profile.taking_sessions, profile.switched_off_at = 0, False, now
                _tell_left(profile.user_id, now)
        MechanicProfile.objects.bulk_update(profiles, ["missed_requests", "taking_sessions", "switched_off_at"])
    return [profile.user for profile in profiles if not profile.taking_sessions]


def forget_misses(mechanic: User) -> None:
    """Reset the count after an acceptance."""
    MechanicProfile.objects.filter(user=mechanic, missed_requests__gt=0).update(missed_requests=0)


def mechanics_taking_sessions() -> int:
    """Return how many mechanics take sessions now. Few people are shut out: they are found by an index."""
    shut_out = "SELECT id FROM accounts_user WHERE NOT is_active"
    condition = f"state = %s AND taking_sessions AND user_id NOT IN ({shut_out})"
    [(count,)] = values(MechanicProfile, "COUNT(*)", condition, MechanicProfile.State.APPROVED)
    return int(count)


def ban_user(*, user: User, now: datetime) -> User:
    """Ban a person at once and everywhere. Their open sessions end by their own deadlines."""
    with transaction.atomic():
        user.is_active, user.banned_at = False, now
        user.save(update_fields=["is_active", "banned_at"])
        if MechanicProfile.objects.filter(user=user).update(taking_sessions=False):
            _tell_left(user.pk, now)
        user.announce_access()
    return user


def lift_ban(*, user: User) -> User:
    user.is_active, user.banned_at = True, None
    user.save(update_fields=["is_active", "banned_at"])
    return user
