"""Presence: one row per connection of this process. One thread admits people and closes their pages, in batches."""

import logging
from collections.abc import Callable, Container, Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from autodoctor.core import raw_sql
from autodoctor.handover import calls
from autodoctor.room.hub import authentication, lease
from autodoctor.room.hub.authentication import Answer, ConnectedUser, Membership
from autodoctor.room.hub.event_bus import EventBus, Followed, bus
from autodoctor.room.hub.notes import PARTIES, Poke, PresenceChanged, Present, session_in
from autodoctor.room.hub.sockets import hub
from autodoctor.room.wire import executor
from autodoctor.room.wire.batcher import Batcher
from autodoctor.room.wire.loop_inbox import Outcome
from autodoctor.sessions.models import Connection, Session
from autodoctor.sessions.record import participants
from autodoctor.sessions.rules.triggers import duration

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 200
TICK_SECONDS = 0.25
STOP_SECONDS = 5.0
NOBODY = {"customer": "away", "mechanic": "away"}


class Admission(NamedTuple):
    """The answer to a handshake. Without `guest`: not signed in. Without `place`: no part in that session."""

    guest: ConnectedUser | None = None
    place: Membership | None = None
    connection_id: UUID | None = None
    presence: dict[str, str] = NOBODY
    takes_part: bool = False  # this person's phone has the call, and this page takes part with it


class SessionAdmission(NamedTuple):
    """A person who may open a page of a session. `connection_id`: of a participant's page, which counts as presence."""

    guest: ConnectedUser
    place: Membership
    connection_id: UUID | None = None
    presence: dict[str, str] = NOBODY
    takes_part: bool = False


@dataclass(frozen=True, slots=True)
class HandshakeRequest:
    """A socket that asks for admission; to the list feed if it names no session. `is_open`: its client still waits.
    `page` and `attempt`: which page this is, and which of its connections.
    """

    session_key: str
    session_id: UUID | None
    answer: Outcome[Admission]
    is_open: Callable[[], bool] = lambda: True
    page: str = ""
    attempt: int = 0
    connection_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Joined:
    """This page has joined, as its person's join of this number."""

    connection_id: UUID
    joins: int


class Left(NamedTuple):
    """This page closed at `at`. For one page `Left` comes after `Joined`, and after a pending join."""

    connection_id: UUID
    session_id: UUID
    user_id: UUID
    joined: bool
    at: datetime
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Unsure:
    """Presence may have changed in this session. `is_news`: other processes do not know that yet."""

    session_id: UUID
    is_news: bool = False


@dataclass(frozen=True, slots=True)
class Renewal:
    """The lease is due for renewal."""


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """Other processes considered this process dead: its connections count as gone and must reconnect."""


@dataclass(frozen=True, slots=True)
class Later:
    """A person has left and may still come back in time."""


@dataclass(frozen=True, slots=True)
class LeaseEnds:
    """This process is told to end, and its pages come back elsewhere: all at once, not one after the other."""


LATER, LEASE_ENDS = Later(), LeaseEnds()
Item = HandshakeRequest | Joined | Left | Unsure | Renewal | LeaseEnds | Later
Some = TypeVar("Some", bound=Item)


