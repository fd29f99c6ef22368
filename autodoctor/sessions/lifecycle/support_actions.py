"""Support's actions on a session, each with a reason, each a session transaction.

The log stores every action twice: as the change itself, by that person, and as `support.*` with the reason, for support
only. Participants learn of it by a message of support. `token` names the form: the same form acts once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import visible_text
from autodoctor.payments import ledger
from autodoctor.sessions.event_data import (
    AssignmentData,
    EventData,
    Extension,
    ExtensionData,
    GiftData,
    MessageData,
    SupportData,
)
from autodoctor.sessions.lifecycle import endings, extensions, fair_clock, substitutes, transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.notify.mail import send_session_mail
from autodoctor.sessions.queries.eligibility import Obstacle, why_not_eligible
from autodoctor.sessions.queries.substitutes import seconds_left
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.states import BEFORE_START, RUNNING, EndReason, EventKind, InvalidTransition, State, check

LONGEST_REASON = 500  # characters
LONGEST_MESSAGE = 4_000
SHORTEST_GIFT, LONGEST_GIFT = 60, 60 * 60  # seconds
# Why a mechanic cannot be assigned, in words for support.
OBSTACLES: dict[Obstacle, Promise] = {
    Obstacle.NOT_A_MECHANIC: gettext_lazy("%(name)s is not an approved mechanic."),
    Obstacle.OWN_REQUEST: gettext_lazy("%(name)s is the customer of this session."),
    Obstacle.ASKED_OF_ANOTHER: gettext_lazy("The customer asked for another mechanic, who has it alone for now."),
    Obstacle.RELEASED_BEFORE: gettext_lazy("%(name)s was released from this request before."),
    Obstacle.SUMMARY_OVERDUE: gettext_lazy("%(name)s has an overdue summary."),
    Obstacle.IN_SESSION: gettext_lazy("%(name)s already has a session."),
    Obstacle.NOT_TAKING: gettext_lazy("%(name)s is not taking sessions."),
}
READERS = (event_log.Audience.BOTH, event_log.Audience.CUSTOMER, event_log.Audience.MECHANIC)


def end(*, session_id: UUID, by: User, reason: str, now: datetime, token: UUID | None = None) -> Session:
    """End a running session and charge the used share. Both participants read the reason."""
    with session_transaction(session_id, now) as state:
        who = _support(by, state.session)
        if _done(state.session, token):
            return state.session
        check(state.session.state, State.COMPLETED)
        _say(state, _checked(reason), event_log.Audience.BOTH, who, now)
        _note(state, EventKind.SUPPORT_ENDED, who, SupportData(reason=_checked(reason)), now, token)
        endings.complete_session(state, EndReason.ENDED_BY_SUPPORT, at=now, who=who)
        return state.session


def cancel(*, session_id: UUID, by: User, reason: str, now: datetime, token: UUID | None = None) -> Session:
    """Cancel a session that has not begun, for free. Both participants read the reason."""
    with session_transaction(session_id, now) as state:
        who = _support(by, state.session)
        if _done(state.session, token):
            return state.session
        check(state.session.state, State.CANCELLED)
        _say(state, _checked(reason), event_log.Audience.BOTH, who, now)
        _note(state, EventKind.SUPPORT_CANCELLED, who, SupportData(reason=_checked(reason)), now, token)
        endings.cancel_unstarted(state, State.CANCELLED, EndReason.CANCELLED_BY_SUPPORT, at=now, who=who)
        return state.session


def release(*, session_id: UUID, by: User, reason: str, now: datetime, token: UUID | None = None) -> Session:
    """Release the mechanic. The request goes to the front of the queue."""
    with session_transaction(session_id, now) as state:
        who = _support(by, state.session)
        if _done(state.session, token):
            return state.session
        _note(state, EventKind.SUPPORT_RELEASED, who, SupportData(reason=_checked(reason)), now, token)
        transitions.release_mechanic(state, "by_support", at=now, who=who)
        return state.session


def assign(
    *, session_id: UUID, by: User, mechanic_id: UUID, reason: str, now: datetime, token: UUID | None = None
) -> Session:
    """Assign the request to this mechanic before the start, as if the mechanic had accepted.

    The former mechanic is released in the same transaction, so the request always has an owner: if the assignment
    fails, the former mechanic keeps it. The new mechanic's deadlines start now; a mechanic who does not join loses the
    request to the queue.
    """
    with _unless_busy(), session_transaction(session_id, now) as state:
        who = _support(by, state.session)
        if _done(state.session, token):
            return state.session
        if state.session.state not in BEFORE_START:
            raise InvalidTransition(state.session.state, State.ACCEPTED)
        mechanic = _eligible(state.session, mechanic_id, now)
        _note(state, EventKind.SUPPORT_ASSIGNED, who, _assignment(mechanic, reason), now, token)
        if state.session.mechanic:
            transitions.release_mechanic(state, "by_support", at=now, who=who)
        _assign(state, mechanic, who, now)
        return state.session


def substitute(
    *,
    session_id: UUID,
    by: User,
    reason: str,
    mechanic_id: UUID | None = None,
    now: datetime,
    token: UUID | None = None,
) -> Session:
    """Have another mechanic go on with a running session: this one, or whoever takes it first.

    The former mechanic leaves it in the same transaction, and keeps it if the assignment fails.
    """
    with _unless_busy(), session_transaction(session_id, now) as state:
        who = _support(by, state.session)
        if _done(state.session, token) or (state.session.state == State.HANDING_OVER and mechanic_id is None):
            return state.session
        if state.session.state not in RUNNING:
            raise InvalidTransition(state.session.state, State.HANDING_OVER)
        if seconds_left(state.session, now) < substitutes.TOO_SHORT_SECONDS:
            raise Refused("too_late", _("Too little time is left for another mechanic. You can end the session."))
        mechanic = _eligible(state.session, mechanic_id, now) if mechanic_id else None
        data = _assignment(mechanic, reason) if mechanic else SupportData(reason=_checked(reason))
        kind = EventKind.SUPPORT_ASSIGNED if mechanic else EventKind.SUPPORT_HANDED_OVER
        _note(state, kind, who, data, now, token)
        if state.session.state != State.HANDING_OVER:
            substitutes.search(state, substitutes.Why.BY_SUPPORT, at=now, who=who)
        if mechanic:
            _assign(state, mechanic, who, now)
        return state.session


def give_time(
    *, session_id: UUID, by: User, seconds: int, reason: str, now: datetime, token: UUID | None = None
) -> Session:
    """Extend the session for free, up to the maximum length of a session.

    If the used share is charged, the free time is used last and costs nothing: it has no payment.
    """
    with session_transaction(session_id, now) as state:
        who = _support(by, state.session)
        if _done(state.session, token):
            return state.session
        if not SHORTEST_GIFT <= seconds <= LONGEST_GIFT:
            raise Refused("invalid", _("You can give one minute to one hour at a time."), 422)
        if seconds > (room := _room(state.session, now)):
            raise Refused("too_long", _too_long(room))
        data = GiftData(reason=_checked(reason), seconds=seconds)
        _note(state, EventKind.SUPPORT_EXTENDED, who, data, now, token)
        fair_clock.extend_clock(state.session, seconds, now)
        facts = ExtensionData(extension=Extension(id=None, seconds=seconds, stands="given"))
        state.session.clock_seq = event_log.append_event(
            state.session, EventKind.SESSION_EXTENDED, at=now, by=who, data=facts
        ).seq
        return state.session


def send_message(
    *, session_id: UUID, by: User, text: str, to: str, now: datetime, token: UUID | None = None
) -> SessionEvent:
    """Send a message of support to both participants or to one. An absent participant also gets a mail."""
    with session_transaction(session_id, now) as state:
        who = _support(by, state.session)
        if done := _done(state.session, token):
            return done
        if to not in READERS:
            raise Refused("invalid", _("Choose a recipient."), 422)
        if to == event_log.Audience.MECHANIC and state.session.mechanic is None:
            raise Refused("no_mechanic", _("No mechanic has this session."))
        event = _say(state, _checked(text, LONGEST_MESSAGE), to, who, now, token)
        for person, seat in ((state.session.customer, state.customer), (state.session.mechanic, state.mechanic)):
            if person and to in (event_log.Audience.BOTH, seat.role) and not seat.page_open:
                send_session_mail(person, state, "support_wrote", now=now)
        return event


def note(
    *, session_id: UUID, by: User, kind: EventKind, reason: str, now: datetime, token: UUID | None = None
) -> SessionEvent | None:
    """Log an act of support outside the session. Returns None if this form was already logged."""
    with session_transaction(session_id, now) as state:
        who = _support(by, state.session)
        if _done(state.session, token):
            return None
        return _note(state, kind, who, SupportData(reason=_checked(reason)), now, token)


def add_note(*, session_id: UUID, kind: EventKind, by: User, data: EventData, now: datetime) -> None:
    """Log an action of support that does not change the session. Raises `Session.DoesNotExist`."""
    with session_transaction(session_id, now) as state:
        who = event_log.Actor(by.id, Role.SUPPORT.value, by.name)
        event_log.append_event(state.session, kind, at=now, by=who, audience=event_log.Audience.SUPPORT, data=data)


def closing_reason(session: Session) -> str:
    """Return support's reason for ending or canceling the session; empty if someone else closed it."""
    if session.end_reason not in {EndReason.ENDED_BY_SUPPORT, EndReason.CANCELLED_BY_SUPPORT}:
        return ""
    kinds = (EventKind.SUPPORT_ENDED, EventKind.SUPPORT_CANCELLED)
    last = SessionEvent.objects.filter(session=session, kind__in=kinds).order_by("-seq").first()
    return last.data_as(SupportData)["reason"] if last else ""


