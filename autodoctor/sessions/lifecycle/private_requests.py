"""A request that is private to one mechanic: it begins with the hold, and is opened to all exactly once, at the latest
at `private_until`. What the customer wants of nobody else ends instead (`endings.end_privacy`).
"""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from autodoctor.accounts import favorites
from autodoctor.accounts.actions import Refused as AccountsRefused
from autodoctor.accounts.models import Role, User
from autodoctor.sessions.event_data import OpenedData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Participant, Session, stamp
from autodoctor.sessions.notify import mail
from autodoctor.sessions.queries.private_requests import (
    Availability,
    availability,
    left_alone,
    private_to,
    private_until,
)
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import EventKind

PASSED, AWAY, TIME, ASKED_EVERYBODY = "passed", "away", "time", "asked_everybody"  # why a request was opened
PRESSES = frozenset({PASSED, ASKED_EVERYBODY})  # what mechanic and customer may press while it is private


def begin(state: SessionState, now: datetime) -> None:
    """Make the request private whose hold is placed now. All mechanics have it for some time after it is opened."""
    session = state.session
    session.private_until = private_until(session, now)
    latest = session.private_until + duration("unattended_after_release")
    session.unattended_at = max(filter(None, [session.unattended_at, latest]))


def announce(state: SessionState, now: datetime) -> None:
    """Mail customer and mechanic that the request waits for the mechanic alone."""
    session = state.session
    if session.asked_for is None:
        return
    facts = {
        "asked": session.asked_for.name,
        "private_until_at": stamp(session.private_until),
        "only": "yes" if session.asked_only else "",
    }
    mail.send_session_mail(session.customer, state, "requested_private", now=now, **facts)
    mail.send_session_mail(session.asked_for, state, "asked_for_you", now=now, **facts)
    promise_news(session, now)


def promise_news(session: Session, now: datetime) -> None:
    """Have a customer who wants nobody else told when the mechanic is back. Full lists stay as they are."""
    asked = session.asked_for
    if asked and session.asked_only and availability(asked, now) is not Availability.FREE:
        with suppress(AccountsRefused):
            favorites.tell_when_back(customer=session.customer, mechanic=asked, now=now)


def pass_on(state: SessionState, by: User, now: datetime) -> None:
    """The mechanic who was asked for passes. It is no missed request, and they do not see this one again."""
    part = Participant.objects.create(
        session=state.session,
        user=by,
        role=Role.MECHANIC,
        released_at=now,
        release_reason=PASSED,
        released_by=Role.MECHANIC.value,
    )
    state.released.append(part)
    give_up(state, PASSED, at=now)


def give_up(state: SessionState, why: str, *, at: datetime) -> None:
    """The mechanic will not come: open the request, or have one that is theirs only end by its rule now."""
    if state.session.asked_only:
        state.session.private_until = at
    else:
        open_to_all(state, why, at=at)


def open_to_all(state: SessionState, why: str, *, at: datetime, who: event_log.Actor | None = None) -> None:
    """Show the request to all mechanics. Support is asked to look, and the customer to wait, as in a new queue."""
    session = state.session
    session.private_until, session.asked_only, session.opened_at = None, False, at
    session.unattended_at = max(filter(None, [session.unattended_at, at + duration("unattended_after_release")]))
    event = event_log.append_event(
        session,
        EventKind.SESSION_OPENED,
        at=at,
        by=who,
        audience=event_log.Audience.CUSTOMER,
        data=OpenedData(why=why),
    )
    session.state_at, session.state_seq = at, event.seq


def after_release(session: Session, *, at: datetime, who: event_log.Actor | None) -> None:
    """A mechanic was released: the request is everybody's, or ends by its rule if the customer wants nobody else."""
    wants_another = who is not None and who.role == Role.CUSTOMER
    session.asked_only = session.asked_only and not wants_another
    session.private_until = at if session.asked_only else None


def mechanic_left(*, mechanic_id: UUID, left_at: datetime, now: datetime) -> None:
    """A mechanic stopped taking sessions, or was shut out: nothing waits for them any longer."""
    mechanic = User.objects.filter(pk=mechanic_id).first()
    if mechanic and availability(mechanic, now) is Availability.FREE:
        return  # back meanwhile
    _open_all(private_to(mechanic_id, asked_before=left_at), now)


def open_left_alone(now: datetime) -> int:
    """Open what waits for somebody who is no mechanic any more, however that came about. Returns how many."""
    return _open_all(left_alone(), now)


def _open_all(session_ids: list[UUID], now: datetime) -> int:
    for session_id in session_ids:
        with session_transaction(session_id, now) as state:
            if state.session.is_private:
                give_up(state, AWAY, at=now)
    return len(session_ids)
