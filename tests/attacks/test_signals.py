"""Hostile signals: against the other side's page, the server's memory, and a page that trusts their content."""

import json
import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Server
from tests.kit.sockets import Frame, Socket, room

BIG = "x" * 30_000  # characters, just below what a signal may hold
MOST_GROWTH = 48 * 1024 * 1024  # bytes of the server's memory, whatever one page sends
AT_ONCE = 200  # signals that a page may send in a burst


def call(server: Server, state: str = "live") -> Talk:
    talk = scene.stage(server, state)
    server.sql("UPDATE autodoctor_sessions_session SET kind = 'video' WHERE id = %s", scene.key(server, talk.id))
    return talk


@pytest.fixture(scope="module")
def talk(server: Server) -> Talk:
    return call(server)


@pytest.fixture
def peer(talk: Talk) -> Iterator[Socket]:
    """The other participant, who must be answered before and after the attack."""
    with talk.open(talk.mechanic) as mechanic:
        is_served(mechanic)
        yield mechanic
        is_served(mechanic)


def is_served(socket: Socket) -> None:
    socket.expect("event", client_id=socket.say("still here"))


def has_joined(socket: Socket) -> Socket:
    """Wait until the frames sent before have been handled."""
    socket.send("ping")
    socket.expect("pong")
    return socket


def signals(socket: Socket) -> list[Frame]:
    """Return all signals received so far."""
    has_joined(socket)
    return [frame for frame in socket.frames if frame["type"] == "signal"]


def test_a_signal_names_its_true_sender_and_goes_to_the_peer_only(talk: Talk, peer: Socket) -> None:
    lie = {"role": "mechanic", "by": {"id": talk.mechanic.id, "role": "support"}, "user_id": talk.mechanic.id}
    data = {"from": str(uuid.uuid4()), "to": None, "hello": True, **lie, "type": "event", "seq": 1}
    with talk.open(talk.customer) as customer:
        has_joined(customer).send("signal", data=data, session=str(uuid.uuid4()), to="everybody", seq=7, **lie)
        assert peer.expect("signal") == {"type": "signal", "role": "customer", "data": data}
        assert signals(customer) == []


def test_a_signal_before_joining_is_not_relayed(talk: Talk, peer: Socket) -> None:
    with Socket(talk.server, room(talk.id), talk.customer) as customer:
        customer.send("signal", data={"hello": True})
        assert customer.expect("error")["code"] == "not_joined"
    assert signals(peer) == []


def test_a_stranger_opens_no_socket_to_signal_on(talk: Talk, server: Server, peer: Socket) -> None:
    other = call(server)
    with Socket(server, room(talk.id), other.customer) as stranger:
        with suppress(ConnectionClosed):  # the signal was faster
            stranger.send("signal", data={"hello": True})
        with pytest.raises(ConnectionClosed) as closed:
            stranger.receive()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4404
    assert signals(peer) == []


@pytest.mark.parametrize("joins", [False, True])
def test_support_watches_a_session_and_cannot_signal(talk: Talk, server: Server, peer: Socket, joins: bool) -> None:
    desk = server.sign_in("support@example.com")
    with Socket(server, room(talk.id), desk) as support, talk.open(talk.customer) as customer:
        has_joined(customer)
        if joins:
            support.send("join")
        support.send("signal", data={"hello": True})
        support.send("media", receiving=False)
        codes = {support.expect("error")["code"] for _ in range(1 + joins)}
        assert codes <= {"not_joined", "session_closed"}
        assert has_joined(support).frames[-1]["type"] == "pong"
        peer.send("signal", data={"for": "the customer"})
        customer.expect("signal", data={"for": "the customer"})
        assert signals(support) == []
    assert signals(peer) == []


@pytest.mark.parametrize("state", ["requested", "accepted"])
def test_a_signal_before_the_call_reaches_nobody_else(server: Server, state: str) -> None:
    early = call(server, state)
    with early.open(early.customer) as customer:
        customer.send("signal", data={"hello": True})
        if state == "requested":
            assert customer.expect("error")["code"] in {"session_closed", "not_joined"}
        assert signals(customer) == []


