"""The only writers of summaries: save the draft, submit once, correct.

Like the actions of sessions they raise `Session.DoesNotExist` for a stranger and `Refused` with a sentence for
everything else.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.files import listing
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.event_data import SummaryData
from autodoctor.sessions.lifecycle import summaries, support_actions
from autodoctor.sessions.lifecycle.transaction import lock_session
from autodoctor.sessions.states import EventKind
from autodoctor.summaries.content import CORRECTIONS_MAX, Content, Typed
from autodoctor.summaries.jobs import SendSummary, SummaryFact, SummaryJob
from autodoctor.summaries.models import Correction, Draft, Part, Photo, ServiceLines, Summary


class DraftChanged(Refused):
    """Another page has saved a newer `draft`."""

    def __init__(self, draft: Draft) -> None:
        super().__init__("draft_changed", _("This summary was changed in another window."))
        self.draft = draft


def save_draft(*, session_id: UUID, by: User, typed: Typed, version: int, now: datetime) -> Draft:
    """Save the draft. `version` is the version that the page started from, 0 for none.

    Raises `DraftChanged` if another version was saved since, unless it has the same content.
    """
    with transaction.atomic():
        summaries.check_writing(session_id=session_id, by=by)
        draft, made = Draft.objects.get_or_create(
            session_id=session_id, defaults={"typed": typed, "version": version + 1, "saved_at": now}
        )
        if made or draft.typed == typed:
            return draft
        if draft.version != version:
            raise DraftChanged(draft)
        draft.typed, draft.version, draft.saved_at = typed, version + 1, now
        draft.save()
        return draft


def submit(*, session_id: UUID, by: User, content: Content, now: datetime, version: int | None = None) -> Summary:
    """Submit the summary: the customer sees it at once and gets a mail. Only the first submission counts.

    `version`: that of the draft which it is. Raises `DraftChanged` if another page has saved a newer one since.
    """
    facts = SummaryData(safe=content.safe, parts=len(content.parts), photos=len(content.photos))
    with transaction.atomic():
        summaries.submit_summary(session_id=session_id, by=by, now=now, data=facts)
        draft = Draft.objects.filter(session_id=session_id).first()
        if draft and version not in {None, draft.version}:
            raise DraftChanged(draft)
        summary = _write(session_id, by, content, now)
        listing.keep(session_id, content.photos)
        Draft.objects.filter(session_id=session_id).delete()
        ServiceLines.objects.filter(session_id=session_id).delete()
        schedule(SummaryJob.MAIL, str(session_id), now, session_id=session_id)
        schedule(SummaryFact.SUBMITTED, str(session_id), now, session_id=session_id)
    return summary


def _write(session_id: UUID, by: User, content: Content, now: datetime) -> Summary:
    summary = Summary.objects.create(
        session_id=session_id,
        author=by,
        findings=content.findings,
        steps=content.steps,
        next_steps=content.next_steps,
        safe=content.safe,
        safe_why=content.safe_why,
        submitted_at=now,
    )
    Part.objects.bulk_create(
        Part(summary=summary, position=position, **vars(part)) for position, part in enumerate(content.parts)
    )
    Photo.objects.bulk_create(
        Photo(summary=summary, position=position, file_id=file_id) for position, file_id in enumerate(content.photos)
    )
    return summary


def correct(*, session_id: UUID, by: User, text: str, now: datetime) -> Correction:
    """Add a dated correction and mail it; the same text twice is one correction."""
    with transaction.atomic():
        lock_session(session_id)
        last = Correction.objects.filter(summary=session_id).last()
        if last and (last.author_id, last.text) == (by.id, text):
            return last  # pressed twice
        summaries.add_correction(session_id=session_id, by=by, now=now)
        summary = Summary.objects.get(session_id=session_id)
        number = summary.corrections.count() + 1  # the session is locked, so no other request counts now
        if number > CORRECTIONS_MAX:
            raise Refused("too_many", _("This summary has too many corrections. Please write to our support team."))
        correction = Correction.objects.create(summary=summary, number=number, author=by, text=text, written_at=now)
        schedule(SummaryJob.MAIL, f"{session_id}:{number}", now, session_id=session_id)
    return correction


def tick_part(*, summary: Summary, position: int, bought: bool, now: datetime) -> None:
    """Tick a part off the customer's shopping list, or put it back. Twice is once.

    Raises `Part.DoesNotExist` for a part that the summary has not.
    """
    part = summary.parts.get(position=position)
    if bought != (part.bought_at is not None):
        part.bought_at = now if bought else None
        part.save(update_fields=["bought_at"])


def resend(*, session_id: UUID, by: User, reason: str, now: datetime, token: UUID | None = None) -> Summary:
    """Mail the summary again for support, as a separate mail."""
    with transaction.atomic():
        told = support_actions.note(
            session_id=session_id, by=by, kind=EventKind.SUPPORT_SUMMARY_RESENT, reason=reason, now=now, token=token
        )
        summary = Summary.objects.filter(session_id=session_id).first()
        if summary is None:
            raise Refused("not_submitted", _("There is no summary to send yet."))
        if told:
            Summary.objects.filter(pk=summary.pk).update(mailed_at=None)
            schedule(SummaryJob.MAIL, str(session_id), now, session_id=session_id, payload=SendSummary(copy=told.seq))
    return summary
