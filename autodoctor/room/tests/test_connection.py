"""A socket's buffer, and the end of its page."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.room.hub import authentication
from autodoctor.room.hub.joins import joiner
from autodoctor.room.hub.notes import Poke, Relay, Row
from autodoctor.room.hub.presence import Joined, Left, SessionAdmission, presence
from autodoctor.room.hub.sockets import as_row, hub
from autodoctor.room.socket.session_socket import Socket
from autodoctor.room.tests.live_session import cookie
from autodoctor.room.wire import connection, executor, protocol
from autodoctor.room.wire.connection import MUCH
from autodoctor.room.wire.uvicorn_protocol import WIRE
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.models import Connection, Process, Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import InvalidTransition, State
from tests.kit.waiting import PATIENCE, until

if TYPE_CHECKING:
    from autodoctor.room.messages.writer import Writer

pytestmark = pytest.mark.django_db(transaction=True)
NASTY = "\x01" * 4000  # six characters each on the wire


class Reader:
    """The other end: takes everything whenever the server waits for it, or nothing at all."""

    def __init__(self, *, reads: bool = True) -> None:
        self.reads = reads
        self.waiting = 0
        self.most = 0
        self.seqs: list[int] = []
        self.closed: list[int] = []

    def push(self, *payloads: bytes) -> int:
        for payload in payloads:
            frame = orjson.loads(payload)
            if frame["type"] == "event":
                self.seqs.append(frame["seq"])
            self.waiting += len(payload)
        self.most = max(self.most, self.waiting)
        return self.waiting

    async def drained(self) -> None:
        if not self.reads:
            await asyncio.Event().wait()
        self.waiting = 0

    def hang_up(self) -> None: ...

    async def send(self, message: dict[str, Any]) -> None:
        self.closed.append(message["code"])


async def receive() -> dict[str, Any]:
    return {"type": "websocket.disconnect"}


def let_in(session: Session, user: User) -> SessionAdmission:
    key, now = cookie(user), timezone.now()
    (answer,) = authentication.authenticate([(key, session.id)], now)
    assert answer.guest is not None
    assert answer.place is not None
    process = Process.objects.create(host="", pid=1, renewed_at=now, expires_at=now + timedelta(hours=1))
    page = Connection.objects.create(process=process, session=session, user=user, role=answer.place.role, opened_at=now)
    return SessionAdmission(answer.guest, answer.place, page.id)


def enter(admission: SessionAdmission, reader: Reader) -> Socket:
    scope = {"query_string": b"", "extensions": {WIRE: reader}, "headers": []}
    socket = Socket(scope, receive, reader.send, admission.place.session.id, admission)
    socket.enter(admission, "")
    return socket


async def until_beside(happened: Callable[[], bool]) -> None:
    """Like `until`, without blocking the event loop."""
    await asyncio.to_thread(until, happened)


@pytest.fixture
def long_log(session: Session, customer: User, writer: "Writer") -> Session:
    say_much(session, customer, writer)
    return session


def say_much(session: Session, by: User, writer: "Writer") -> None:
    """200 messages, 5 MB on the wire."""
    ids = {"session_id": str(session.id), "user_id": str(by.id)}
    for post in [writer.post(**ids, client_id=str(uuid4()), text=NASTY) for _ in range(200)]:
        post.result(timeout=PATIENCE)


@pytest.fixture(autouse=True)
def no_join_goes_on() -> Iterator[None]:
    """Nobody joins while the database is emptied."""
    yield
    joiner.stop()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Record presence's notes instead of acting on them."""
    heard: list[object] = []
    monkeypatch.setattr(presence, "tell", heard.append)
    return heard


def test_a_page_that_reconnects_to_a_long_log_is_served_as_fast_as_it_reads(
    long_log: Session, mechanic: User, told: list[object]
) -> None:
    admission = let_in(long_log, mechanic)

    async def resume() -> Reader:
        socket = enter(admission, reader := Reader())
        await until_beside(lambda: not socket.is_open or len(reader.seqs) == 200)
        socket.leave()
        return reader

    reader = asyncio.run(resume())
    assert reader.seqs == list(range(1, 201))
    assert reader.closed == []
    assert reader.most < MUCH + 30_000


def test_a_flood_of_signals_never_disconnects_a_slow_reader(
    session: Session, mechanic: User, told: list[object]
) -> None:
    """Signals may get lost; events of the log may not."""
    admission, frame = let_in(session, mechanic), protocol.passed("customer", protocol.Signal({"sdp": "x" * 30_000}))

    async def be_flooded() -> tuple[Reader, bool]:
        socket = enter(admission, reader := Reader(reads=False))
        socket.joined = 1
        for _ in range(400):  # 12 MB
            hub._relay(Relay(str(session.id), "mechanic", frame))
        is_open = socket.is_open
        socket.leave()
        return reader, is_open

    reader, is_open = asyncio.run(be_flooded())
    assert is_open
    assert 200_000 < reader.most < MUCH + 40_000