class Presence:
    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._batcher: Batcher[Item] = Batcher(
            "room-presence", self._work, most=MOST_AT_ONCE, retry_seconds=TICK_SECONDS
        )
        self._process_id: UUID | None = None
        self._leaving: list[Left] = []
        self._let_in: list[UUID] = []  # pages of this batch that are written down, and not told yet
        self._unanswered: list[UUID] = []  # those of earlier batches, which were refused after that
        self._closing: list[Future[None]] = []
        bus.listen(Poke, self._notice)
        bus.listen(PresenceChanged, self._notice_elsewhere)
        bus.listen(Followed, self._notice_followed)

    def start(self) -> None:
        """Prepare before the first admission: end dead leases and take a lease for this process."""
        lease.end_the_dead(timezone.now())
        self._process_id = lease.take(timezone.now())

    def stop(self) -> None:
        """End the lease after the last connection closed, so that nobody waits for it to lapse."""
        self._batcher.stop(STOP_SECONDS)
        wait(self._closing, STOP_SECONDS)
        self._batcher.stop(STOP_SECONDS)  # delivers the last notes
        self._end_lease(timezone.now())

    def _end_lease(self, now: datetime) -> None:
        if self._process_id:
            lease.end(self._process_id, now)
            self._process_id = None

    def tell(self, item: Item) -> None:
        """Queue a note. Callable from any thread; returns at once."""
        self._batcher.put(item)

    @property
    def is_crowded(self) -> bool:
        """Return whether more is waiting than one batch takes."""
        return len(self._batcher) > MOST_AT_ONCE

    def check(self, sessions: Iterable[str]) -> None:
        """Read the presence of these sessions anew, in case a note was lost."""
        for session_id in sessions:
            self._batcher.put(Unsure(UUID(session_id)))

    def _notice(self, poke: Poke) -> None:
        """Handle an event that may change presence: joining, leaving, acceptance, release, or a poke without rows."""
        if not poke.rows or any(row.session is not None for row in poke.rows):
            self._batcher.put(Unsure(UUID(poke.session_id)))

    def _notice_elsewhere(self, note: PresenceChanged) -> None:
        if note.server != str(self._process_id) and hub.room(note.session_id):
            self._batcher.put(Unsure(UUID(note.session_id)))

    def _notice_followed(self, note: Followed) -> None:
        """A page may have opened elsewhere before this was followed; where both are in, that changes nothing."""
        for session_id in map(session_in, note.channels):
            room = hub.room(session_id)
            if room and set(room.presence.values()) != {"in"}:
                self._batcher.put(Unsure(UUID(session_id)))

    def _work(self, items: list[Item]) -> list[Item]:
        """Work through one batch. If the database is down, handshakes are refused and notes are kept for later."""
        self._leaving += _only(Left, items)
        self._let_in = []
        try:
            executor.healing(self._do, items)
        except Exception as error:
            logger.exception("Presence could not be written")
            for knock in _only(HandshakeRequest, items):
                knock.answer.set_exception(error)
            self._unanswered += self._let_in
            return [*_only(Joined, items), LATER]
        return [LATER] if self._leaving else []

    def _do(self, items: list[Item]) -> None:
        now = timezone.now()
        if _only(Renewal, items) and self._process_id and not lease.renew(self._process_id, now):
            self._start_over(now)
        admissions = self._admit(_waiting(_only(HandshakeRequest, items)), now)
        joined = {item.connection_id: item.joins for item in _only(Joined, items)}
        Connection.objects.filter(pk__in=joined).update(joined=True)
        calls.note_joins(joined)
        if _only(LeaseEnds, items):
            self._end_lease(now)
        self._withdraw(now)
        self._see_off(now)
        self._tell_presence(items, admissions, now)

    def _start_over(self, now: datetime) -> UUID:
        self._process_id = lease.take(now)
        self._bus.deliver(LeaseLost())
        return self._process_id

    def _admit(self, knocks: list[HandshakeRequest], now: datetime) -> list[tuple[HandshakeRequest, Admission]]:
        if not knocks:
            return []
        answers = authentication.authenticate(((knock.session_key, knock.session_id) for knock in knocks), now)
        filming = calls.filming({answer.place.session.id for answer in answers if answer.place}, now)
        admissions = [
            (knock, _admission(knock, answer, filming)) for knock, answer in zip(knocks, answers, strict=True)
        ]
        self._open_pages(admissions, now)
        return admissions

    def _open_pages(self, admissions: list[tuple[HandshakeRequest, Admission]], now: datetime) -> None:
        try:
            _insert(admissions, self._process_id or self._start_over(now), now)
        except IntegrityError:  # our lease is not there any more
            _insert(admissions, self._start_over(now), now)
        self._let_in = [knock.connection_id for knock, _admission in admissions]

    def _withdraw(self, now: datetime) -> None:
        """A page that was let in when the database went away was told that it was not: it is gone, like one that
        closes. Otherwise its person would be here as long as this process.
        """
        if self._unanswered:
            pages = Connection.objects.filter(pk__in=self._unanswered)
            columns = pages.values_list("pk", "session_id", "user_id", "joined")
            self._leaving += [Left(*page, at=now, noted_at=now) for page in columns]
            self._unanswered = []

    def _see_off(self, now: datetime) -> None:
        """Close a page. If the person has another page, only the row goes; the person's last page has consequences.

        Checked again after the row is gone: of two processes that close a person's last two pages at once, at least one
        sees that none is left.
        """
        leavers = [left for left in self._leaving if left.noted_at <= now - _reload()]
        if not leavers:
            return
        last = _last(leavers, now)
        covered = [left for left in leavers if left not in last]
        Connection.objects.filter(pk__in=[left.connection_id for left in covered]).delete()
        last += _last(covered, now)
        self._leaving = [left for left in self._leaving if left not in leavers]
        self._closing = [one for one in self._closing if not one.done()]
        self._closing += [executor.later(self._close_last, left) for left in last]

    def _close_last(self, left: Left) -> None:
        """Close a person's last page; repeated until it succeeds, because otherwise nobody would notice the absence."""
        session_id, user_id, now = left.session_id, left.user_id, timezone.now()
        try:
            lease.close_pages([left.connection_id], session_id=session_id, user_id=user_id, at=left.at, now=now)
        except Exception:
            logger.exception("A closed page could not be noted yet")
            self._batcher.put(left._replace(noted_at=now))
        self._batcher.put(Unsure(session_id, is_news=True))

    def _tell_presence(
        self, items: list[Item], admissions: list[tuple[HandshakeRequest, Admission]], now: datetime
    ) -> None:
        """Send presence to the people in the room, then to newcomers in their welcome."""
        sessions = {
            admission.place.session.id: admission.place.session for _, admission in admissions if admission.place
        }
        unsure = {item.session_id for item in _only(Unsure, items)} - sessions.keys()
        found = participants.presence([*sessions.values(), *Session.objects.filter(pk__in=unsure)], now)
        self._bus.deliver(*(Present(str(session_id), presence) for session_id, presence in found.items()))
        news = {item.session_id for item in _only(Unsure, items) if item.is_news}
        # Of those who are in, others know that already.
        news |= {session_id for session_id in sessions if "preparing" in found[session_id].values()}
        self._bus.publish(*(PresenceChanged(str(session_id), str(self._process_id)) for session_id in news))
        for knock, admission in admissions:
            presence = found.get(admission.place.session.id, NOBODY) if admission.place else NOBODY
            knock.answer.set_result(admission._replace(presence=presence))


