"""From draft to the running session: every change of state, each inside `session_transaction`. Its end: `endings.py`.

Every action raises `Session.DoesNotExist` for a stranger, `InvalidTransition` if the state forbids it, and `Refused`
with a sentence for anything else. Repeating a finished action returns its result.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from autodoctor.accounts import favorites
from autodoctor.accounts.actions import forget_misses, switch_off
from autodoctor.accounts.models import Role, User
from autodoctor.core import acting
from autodoctor.core.errors import Refused
from autodoctor.payments import ledger
from autodoctor.sessions.event_data import AttendanceData, ClockData, EventData, ReleaseData
from autodoctor.sessions.lifecycle import attendance, fair_clock, private_requests
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import NeededSkill, Participant, Session
from autodoctor.sessions.notify import mail
from autodoctor.sessions.queries import eligibility
from autodoctor.sessions.queries.private_requests import Ask
from autodoctor.sessions.record import event_log, participants
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import schedule, settlement, triggers
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import (
    ATTENDED,
    CLAIMED,
    RUNNING,
    TERMINAL,
    EventKind,
    InvalidTransition,
    Kind,
    State,
    check,
)
from autodoctor.skills.queries import needed_for
from autodoctor.trouble_codes.reading import codes_in

# What taking a request leads to: the state, the event that tells it, and the customer's mail.
ACCEPTED = (State.ACCEPTED, EventKind.SESSION_ACCEPTED, "accepted")
GOES_ON = (State.RECONNECTING, EventKind.SESSION_TAKEN_OVER, "taken_over")


@dataclass(frozen=True)
class PlanTerms:
    """The terms of a plan, as values: `seconds` of session time, prices in integer cents."""

    slug: str
    name: str
    kind: str
    seconds: int
    price_cents: int
    # Of a call: price and seconds if the customer chooses chat before the start.
    chat_price_cents: int | None = None
    chat_seconds: int | None = None
    currency: str = "usd"


def create_draft(
    *,
    customer: User,
    terms: PlanTerms,
    vehicle: dict[str, Any],
    concern: str,
    keep_card: bool,
    now: datetime,
    trouble_codes: str = "",
    intake_token: UUID | None = None,
    ask: Ask | None = None,
) -> Session:
    """A session that is not paid yet, and the payment that will hold its price. `trouble_codes` is as typed,
    `intake_token` names the form that was filled in.
    """
    session = _on_terms(
        terms,
        now,
        customer=customer,
        vehicle=vehicle,
        concern=concern,
        trouble_codes_typed=trouble_codes,
        trouble_codes=[str(code) for code in codes_in(trouble_codes)],
        keep_card=keep_card,
        intake_token=intake_token,
        **({"asked_for": ask.mechanic, "asked_only": ask.only, "asked_until": ask.until} if ask else {}),
    )
    needed = needed_for(make=str(vehicle.get("make") or ""), codes=session.trouble_codes)
    with transaction.atomic():
        session.save(force_insert=True)
        NeededSkill.objects.bulk_create(NeededSkill(session=session, skill=skill) for skill in needed)
        Participant.objects.create(session=session, user=customer, role=Role.CUSTOMER)
        _open_booking(session, terms, now)
        schedule.align_deadlines(participants.load_state(session, now), {})
    return session


def _open_booking(session: Session, terms: PlanTerms, now: datetime) -> None:
    ledger.open_booking(
        owner_id=session.id,
        payer=session.customer,
        amount_cents=terms.price_cents,
        currency=terms.currency,
        seconds=terms.seconds,
        description=terms.name,
        keep_card=session.keep_card,
        now=now,
    )


def _on_terms(terms: PlanTerms, now: datetime, **intake: Any) -> Session:
    """Return a new session, which is not saved."""
    return Session(
        id=uuid4(),
        kind=terms.kind,
        plan_slug=terms.slug,
        plan_name=terms.name,
        price_cents=terms.price_cents,
        chat_price_cents=terms.chat_price_cents,
        chat_seconds=terms.chat_seconds,
        currency=terms.currency,
        granted_seconds=terms.seconds,
        waiver_at=now,
        created_at=now,
        state_at=now,
        payable_until=now + duration("checkout"),
        **intake,
    )


def extend_payable_until(*, session_id: UUID, until: datetime, now: datetime) -> Session:
    """A Checkout was opened that can be paid until then: the draft waits for it."""
    with session_transaction(session_id, now) as state:
        if state.session.state == State.DRAFT:
            state.session.payable_until = max(state.session.payable_until, until)
        return state.session


def admit_request(*, session_id: UUID, now: datetime) -> Session:
    """Put a request with a placed hold into the queue. If the payment came too late, release the hold instead."""
    with session_transaction(session_id, now) as state:
        if state.session.state == State.DRAFT:
            enter_queue(state, now)
        elif state.session.state in TERMINAL:
            settle_payments(state.session, now)
        return state.session


def enter_queue(state: SessionState, now: datetime) -> None:
    """Show the request to all mechanics, or first to the one whom the customer asked for."""
    state.session.requested_at = now
    state.session.unattended_at = now + duration("unattended")
    if state.session.asked_for_id:
        private_requests.begin(state, now)
    enter_state(state, State.REQUESTED, EventKind.SESSION_REQUESTED, at=now)
    if state.session.private_until and state.session.private_until > now:
        private_requests.announce(state, now)
    elif not state.session.asked_only:
        mail.send_session_mail(state.session.customer, state, "requested", now=now)


@acting.system
def accept_request(*, session_id: UUID, mechanic: User, now: datetime) -> Session:
    """Claim a request for an approved mechanic. A database constraint decides between two mechanics."""
    try:
        with session_transaction(session_id, now) as state:
            if state.session.mechanic_id == mechanic.id and state.session.state in CLAIMED:
                return state.session
            eligibility.check_claim(state.session, mechanic, now)
            assign_mechanic(state, mechanic, at=now)
            forget_misses(mechanic)
            favorites.do_not_tell(customer=state.session.customer, mechanic_id=mechanic.id)
            return state.session
    except IntegrityError as error:
        raise eligibility.already_in_session() from error


def assign_mechanic(state: SessionState, mechanic: User, *, at: datetime, who: event_log.Actor | None = None) -> None:
    """Give the session to this mechanic, by acceptance or by `who`. Raises IntegrityError if the mechanic has another
    session.
    """
    goes_on = state.session.state == State.HANDING_OVER
    state.session.mechanic = mechanic
    state.session.accepted_at = state.session.accepted_at if goes_on else at
    state.mechanic.part = Participant.objects.create(session=state.session, user=mechanic, role=Role.MECHANIC)
    target, kind, template = GOES_ON if goes_on else ACCEPTED
    enter_state(state, target, kind, at=at, who=who or event_log.actor(mechanic, state.session))
    state.session.save()  # saved first, so that a second claim fails before other effects
    mail.send_session_mail(state.session.customer, state, template, now=at)


def check_party(who: event_log.Actor) -> None:
    """Raise `Refused` for support, whose every act has a reason (`support_actions`)."""
    if who.role == Role.SUPPORT:
        raise Refused("no_reason", _("Support does this on the support desk, with a reason."), 422, field="reason")


def release_by_deadline(state: SessionState, reason: str, at: datetime) -> None:
    """Release a mechanic who did not join or did not start, and turn "taking sessions" off."""
    if state.session.mechanic:
        switch_off(state.session.mechanic, at)
    release_mechanic(state, reason, at=at)


def release_unstarted(state: SessionState, at: datetime) -> None:
    """Release the mechanic if both were in and the session did not start. A call that never connected is no miss."""
    if state.session.kind != Kind.CHAT and not state.is_connected:
        release_mechanic(state, "no_media", at=at)
    else:
        release_by_deadline(state, "not_started", at)


def release_mechanic(state: SessionState, reason: str, *, at: datetime, who: event_log.Actor | None = None) -> None:
    """Take the session from the mechanic and put the request at the front of the queue."""
    session = state.session
    if session.mechanic is None:  # a draft becomes a request by payment only
        raise InvalidTransition(session.state, State.REQUESTED)
    check(session.state, State.REQUESTED)
    freed = attendance.vacate(state, reason, at=at, who=who)
    session.released_at = at
    private_requests.after_release(session, at=at, who=who)
    session.unattended_at = max(filter(None, [session.unattended_at, at + duration("unattended_after_release")]))
    data = ReleaseData(reason=reason, released=str(freed))
    enter_state(state, State.REQUESTED, EventKind.SESSION_RELEASED, at=at, who=who, data=data)
    if not session.is_private:
        mail.send_session_mail(session.customer, state, "released", now=at)


def join_session(*, session_id: UUID, user: User, now: datetime) -> int:
    """ "Join Session": mark the participant as in. Both in makes the session `waiting`; a return resumes the clock.

    Return how often the participant has joined, this time included: the order of their pages over all processes.
    """
    with session_transaction(session_id, now) as state:
        who = event_log.actor(user, state.session)
        if who.role == Role.SUPPORT:
            raise Refused("not_a_party", _("Only the customer and the mechanic can do this."), 403)
        if state.session.state not in ATTENDED:
            raise InvalidTransition(state.session.state, State.WAITING)
        seat = state.seat(who.role)
        if (noticed_at := triggers.missing_at(state, who.role)) and noticed_at <= now:
            record_missing(state, who.role, at=noticed_at, now=now)
        if seat.part:
            _take_seat(state, seat.part, who, now)
        return seat.part.joins if seat.part else 0


def _take_seat(state: SessionState, part: Participant, who: event_log.Actor, now: datetime) -> None:
    """Set the sign of life to now. If no page is open after all, the absence counts from here."""
    came_back = not part.present
    if came_back:
        fair_clock.keep_offer(state, now)
        attendance.come_in(part, now)
        state.session.search_at = None if part.role == Role.MECHANIC else state.session.search_at
    part.present = True
    part.joins += 1
    part.joined_at, part.last_seen_at, part.missed_at = part.joined_at or now, now, None
    part.save()
    if came_back:
        _attend(state, EventKind.PARTICIPANT_JOINED, who, now)


def record_page_closed(*, session_id: UUID, user_id: UUID, at: datetime, now: datetime) -> None:
    """Record that a page closed at `at` and its row is gone. Without another page the absence counts from then."""
    with session_transaction(session_id, now) as state:
        for seat in (state.customer, state.mechanic):
            if seat.part and seat.part.user_id == user_id:
                seat.part.last_seen_at = max(at, seat.part.last_seen_at or at)
                if not seat.joined_page:
                    seat.part.receiving = seat.part.receiving_at = None
                seat.part.save(update_fields=["last_seen_at", "receiving", "receiving_at"])
        state.listen()


def record_missing(state: SessionState, role: str, at: datetime, now: datetime) -> None:
    """Record once that a joined participant is missing. The clock pauses from their last sign of life."""
    part, gone_since = state.seat(role).part, state.seat(role).gone_since
    if part is None or gone_since is None:
        return
    attendance.leave(part, gone_since)
    part.present, part.last_seen_at, part.missed_at = False, gone_since, now
    part.save()
    is_theirs = state.seat(role).lapsed_at is None  # else a server process died
    if role == Role.MECHANIC and is_theirs and state.session.state in RUNNING:
        fair_clock.count_drop(state.session, now)
    _attend(
        state, EventKind.PARTICIPANT_LEFT, event_log.Actor(part.user_id, part.role, part.user.name), at, leaving=role
    )


def _attend(state: SessionState, kind: EventKind, who: event_log.Actor, at: datetime, leaving: str = "") -> None:
    """Follow a change of presence: set state and clock by who is in."""
    both_in = state.customer.is_in and state.mechanic.is_in
    target = _state_by_attendance(State(state.session.state), both_in=both_in)
    clock_moves = fair_clock.follow_presence(state, at, leaving) if state.session.state in RUNNING else []
    data, is_drop = AttendanceData(role=who.role), bool(leaving) and state.session.state in RUNNING
    mark = mail.count_fact(state, triggers.DROP, at) if is_drop else mail.UNMARKED
    if target == state.session.state:
        event_log.append_event(state.session, kind, at=at, by=who, data=data, **mark)
    else:
        enter_state(state, target, kind, at=at, who=who, data=data, mark=mark)
        if target == State.WAITING:
            event_log.append_event(state.session, EventKind.SESSION_WAITING, at=at)
    for move in clock_moves:
        state.session.clock_seq = event_log.append_event(state.session, move, at=at).seq


def _state_by_attendance(state: State, *, both_in: bool) -> State:
    if state == State.HANDING_OVER:
        return state
    if state in RUNNING:
        return State.LIVE if both_in else State.RECONNECTING
    return State.WAITING if both_in else State.ACCEPTED


def end_spent_pause(state: SessionState, at: datetime) -> None:
    """Resume the clock when the customer's pause allowance is used up, even if a participant is still missing."""
    fair_clock.resume_clock(state.session, at)
    state.session.clock_seq = event_log.append_event(
        state.session, EventKind.SESSION_RESUMED, at=at, data=ClockData(why="pause_spent")
    ).seq