@contextmanager
def _unless_busy() -> Iterator[None]:
    """A database constraint decides when the mechanic takes another session at the same moment."""
    try:
        yield
    except IntegrityError as error:
        sentence = _("This mechanic has just taken another session. Choose another mechanic.")
        raise Refused("already_in_session", sentence) from error


def _assignment(mechanic: User, reason: str) -> AssignmentData:
    return AssignmentData(reason=_checked(reason), mechanic=mechanic.name)


def _assign(state: SessionState, mechanic: User, who: event_log.Actor, now: datetime) -> None:
    transitions.assign_mechanic(state, mechanic, at=now, who=who)
    send_session_mail(mechanic, state, "assigned", now=now)


def _eligible(session: Session, mechanic_id: UUID, now: datetime) -> User:
    """The mechanic, who may have this request. Raises `Refused` in words for support."""
    mechanic = User.objects.filter(id=mechanic_id).first()
    if mechanic is None:
        raise Refused("not_free", _("There is no such mechanic. Choose another mechanic."))
    if why := why_not_eligible(session, mechanic, now):
        choose = _("Choose another mechanic.")
        raise Refused("not_free", f"{str(OBSTACLES[why]) % {'name': mechanic.name}} {choose}")
    return mechanic


def _support(by: User, session: Session) -> event_log.Actor:
    who = event_log.actor(by, session)
    if who.role != Role.SUPPORT:
        raise Refused("not_support", _("Only support can do this."), 403)
    return who


