"""Presence: derived from the connections of living processes and from what the log last recorded."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from autodoctor.accounts.models import Role, User
from autodoctor.core.raw_sql import rows, rows_beside
from autodoctor.sessions.models import Connection, Participant, Session
from autodoctor.sessions.record import event_log

_CUSTOMER = Session._meta.get_field("customer")


@dataclass
class ParticipantState:
    """One participant: what the log last recorded of them, and their open pages."""

    role: str
    part: Participant | None = None
    page_open: bool = False
    joined_page: bool = False
    lapsed_at: datetime | None = None  # pages of a process that died were last alive then
    is_returning: bool = False  # such a process died just now, and its people are coming back
    is_heard: bool = False  # the other side, whose page is open, says that their media arrive
    heard_until: datetime | None = None  # their media arrive, but they were shut out then: nobody is here by that

    @property
    def is_in(self) -> bool:
        """Return whether the participant has joined and is not recorded as missing."""
        return self.part is not None and self.part.present

    @property
    def gone_since(self) -> datetime | None:
        """Return the last sign of life of a participant who joined, has no joined page now, and is not heard in the
        call.
        """
        return None if self.joined_page or self.is_heard else self.left_at

    @property
    def left_at(self) -> datetime | None:
        """Return the last sign of life: when a page closed, its process died, or the person was shut out of a call."""
        seen = [self.lapsed_at, self.heard_until, self.part.last_seen_at if self.part else None]
        return max(filter(None, seen), default=None)

    @property
    def receives(self) -> bool:
        """Return whether an open page reports that the other participant's media arrive."""
        return self.joined_page and self.part is not None and self.part.receiving is True

    @property
    def status(self) -> str:
        """Return in, preparing or away, as the wire says it."""
        if self.is_in:
            return "in"
        return "preparing" if self.page_open else "away"


@dataclass
class Seats:
    """A session and who is there."""

    session: Session
    customer: ParticipantState = field(default_factory=lambda: ParticipantState(Role.CUSTOMER.value))
    mechanic: ParticipantState = field(default_factory=lambda: ParticipantState(Role.MECHANIC.value))
    released: list[Participant] = field(default_factory=list)  # mechanics who had the session before

    def seat(self, role: str) -> ParticipantState:
        return self.mechanic if role == Role.MECHANIC else self.customer

    @property
    def is_connected(self) -> bool:
        """Return whether both report that the other's media arrive."""
        return self.customer.receives and self.mechanic.receives

    def listen(self) -> None:
        """Derive who is heard from what the other participant receives. Whoever is shut out may send on past us, from
        browser to browser: that does not keep their seat.
        """
        for seat, other in ((self.customer, self.mechanic), (self.mechanic, self.customer)):
            person = self._person(seat.role) if other.receives else None
            seat.is_heard = person is not None and person.is_active
            seat.heard_until = person.banned_at if person and not person.is_active else None

    def _person(self, role: str) -> User | None:
        return self.session.mechanic if role == Role.MECHANIC else self.session.customer


@dataclass
class SessionState(Seats):
    """A session with everything that its deadlines depend on."""

    fired: event_log.Fired = field(default_factory=dict)


def load_seats(session: Session, now: datetime) -> Seats:
    """Return what a page shows of a session's people: it asks for no deadline, so that no log is read."""
    return _seated([session], now)[session.id]


def load_state(session: Session, now: datetime) -> SessionState:
    return load_states([session], now)[session.id]


def load_states(sessions: Iterable[Session], now: datetime) -> dict[UUID, SessionState]:
    """Return the state of each session, in a fixed number of queries."""
    found = _seated(sessions, now)
    for session_id, rules in event_log.fired_rules(found).items():
        found[session_id].fired = rules
    return found


def party_ids(session: Session) -> list[UUID]:
    """Return the ids of the customer and, if there is one, the mechanic."""
    return [user_id for user_id in (session.customer_id, session.mechanic_id) if user_id]


def read_session(session_id: UUID) -> Session:
    """Return the session. Raises `Session.DoesNotExist`."""
    for session in rows(Session, "id = %s", session_id):
        return session
    raise Session.DoesNotExist


def seat_people(sessions: Collection[Session], *known: User) -> None:
    """Give sessions their customers and mechanics, who have their profiles. Who is known is not read again."""
    people = {user.id: user for user in known}
    if missing := {user_id for session in sessions for user_id in party_ids(session)} - people.keys():
        found = rows_beside(User, "mechanic_profile", "accounts_user.id IN (%s)", [*missing])
        people |= {user.id: user for user in found}
    for session in sessions:
        session.customer = people[session.customer_id]
        session.mechanic = people[session.mechanic_id] if session.mechanic_id else None


def _seated(sessions: Iterable[Session], now: datetime) -> dict[UUID, SessionState]:
    found = {session.id: SessionState(session) for session in sessions}
    people = {(s.session.id, user_id): s for s in found.values() for user_id in party_ids(s.session)}
    for part in rows(Participant, "session_id IN (%s)", list(found)):
        if part.released_at:
            found[part.session_id].released.append(part)
        elif situation := people.get((part.session_id, part.user_id)):
            situation.seat(part.role).part = part
    for page in rows_beside(Connection, "process", "session_id IN (%s)", list(found)):
        if situation := people.get((page.session_id, page.user_id)):
            _count(situation.seat(page.role), page, now)
    _listen(found.values())
    return found


def _listen(situations: Collection[SessionState]) -> None:
    heard = [each.session for each in situations if each.customer.receives or each.mechanic.receives]
    if strangers := [session for session in heard if not _CUSTOMER.is_cached(session)]:
        seat_people(strangers)
    for situation in situations:
        situation.listen()


def _count(seat: ParticipantState, page: Connection, now: datetime) -> None:
    if page.process.expires_at > now:
        seat.page_open = True
        seat.joined_page = seat.joined_page or page.joined
    elif page.joined:
        seat.lapsed_at = max(page.process.renewed_at, seat.lapsed_at or page.process.renewed_at)
        seat.is_returning = seat.is_returning or (page.process.awaited_until or now) > now


def presence(sessions: Iterable[Session], now: datetime) -> dict[UUID, dict[str, str]]:
    """Return `{"customer": "in|preparing|away", "mechanic": …}` by session id, like `ParticipantState.status`.

    Asked for every page that opens: two queries of three columns.
    """
    known = {session.id: session for session in sessions}
    found = {id_: {Role.CUSTOMER.value: "away", Role.MECHANIC.value: "away"} for id_ in known}
    pages = Connection.objects.filter(session_id__in=known, process__expires_at__gt=now)
    present = Participant.objects.filter(session_id__in=known, present=True, released_at=None)
    for status, rows_ in (("preparing", pages), ("in", present)):
        for session_id, user_id, role in rows_.values_list("session_id", "user_id", "role") if known else ():
            if user_id in party_ids(known[session_id]):
                found[session_id][role] = status
    return found


def missing_roles(situation: SessionState, left_at: datetime | None = None) -> list[ParticipantState]:
    """Return the missing roles, the first to leave first; at the same moment (an outage) the mechanic first.

    For a participant who leaves at `left_at`: the other counts as missing, too, if they left then or before.
    """

    def counts(seat: ParticipantState) -> bool:
        went = seat.gone_since
        return not seat.is_in or (left_at is not None and went is not None and went <= left_at)

    return sorted(filter(counts, (situation.mechanic, situation.customer)), key=_left)


def _left(seat: ParticipantState) -> float:
    return seat.left_at.timestamp() if seat.left_at else 0.0
