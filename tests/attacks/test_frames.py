"""False and hostile frames: the server refuses them, and other participants notice nothing."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime

import pytest
from websockets.exceptions import ConnectionClosed

from autodoctor.room.tests.channel import closing_code
from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Server
from tests.kit.sockets import Frame, Socket, room


@pytest.fixture(scope="module")
def talk(server: Server) -> Talk:
    return scene.stage(server)


@pytest.fixture
def peer(talk: Talk) -> Iterator[Socket]:
    """The other participant, who must be answered before and after the attack."""
    with talk.open(talk.mechanic) as mechanic:
        yield mechanic
        mechanic.expect("event", client_id=mechanic.say("still here"))


def test_a_forged_message_carries_its_true_sender(talk: Talk, peer: Socket) -> None:
    lie: Frame = {
        "sender": talk.mechanic.id,
        "by": {"id": talk.mechanic.id, "role": "mechanic", "name": "Morgan"},
        "role": "support",
        "user": talk.mechanic.id,
        "user_id": talk.mechanic.id,
        "actor_id": talk.mechanic.id,
        "actor_role": "support",
        "name": "Support",
        "seq": 1,
        "at": "2001-01-01T00:00:00Z",
        "kind": "session.ended",
        "audience": "support",
        "session": str(uuid.uuid4()),
        "session_id": str(uuid.uuid4()),
        "data": {"text": "another text", "by": "support"},
    }
    with talk.open(talk.customer) as customer:
        client_id = str(uuid.uuid4())
        customer.send("message", client_id=client_id, text="It was me", **lie)
        mine = customer.expect("event", client_id=client_id)
        assert peer.expect("event", client_id=client_id) == mine
    assert (mine["kind"], mine["data"]) == ("message.posted", {"text": "It was me"})
    assert (mine["by"]["id"], mine["by"]["role"]) == (talk.customer.id, "customer")
    assert mine["by"]["name"] not in {"Support", "Morgan"}
    assert mine["seq"] > 1
    assert datetime.fromisoformat(mine["at"]).year > 2001
    columns = "kind, actor_role, audience, session_id, seq"
    stored = talk.server.sql(
        f"SELECT {columns} FROM autodoctor_sessions_sessionevent WHERE client_id = %s",
        scene.key(talk.server, uuid.UUID(client_id)),
    )
    assert stored == [("message.posted", "customer", "both", scene.key(talk.server, talk.id), mine["seq"])]


@pytest.mark.parametrize(
    "kind",
    [
        "event",
        "welcome",
        "presence",
        "error",
        "changed",
        "replaced",
        "session.ended",
        "accept",
        "start",
        "end",
        "admin",
    ],
)
def test_frames_that_only_the_server_sends_are_refused_from_a_page(talk: Talk, peer: Socket, kind: str) -> None:
    with talk.open(talk.customer) as customer:
        customer.send(kind, seq=99, kind="session.ended", what="queue", customer="away", code="x", client_id="x")
        assert customer.expect("error")["code"] == "invalid_frame"
    assert scene.state_of(talk.server, talk.id) in {"live", "reconnecting"}


def test_relayed_frames_name_the_true_role(talk: Talk, peer: Socket) -> None:
    peer.send("join")
    with talk.open(talk.customer) as customer:
        customer.send("typing", role="support", name="Support")
        assert peer.expect("typing") == {"type": "typing", "role": "customer"}
        customer.send("signal", role="support", to="everybody", data={"role": "support", "type": "event"})
        assert peer.expect("signal") == {
            "type": "signal",
            "role": "customer",
            "data": {"role": "support", "type": "event"},
        }


FLOODED_WITH: dict[str, Frame] = {"signal": {"data": {"x": 1}}, "media": {"receiving": True}}


def deep(levels: int) -> str:
    return '{"type":"signal","data":' + '{"a":' * levels + "1" + "}" * levels + "}"


@pytest.mark.parametrize(
    ("frame", "closing"),
    [
        ("x" * 1_000_000, 1009),
        (b"x" * 10_000_000, 1009),
        ("[" * 60_000, None),
        (deep(9_000), None),
        (deep(30), None),
        (b"\x00\x01\x02", None),
        (b'{"type":"ping"', None),
        ('{"type":"message","client_id":"' + str(uuid.uuid4()) + '","text":"\\ud800"}', None),
        ('{"type":"message","client_id":"' + str(uuid.uuid4()) + '","text":"a\\u0000b"}', None),
        ('{"type":{"$ne":1}}', None),
        ('{"type":"ping","type":"join","type":["message"]}', None),
        ("1e999999", None),
        ('{"type":"media","receiving":1e400}', None),
        ("", None),
    ],
    ids=lambda given: repr(given)[:24],
)
def test_a_malformed_frame_ends_at_most_its_own_socket(
    talk: Talk, peer: Socket, frame: str | bytes, closing: int | None
) -> None:
    customer = talk.open(talk.customer)
    with suppress(ConnectionClosed):  # hung up on while it was still sending
        customer.send_text(frame)
    if closing is None:
        assert customer.expect("error")["code"] in {"invalid_frame", "too_long"}
        customer.send("ping")
        assert customer.expect("pong")
    else:
        assert closing_code(customer) in {closing, 1006}  # 1006: it was gone before its farewell could be read
    customer.close()


def test_a_frame_of_bytes_that_are_no_text_closes_the_socket(talk: Talk, peer: Socket) -> None:
    customer = talk.open(talk.customer)
    raw = customer._connection.socket  # below the library, which would refuse to send this
    raw.sendall(bytes([0x81, 0x84, 0, 0, 0, 0]) + b"\xff\xfe\xfd\xfc")
    assert closing_code(customer) in {1007, 1006}
    customer.close()


def test_an_unmasked_frame_closes_the_socket(talk: Talk, peer: Socket) -> None:
    customer = talk.open(talk.customer)
    customer._connection.socket.sendall(bytes([0x81, 0x02]) + b"{}")
    assert closing_code(customer) in {1002, 1006}
    customer.close()


@pytest.mark.parametrize("kind", ["typing", "signal", "join", "ping", "media", "nonsense"])
def test_a_flood_of_frames_is_answered_with_too_fast(talk: Talk, peer: Socket, kind: str) -> None:
    fields: Frame = FLOODED_WITH.get(kind, {})
    customer = talk.open(talk.customer)
    for _ in range(250):
        customer.send(kind, **fields)
    assert customer.expect("error", code="too_fast")["detail"]
    peer.expect("event", client_id=peer.say("and me?"))
    customer.cut()  # its farewell would have to wait behind all that


def test_a_flood_of_messages_is_told_to_be_slower(start_server: Callable[..., Server]) -> None:
    """On a server with the limits of people: the others have none, for their crowds."""
    talk = scene.stage(start_server())
    customer, peer = talk.open(talk.customer), talk.open(talk.mechanic)
    for number in range(250):
        customer.say(str(number))
    assert customer.expect("error", code="too_fast")["detail"]
    peer.expect("event", client_id=peer.say("and me?"))
    customer.cut()
    peer.close()


def test_the_feed_ignores_frames_of_a_page(talk: Talk, peer: Socket) -> None:
    with Socket(talk.server, "/ws/feed", talk.customer) as feed:
        for text in ("[]", deep(30), "x", json.dumps({"type": "changed", "what": "queue"}), b"\xff"):
            feed.send_text(text)
        feed.send("message", client_id=str(uuid.uuid4()), text="hello")
        feed.send("ping")
        assert feed.expect("pong")
        assert [frame["type"] for frame in feed.frames] == ["listening", "pong"]
    with Socket(talk.server, "/ws/feed", talk.customer) as feed:
        with suppress(ConnectionClosed):
            feed.send_text("x" * 1_000_000)
        assert closing_code(feed) in {1009, 1006}


def test_an_invalid_after_in_a_socket_address_is_ignored(talk: Talk) -> None:
    for path in (room(talk.id) + "&after=-1&after=99999999999999999999", f"/ws/sessions/{talk.id}?after=%00"):
        with Socket(talk.server, path, talk.customer) as socket:
            assert socket.expect("welcome")["seq"] >= 0