def _done(session: Session, token: UUID | None) -> SessionEvent | None:
    """Return the result of the same form when it was already submitted."""
    return SessionEvent.objects.filter(session=session, client_id=token).first() if token else None


def _say(
    state: SessionState, text: str, to: str, who: event_log.Actor, now: datetime, token: UUID | None = None
) -> SessionEvent:
    return event_log.append_event(
        state.session,
        EventKind.MESSAGE_POSTED,
        at=now,
        by=who,
        audience=event_log.Audience(to),
        data=MessageData(text=text),
        client_id=token,
    )


def _note(
    state: SessionState,
    kind: EventKind,
    who: event_log.Actor,
    data: SupportData,
    now: datetime,
    token: UUID | None,
) -> SessionEvent:
    own = event_log.Audience.SUPPORT
    return event_log.append_event(state.session, kind, at=now, by=who, audience=own, data=data, client_id=token)


def _checked(words: str, longest: int = LONGEST_REASON) -> str:
    written = visible_text(words)
    if not written:
        raise Refused("no_reason", _("Enter a reason. A few words are enough."), 422, field="reason")
    if len(written) > longest:
        raise Refused("too_long", _("This is too long. The limit is %d characters.") % longest, 422, field="reason")
    return written


def _room(session: Session, now: datetime) -> int:
    """Return the seconds that support can give. A pending extension keeps its place."""
    pending = ledger.pending_extension(session.id)
    return max(0, extensions.seconds_until_cap(session, now) - (pending.seconds if pending else 0))


def _too_long(room: int) -> str:
    if not room:
        return _("You can extend a session only while it is running, and only up to the maximum length.")
    return _("This exceeds the maximum length of a session. %d minutes are left.") % (room // 60)