def start_session(*, session_id: UUID, by: User, now: datetime) -> Session:
    """ "Start Session": the mechanic starts once both are in and, in a call, hear each other. The clock starts now."""
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.MECHANIC:
            raise Refused("not_the_mechanic", _("Only the mechanic can start the session."), 403)
        if session.state in RUNNING:
            return session
        check(session.state, State.LIVE)
        if session.kind != Kind.CHAT and not state.is_connected:
            raise Refused("no_media", _("Sound and picture are not connected yet. Wait a moment, or use the chat."))
        fair_clock.start_clock(session, now)
        enter_state(state, State.LIVE, EventKind.SESSION_STARTED, at=now, who=who)
        session.clock_seq = session.seq
        return session


def record_payment_event(
    *, session_id: UUID, kind: EventKind, data: EventData, audience: event_log.Audience, now: datetime
) -> None:
    """News from below in the log of its session: of a payment (captured, released, a mismatch), or of a mail."""
    with session_transaction(session_id, now) as state:
        event_log.append_event(state.session, kind, at=now, audience=audience, data=data)


def enter_state(
    current: SessionState,
    state: State,
    kind: EventKind,
    *,
    at: datetime,
    who: event_log.Actor | None = None,
    data: EventData | None = None,
    mark: mail.Mark = mail.UNMARKED,
) -> None:
    """Move the session into a state, and log the event that tells it."""
    check(current.session.state, state)
    current.session.state, current.session.state_at = state, at
    event = event_log.append_event(current.session, kind, at=at, by=who, data=data, **mark)
    current.session.state_seq = event.seq


def settle_payments(session: Session, now: datetime) -> None:
    """Store the amount to capture of each payment, as far as it is known. Unpaid payments are canceled."""
    ledger.finish(owner_id=session.id, due=partial(settlement.amounts_due, session), now=now)
