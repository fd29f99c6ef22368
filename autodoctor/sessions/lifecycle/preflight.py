"""The device check before a call, and joining without camera, with audio and photos, or by chat."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.sessions.event_data import PreflightData
from autodoctor.sessions.lifecycle import media
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record import event_log, participants
from autodoctor.sessions.record.participants import ParticipantState
from autodoctor.sessions.states import BEFORE_START, CLAIMED, EventKind, Kind

MAX_REPORTS = 100  # per person and session


class Mode(TextChoices):
    """The way a participant joins: with video, or with less by their own choice."""

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
    """The result of a device check. `checks`: camera, microphone, speaker, network; `network`: measured figures."""

    mode: str
    checks: dict[str, str]
    network: dict[str, float | None]

    @property
    def passed(self) -> bool:
        return all(outcome == Outcome.PASSED for outcome in self.checks.values())

    @property
    def facts(self) -> PreflightData:
        """Return the result as the event log stores it."""
        return PreflightData(mode=self.mode, checks=self.checks, network=self.network, passed=self.passed)

    def says_as_much_as(self, facts: PreflightData) -> bool:
        """Compare without the network figures, which are never the same twice."""
        return (self.mode, self.checks) == (facts["mode"], facts["checks"])


def report_preflight(*, session_id: UUID, by: User, checkup: Checkup, now: datetime) -> Session:
    """Log the result of a device check. Mode `chat` before the start makes it a chat, at its price and time.

    An unchanged result is not logged again. Raises the errors of `transitions`, and `Refused` for too many
    reports.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        _check(session, who, checkup)
        if session.kind == Kind.CHAT or _is_known(session, who, checkup, now):
            return session
        _note_failing(state.seat(who.role), checkup, now)
        facts, lowers = checkup.facts, checkup.mode == Mode.CHAT and session.state in BEFORE_START
        if lowers:
            session.kind = Kind.CHAT
            session.granted_seconds = min(session.granted_seconds, session.chat_seconds or session.granted_seconds)
            media.stop_media(state, now)
            facts["session"] = session.payload()
        event_log.append_event(session, EventKind.PREFLIGHT_REPORTED, at=now, by=who, data=facts)
        return session


def _note_failing(seat: ParticipantState, checkup: Checkup, now: datetime) -> None:
    """Store since when the check has been failing, until it passes or the participant chooses to join with less."""
    part, fails = seat.part, checkup.mode == Mode.VIDEO and Outcome.FAILED in checkup.checks.values()
    if part and fails != bool(part.failing_since):
        part.failing_since = now if fails else None
        part.save(update_fields=["failing_since"])


def checkups(session: Session) -> dict[str, PreflightData]:
    """Return the last report of each participant, by role."""
    reports = SessionEvent.objects.filter(
        session=session, kind=EventKind.PREFLIGHT_REPORTED, actor_id__in=participants.party_ids(session)
    ).order_by("seq")
    return dict(reports.values_list("actor_role", "data"))


def _check(session: Session, who: event_log.Actor, checkup: Checkup) -> None:
    if who.role == Role.SUPPORT:
        raise Refused("not_a_party", _("Only the customer and the mechanic can do this."), 403)
    if session.state not in CLAIMED:
        raise Refused(
            "session_closed", _("You can check your devices from the acceptance until the end of the session.")
        )
    if session.kind != Kind.CHAT and checkup.mode == Mode.CHAT and who.role != Role.CUSTOMER:
        raise Refused("not_the_customer", _("Only the customer can switch a video session to chat."), 403)


def _is_known(session: Session, who: event_log.Actor, checkup: Checkup, now: datetime) -> bool:
    earlier = _reports_of(session, who).order_by("-seq")
    last = earlier.first()
    if last is None:
        return False
    if checkup.says_as_much_as(last.data_as(PreflightData)):
        return True
    if earlier.count() >= MAX_REPORTS:
        raise Refused("too_many", _("You have reported too many device checks in this session."))
    return False


def _reports_of(session: Session, who: event_log.Actor) -> QuerySet[SessionEvent]:
    return SessionEvent.objects.filter(session=session, kind=EventKind.PREFLIGHT_REPORTED, actor_id=who.id)