def _waiting(knocks: list[HandshakeRequest]) -> list[HandshakeRequest]:
    """Return those whose clients still wait. In a rush many have given up and knock again: nothing is done twice."""
    waiting = []
    for knock in knocks:
        if knock.is_open():
            waiting.append(knock)
        else:
            knock.answer.set_result(Admission())
    return waiting


def _admission(knock: HandshakeRequest, answer: Answer, filming: Container[tuple[UUID, UUID]]) -> Admission:
    """Admit a page. Only a participant's page counts as present. `filming`: whose phone has the call."""
    if answer.guest is None or answer.place is None or answer.place.role not in PARTIES:
        return Admission(answer.guest, answer.place)
    takes_part = (answer.place.session.id, answer.guest.user.id) in filming and answer.guest.only is None
    return Admission(answer.guest, answer.place, knock.connection_id, takes_part=takes_part)


def _reload() -> timedelta:
    """A page that closed may just be loading again: it has so long, and well before anybody counts as missing."""
    return min(timedelta(seconds=2), duration("missing_grace") / 2)


def _last(leavers: list[Left], now: datetime) -> list[Left]:
    """Return those whose last page closed; of those who had joined, also those whose last joined page closed."""
    pages = Connection.objects.filter(
        session_id__in={left.session_id for left in leavers},
        user_id__in={left.user_id for left in leavers},
        process__expires_at__gt=now,
    ).exclude(pk__in=[left.connection_id for left in leavers])
    others = set(pages.values_list("session_id", "user_id", "joined")) if leavers else set()
    return [
        left
        for left in leavers
        if not any(
            (left.session_id, left.user_id, joined) in others for joined in ((True,) if left.joined else (True, False))
        )
    ]


class OpenPage(NamedTuple):
    """A row of `Connection`, in a shape that is quickly written."""

    id: UUID
    session_id: UUID
    user_id: UUID
    role: str
    opened_at: datetime
    process_id: UUID
    joined: bool = False
    is_phone: bool = False
    page: str = ""
    attempt: int = 0


def _page(knock: HandshakeRequest, admission: Admission, process_id: UUID, now: datetime) -> OpenPage | None:
    if admission.connection_id is None or admission.guest is None or admission.place is None:
        return None
    guest, place = admission.guest, admission.place
    return OpenPage(
        id=admission.connection_id,
        session_id=place.session.id,
        user_id=guest.user.id,
        role=place.role,
        opened_at=now,
        process_id=process_id,
        joined=admission.takes_part,
        is_phone=guest.only is not None,
        page=knock.page,
        attempt=knock.attempt,
    )


def _insert(admissions: list[tuple[HandshakeRequest, Admission]], process_id: UUID, now: datetime) -> None:
    pages = [page for knock, admission in admissions if (page := _page(knock, admission, process_id, now))]
    with transaction.atomic():
        raw_sql.insert_missing(Connection, OpenPage._fields, pages)


def _only(kind: type[Some], items: Iterable[Item]) -> list[Some]:
    return [item for item in items if isinstance(item, kind)]


presence = Presence(bus)