def test_many_events_at_once_are_served_as_fast_as_the_page_reads(
    session: Session, customer: User, mechanic: User, writer: "Writer", told: list[object]
) -> None:
    admission = let_in(session, mechanic)
    say_much(session, customer, writer)
    poke = Poke(str(session.id), 200, tuple(map(as_row, event_log.read_events(session.id, after=0, viewer="mechanic"))))

    async def follow() -> Reader:
        socket = enter(admission, reader := Reader())
        socket.follow(poke)
        await until_beside(lambda: not socket.is_open or len(reader.seqs) == 200)
        socket.leave()
        return reader

    reader = asyncio.run(follow())
    assert reader.seqs == list(range(1, 201))
    assert reader.most < MUCH + 30_000


def test_events_of_a_poke_during_a_read_are_served_after_it(
    session: Session, customer: User, mechanic: User, writer: "Writer", told: list[object]
) -> None:
    """Rows that only the pokes have: read again, the log would not show them."""
    ids = {"session_id": str(session.id), "user_id": str(customer.id)}
    for number in range(3):
        writer.post(**ids, client_id=str(uuid4()), text=str(number)).result(timeout=PATIENCE)
    admission = let_in(session, mechanic)
    frame = orjson.dumps({"type": "event", "seq": 0})

    async def follow() -> Reader:
        socket = enter(admission, reader := Reader())
        for seq in (4, 5):
            socket.follow(Poke(str(session.id), seq, (Row(seq, "both", frame.replace(b"0", b"%d" % seq)),)))
        await until_beside(lambda: len(reader.seqs) == 5)
        socket.leave()
        return reader

    assert asyncio.run(follow()).seqs == [1, 2, 3, 4, 5]


def test_a_client_that_stops_reading_is_disconnected(
    long_log: Session, mechanic: User, told: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.05)

    admission = let_in(long_log, mechanic)

    async def stop_reading() -> Reader:
        socket = enter(admission, reader := Reader(reads=False))
        await until_beside(lambda: reader.closed != [])
        socket.leave()
        return reader

    assert asyncio.run(stop_reading()).closed == [protocol.TOO_SLOW]


def test_a_page_counts_as_joined_once_the_session_says_so(
    session: Session, customer: User, told: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard_by_then: list[list[object]] = []

    def join_session(**_: object) -> int:
        heard_by_then.append(list(told))
        return 1

    monkeypatch.setattr(transitions, "join_session", join_session)

    admission = let_in(session, customer)

    async def join() -> UUID | None:
        socket = enter(admission, Reader())
        socket._take('{"type":"join"}')
        await until_beside(lambda: told != [])
        socket.leave()
        return socket.connection_id

    id_ = asyncio.run(join())
    assert heard_by_then == [[]]
    assert [(type(note), getattr(note, "connection_id", None)) for note in told] == [(Joined, id_), (Left, id_)]
    assert isinstance(told[1], Left)
    assert told[1].joined


def test_a_refused_join_leaves_a_page_that_never_joined(
    session: Session, customer: User, told: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise InvalidTransition(State.COMPLETED, State.WAITING)

    monkeypatch.setattr(transitions, "join_session", refuse)

    admission = let_in(session, customer)

    async def join() -> None:
        socket = enter(admission, Reader())
        socket._take('{"type":"join"}')
        await until_beside(lambda: not socket.joined)
        socket.leave()

    asyncio.run(join())
    (left,) = told
    assert isinstance(left, Left)
    assert not left.joined


def test_a_page_that_closes_while_it_joins_is_recorded_as_left_after_joining(
    session: Session, customer: User, told: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_go_on = threading.Event(), threading.Event()

    def slow(**_: object) -> int:
        began.set()
        may_go_on.wait(PATIENCE)
        return 1

    monkeypatch.setattr(transitions, "join_session", slow)

    admission = let_in(session, customer)

    async def close_on_the_way() -> None:
        socket = enter(admission, Reader())
        socket._take('{"type":"join"}')
        await executor.read(began.wait, 10)
        socket.leave()
        assert told == []
        may_go_on.set()
        await until_beside(lambda: len(told) == 2)

    before = timezone.now()
    asyncio.run(close_on_the_way())
    joined, left = told
    assert isinstance(joined, Joined)
    assert isinstance(left, Left)
    assert left.joined
    assert left.at >= before
    assert hub.room(str(session.id)) is None
