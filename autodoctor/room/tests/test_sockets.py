"""The hub's view of a session, with news in any order."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from autodoctor.accounts.models import User
from autodoctor.room.hub import sockets
from autodoctor.room.hub.event_bus import EventBus
from autodoctor.room.hub.notes import Heartbeat, Poke, Row
from autodoctor.room.hub.sockets import Hub, Room
from autodoctor.room.wire import protocol
from autodoctor.sessions.event_data import PersonPayload, SessionPayload
from autodoctor.sessions.models import Session

NOBODY = {"customer": "away", "mechanic": "away"}


@dataclass(eq=False)
class Seat:
    """A socket, as far as the room knows one."""

    user_id: str
    role: str = "mechanic"
    session_id: str = "s"
    page: str = ""
    served: int = 0
    joined: int = 0
    join_number: int = 0
    opening: tuple[int, float] = (0, 0.0)
    codes: list[int] = field(default_factory=list)

    def follow(self, poke: Poke) -> None:
        self.served = poke.seq

    def push(self, frame: bytes) -> None: ...

    def hint(self, frame: bytes) -> None: ...

    def close(self, code: int) -> None:
        self.codes.append(code)

    def step_aside(self) -> None:
        self.joined = 0

    def move_away(self) -> None:
        self.close(protocol.REPLACED)


@pytest.fixture
def hub() -> Hub:
    return Hub(EventBus())


def session(mechanic: str | None) -> SessionPayload:
    shown = Session(id=UUID(int=1), customer=User(id=UUID(int=2), name="Casey")).payload()
    shown["mechanic"] = PersonPayload(id=mechanic, name=mechanic.title()) if mechanic else None
    return shown


def news(seq: int, mechanic: str | None) -> Poke:
    return Poke("s", seq, (Row(seq, "both", b"{}", session(mechanic)),))


def enter(hub: Hub, seat: Seat, seq: int, mechanic: str | None) -> Room:
    return hub.enter(seat, session=session(mechanic), seq=seq, presence=NOBODY)


def test_a_late_poke_neither_closes_the_new_mechanic_nor_stays_in_the_room(hub: Hub) -> None:
    newcomer = Seat("anna")
    room = enter(hub, newcomer, 12, "anna")
    room.follow(news(11, None))  # released: published after the acceptance that followed it
    assert newcomer.codes == []
    assert room.session == session("anna")


def test_the_socket_of_a_mechanic_who_released_the_request_is_closed(hub: Hub) -> None:
    first, customer = Seat("bert"), Seat("carl", role="customer")
    room = enter(hub, first, 10, "bert")
    enter(hub, customer, 10, "bert")
    room.follow(news(11, None))
    room.follow(news(12, "anna"))
    assert set(first.codes) == {protocol.NOT_FOUND}
    assert customer.codes == []
    assert room.session == session("anna")


def test_an_admission_with_an_older_state_does_not_restore_it(hub: Hub) -> None:
    room = enter(hub, Seat("carl", role="customer"), 10, "bert")
    room.follow(news(11, None))
    late = Seat("bert")
    enter(hub, late, 10, "bert")
    assert late.codes == [protocol.NOT_FOUND]
    assert room.session == session(None)


def test_a_new_socket_brings_a_newer_session_state_than_the_room_has(hub: Hub) -> None:
    room = enter(hub, Seat("carl", role="customer"), 10, None)
    room.follow(Poke("s", 12))  # by a beat that brings no rows
    newcomer = Seat("anna")
    assert enter(hub, newcomer, 12, "anna").session == session("anna")
    assert newcomer.codes == []


def test_the_page_that_asked_last_keeps_the_call_in_whichever_order_joins_are_written(hub: Hub) -> None:
    first, last = Seat("carl", role="customer", joined=1), Seat("carl", role="customer", joined=2)
    room = enter(hub, first, 10, "bert")
    enter(hub, last, 10, "bert")
    first.step_aside()  # when the other page asked
    assert room.take_call(last, 5) is last
    assert room.take_call(first, 6) is last
    room.note_joins("carl", 6)  # as a heartbeat reads it
    assert last.joined
    room.note_joins("carl", 7)  # elsewhere
    assert not last.joined


async def test_a_heartbeat_wakes_only_rooms_that_missed_a_poke() -> None:
    bus = EventBus()
    bus.open(asyncio.get_running_loop())
    hub, pokes = Hub(bus), list[Poke]()
    bus.listen(Poke, pokes.append)
    enter(hub, Seat("anna", served=7), 7, "anna")
    bus.publish(Heartbeat("s", 7), Heartbeat("elsewhere", 9))
    await asyncio.sleep(0)
    assert pokes == []
    bus.publish(news(8, "anna"), Heartbeat("s", 8))  # the poke was only on its way
    await asyncio.sleep(0)
    bus.publish(Heartbeat("s", 9))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert pokes == [news(8, "anna"), Poke("s", 9)]


async def test_pages_whose_log_became_shorter_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup took the database's place: what the pages show is not there any more, and its numbers come again."""
    monkeypatch.setattr(sockets, "ON_ITS_WAY_SECONDS", 0)
    bus, reaches = EventBus(), {"shorter": 7, "as it was": 9, "longer": 12}
    bus.open(asyncio.get_running_loop())
    hub = Hub(bus)
    seats = {id_: Seat("carl", role="customer", session_id=id_, served=9) for id_ in (*reaches, "gone")}
    for seat in seats.values():
        enter(hub, seat, 9, None)
    monkeypatch.setattr(sockets, "read_positions", lambda ids: [Heartbeat(id_, reaches[id_]) for id_ in reaches])
    await hub.compare()
    assert {id_ for id_, seat in seats.items() if seat.codes == [protocol.GOING_AWAY]} == {"shorter", "gone"}
