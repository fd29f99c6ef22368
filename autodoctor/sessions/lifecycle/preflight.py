"""What surrounds a call: the check of devices and network before it, and the lesser ways to take part in one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.sessions.lifecycle import media
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record import event_log, participants
from autodoctor.sessions.record.participants import ParticipantState
from autodoctor.sessions.states import BEFORE_START, CLAIMED, EventKind, Kind

MAX_REPORTS = 100  # of one person in one session
PACE = timedelta(seconds=1)  # between two of one person


class Mode(TextChoices):
    """How somebody takes part: with everything, or with less because they chose so."""

    VIDEO = "video", gettext_lazy("Video")
    AUDIO = "audio", gettext_lazy("Without camera")
    PHOTOS = "photos", gettext_lazy("Audio and photos")
    CHAT = "chat", gettext_lazy("Chat")


class Outcome(TextChoices):
    PASSED = "passed", gettext_lazy("Passed")
    FAILED = "failed", gettext_lazy("Failed")
    SKIPPED = "skipped", gettext_lazy("Not done")


@dataclass(frozen=True)
class Checkup:
    """What a device check found. `checks`: camera, microphone, speaker, network; `network`: figures, where measured."""

    mode: str
    checks: dict[str, str]
    network: dict[str, float | None]

    @property
    def passed(self) -> bool:
        return all(outcome == Outcome.PASSED for outcome in self.checks.values())

    @property
    def facts(self) -> dict[str, Any]:
        """As the log keeps it."""
        return {"mode": self.mode, "checks": self.checks, "network": self.network, "passed": self.passed}

    def says_as_much_as(self, facts: dict[str, Any]) -> bool:
        """The figures of a network are never twice the same."""
        return (self.mode, self.checks) == (facts["mode"], facts["checks"])


def report_preflight(*, session_id: UUID, by: User, checkup: Checkup, now: datetime) -> Session:
    """How somebody's device check stands. With mode `chat` before the start the session becomes one, at that price.

    The same again is not written again. Raises what `actions` do, `Refused` with 429 for one too soon after another.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        _check(session, who, checkup)
        if session.kind == Kind.CHAT or _is_known(session, who, checkup, now):
            return session
        _note_failing(state.seat(who.role), checkup, now)
        lowers = checkup.mode == Mode.CHAT and session.state in BEFORE_START
        if lowers:
            session.kind = Kind.CHAT
            media.stop_media(state, now)
        facts = checkup.facts | ({"session": session.payload()} if lowers else {})
        event_log.append_event(session, EventKind.PREFLIGHT_REPORTED, at=now, by=who, data=facts)
        return session


def _note_failing(seat: ParticipantState, checkup: Checkup, now: datetime) -> None:
    """From when on it fails: until it passes, or they choose to do with less."""
    part, fails = seat.part, checkup.mode == Mode.VIDEO and Outcome.FAILED in checkup.checks.values()
    if part and fails != bool(part.failing_since):
        part.failing_since = now if fails else None
        part.save(update_fields=["failing_since"])


def checkups(session: Session) -> dict[str, dict[str, Any]]:
    """What each of the two reported last, by role."""
    reports = SessionEvent.objects.filter(
        session=session, kind=EventKind.PREFLIGHT_REPORTED, actor_id__in=participants.party_ids(session)
    ).order_by("seq")
    return dict(reports.values_list("actor_role", "data"))


def _check(session: Session, who: event_log.Actor, checkup: Checkup) -> None:
    if who.role == Role.SUPPORT:
        raise Refused("not_a_party", _("Only the customer and the mechanic take part."), 403)
    if session.state not in CLAIMED:
        raise Refused("session_closed", _("Devices are checked from the acceptance to the end of the session."))
    if session.kind != Kind.CHAT and checkup.mode == Mode.CHAT and who.role != Role.CUSTOMER:
        raise Refused("not_the_customer", _("Only the customer can turn a video session into a chat."), 403)


def _is_known(session: Session, who: event_log.Actor, checkup: Checkup, now: datetime) -> bool:
    earlier = _reports_of(session, who).order_by("-seq")
    last = earlier.first()
    if last is None:
        return False
    if checkup.says_as_much_as(last.data):
        return True
    if earlier.count() >= MAX_REPORTS or last.at + PACE > now:
        raise Refused("too_fast", _("That was too quick. Wait a moment and try again."), 429)
    return False


def _reports_of(session: Session, who: event_log.Actor) -> QuerySet[SessionEvent]:
    return SessionEvent.objects.filter(session=session, kind=EventKind.PREFLIGHT_REPORTED, actor_id=who.id)