def test_a_signal_after_the_end_is_not_relayed(server: Server) -> None:
    over = call(server)
    with over.open(over.customer) as customer, over.open(over.mechanic) as mechanic:
        for page in (customer, mechanic):
            has_joined(page)
        scene.end(server, over.id, over.customer.email)
        for socket in (customer, mechanic):
            socket.expect("event", kind="session.ended")
        customer.send("signal", data={"hello": True})
        assert customer.expect("error")["code"] == "session_closed"
        customer.send("media", receiving=False)
        assert signals(mechanic) == []
    with Socket(server, room(over.id), over.customer) as late:
        late.send("join")
        late.send("signal", data={"hello": True})
        assert late.expect("error")["code"] in {"session_closed", "not_joined"}


@pytest.mark.parametrize(
    "data",
    [{"sdp": "x" * 40_000}, {"sdp": "\\u00e4" * 5_000}, {"list": [0] * 12_000}],
    ids=["text", "escaped", "list"],
)
def test_an_oversized_signal_is_refused(talk: Talk, peer: Socket, data: Frame) -> None:
    with talk.open(talk.customer) as customer:
        has_joined(customer).send("signal", data=data)
        assert customer.expect("error")["code"] == "too_long"
        customer.send("signal", data={"sdp": BIG})
        peer.expect("signal", data={"sdp": BIG})
    assert len(signals(peer)) == 1


def test_a_flood_of_signals_is_limited_before_it_reaches_the_peer(talk: Talk, peer: Socket) -> None:
    before = talk.server.memory()
    with talk.open(talk.customer) as customer:
        has_joined(customer)
        for number in range(2 * AT_ONCE):
            customer.send("signal", data={"number": number, "sdp": BIG})
        customer.expect("error", code="too_fast")
        is_served(peer)
        assert len(signals(peer)) < 2 * AT_ONCE
        customer.cut()
    assert talk.server.memory() - before < MOST_GROWTH


def test_a_flood_of_signals_does_not_disconnect_a_slow_peer(server: Server) -> None:
    """Signals may get lost; the log may not."""
    slow = call(server)
    before = server.memory()
    with slow.open(slow.mechanic) as mechanic, slow.open(slow.customer) as customer:
        for page in (customer, mechanic):
            has_joined(page)
        for number in range(AT_ONCE):  # six megabytes, of which the mechanic's page reads nothing meanwhile
            customer.send("signal", data={"number": number, "sdp": BIG})
        has_joined(customer)
        said = customer.say("Are you there?")
        customer.expect("event", client_id=said)
        assert server.memory() - before < MOST_GROWTH
        mechanic.expect("event", client_id=said)  # the line is still the same one
        is_served(mechanic)


def test_a_flood_of_media_reports_is_limited_and_changes_no_other_sessions_clock(server: Server) -> None:
    flooded, calm = call(server), call(server)
    with flooded.open(flooded.customer) as customer, flooded.open(flooded.mechanic) as mechanic:
        for page in (customer, mechanic):
            has_joined(page)
        before = length(flooded)
        for number in range(200):
            customer.send("media", receiving=number % 2 == 0)
        customer.expect("error", code="too_fast")
        with calm.open(calm.customer) as other:
            is_served(other)
        is_served(mechanic)
        assert length(flooded) - before <= 3  # a pause and its end, and what the mechanic wrote
        customer.cut()


def test_signals_are_stored_nowhere(talk: Talk, peer: Socket) -> None:
    marks = [uuid.uuid4().hex for _ in range(3)]
    with talk.open(talk.customer) as customer:
        has_joined(customer)
        customer.send("signal", data={"candidate": marks[0]})
        peer.expect("signal", data={"candidate": marks[0]})
        customer.send_text(json.dumps({"type": "signal", "data": marks[1]}))
        customer.send_text(json.dumps({"type": "signal", "data": {"sdp": marks[2] * 2_000}}))
        for code in ("invalid_frame", "too_long"):
            assert customer.expect("error")["code"] == code
    is_served(peer)
    kept = b"".join(path.read_bytes() for path in talk.server.data.rglob("*") if path.is_file())
    assert uuid.UUID(str(talk.id)).hex.encode() in kept, "it was looked for where things are kept"
    for mark in marks:
        assert mark.encode() not in kept


def length(talk: Talk) -> int:
    query = "SELECT seq FROM autodoctor_sessions_session WHERE id = %s"
    ((seq,),) = talk.server.sql(query, scene.key(talk.server, talk.id))
    return int(seq)
