"""A page's socket: served events and handled frames."""

import uuid
from contextlib import ExitStack, suppress

import pytest
from websockets.exceptions import ConnectionClosed

from autodoctor.room.socket.session_socket import MOST_PAGES_OPEN
from autodoctor.room.tests.channel import closing_code, messages, post
from autodoctor.room.wire.protocol import REPLACED
from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Server
from tests.kit.sockets import Socket, room
from tests.kit.waiting import until


def test_the_welcome_names_the_viewer_and_the_state_of_the_session(calm: Talk) -> None:
    with calm.open(calm.customer) as customer:
        welcome = customer.frames[0]
        assert set(welcome) == {"type", "seq", "now", "you", "session", "presence"}
        assert welcome["you"] == {"id": calm.customer.id, "role": "customer"}
        assert welcome["session"]["id"] == str(calm.id)
        assert welcome["session"]["state"] in ("live", "reconnecting")
        assert welcome["seq"] == 0


def test_a_reconnecting_page_is_served_events_from_where_it_was(talk: Talk) -> None:
    with talk.open(talk.customer) as customer:
        seqs = [customer.expect("event", client_id=customer.say(str(number)))["seq"] for number in range(5)]
    with talk.open(talk.customer, after=seqs[2]) as again:
        last = again.say("done")
        again.expect("event", client_id=last)
        assert messages(again) == ["3", "4", "done"]
        assert again.frames[0]["seq"] == seqs[2]


@pytest.mark.parametrize("after", ["999999999", "-1", "x", "1e9", "99999999999999999999", "%00"])
def test_an_invalid_after_in_the_socket_address_is_ignored(calm: Talk, after: str) -> None:
    with Socket(calm.server, f"/ws/sessions/{calm.id}?after={after}", calm.customer) as customer:
        customer.expect("welcome")
        customer.expect("event", client_id=customer.say("still served"))


def test_a_long_log_is_served_whole_and_in_order(talk: Talk) -> None:
    with talk.open(talk.customer) as customer:
        for number in range(1000):
            customer.say(str(number))
        customer.expect("event", client_id=customer.say("end"))
    with talk.open(talk.mechanic) as mechanic:
        while "end" not in messages(mechanic):
            mechanic.receive()
        assert messages(mechanic) == [*map(str, range(1000)), "end"]
        seqs = [frame["seq"] for frame in mechanic.frames if frame["type"] == "event"]
        assert seqs == sorted(set(seqs))


def test_events_of_other_readers_are_skipped_and_counted(talk: Talk) -> None:
    talk.server.shell(
        "from uuid import UUID\nfrom django.utils import timezone\n"
        "from autodoctor.sessions.lifecycle.transaction import session_transaction\n"
        "from autodoctor.sessions.record.event_log import Audience, append_event\n"
        "from autodoctor.sessions.states import EventKind\n"
        f"with session_transaction(UUID('{talk.id}'), timezone.now()) as state:\n"
        "    for audience in ('support', 'mechanic', 'customer', 'support'):\n"
        "        append_event("
        "           state.session, EventKind.SUPPORT_DONE, at=timezone.now(),"
        "           audience=Audience(audience), data={'to': audience})"
    )
    seen = {}
    for person in (talk.customer, talk.mechanic):
        with talk.open(person) as socket:
            ((reach,),) = talk.server.sql(
                "SELECT seq FROM autodoctor_sessions_session WHERE id = %s", scene.key(talk.server, talk.id)
            )
            while socket.receive().get("seq", 0) < reach and socket.frames[-1]["type"] != "pong":
                socket.send("ping")
            seen[person.email] = [f["data"]["to"] for f in socket.frames if f.get("kind") == "support.done"]
            socket.send("ping")
            assert socket.expect("pong")["seq"] >= reach
    assert seen == {talk.customer.email: ["customer"], talk.mechanic.email: ["mechanic"]}


def test_support_watches_and_may_say_something(talk: Talk) -> None:
    support = talk.server.sign_in("support@example.com")
    with talk.open(talk.customer) as customer, Socket(talk.server, room(talk.id), support) as watching:
        assert watching.expect("welcome")["you"]["role"] == "support"
        client_id = watching.say("Support is with you.")
        event = customer.expect("event", client_id=client_id)
        assert (event["kind"], event["by"]["role"]) == ("message.posted", "support")
        watching.send("join")
        assert watching.expect("error")["code"] == "not_joined"


def test_a_forged_sender_role_number_and_time_are_ignored(talk: Talk) -> None:
    with talk.open(talk.customer) as customer, talk.open(talk.mechanic) as mechanic:
        client_id = str(uuid.uuid4())
        forged = {"id": talk.mechanic.id, "role": "mechanic", "name": "Forged"}
        customer.send(
            "message",
            client_id=client_id,
            text="hi",
            by=forged,
            role="support",
            seq=9000,
            at="2000-01-01T00:00:00Z",
            session_id=str(uuid.uuid4()),
            kind="session.ended",
        )
        event = mechanic.expect("event", client_id=client_id)
        assert event["by"]["id"] == talk.customer.id
        assert event["by"]["role"] == "customer"
        assert (event["kind"], event["seq"] < 100, event["at"] > "2026") == ("message.posted", True, True)


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"event","seq":1,"kind":"session.ended"}',
        '{"type":"presence","customer":"away"}',
        '{"type":"welcome"}',
        "[]",
        "null",
        "{",
        "[" * 30_000,
        '{"type":"signal","data":' + '{"a":' * 5000 + "1" + "}" * 5001,
        '{"type":"message","client_id":"1","text":"x"}',
    ],
)
def test_invalid_frames_are_refused_and_the_socket_stays_open(calm: Talk, frame: str) -> None:
    with calm.open(calm.customer) as customer:
        customer.send_text(frame)
        assert customer.expect("error")["code"] == "invalid_frame"
        customer.expect("event", client_id=customer.say("still here"))


@pytest.mark.parametrize(("state", "who"), [("requested", "customer"), ("draft", "customer")])
def test_messages_before_the_acceptance_are_refused(shared: Server, state: str, who: str) -> None:
    talk = scene.stage(shared, state)
    with Socket(shared, room(talk.id), talk.customer) as customer:
        customer.expect("welcome")
        client_id = customer.say("Hello?")
        assert customer.expect("error", client_id=client_id)["code"] == "session_closed"
        customer.send("join")
        assert customer.expect("error")["code"] == "session_closed"
        customer.send("typing")
        assert customer.expect("error")["code"] == "session_closed"
    assert scene.messages_of(shared, talk.id) == []


def test_messages_after_the_end_are_refused(talk: Talk) -> None:
    with talk.open(talk.customer) as customer, talk.open(talk.mechanic) as mechanic:
        customer.expect("event", client_id=customer.say("one"))
        assert post(talk.server, talk.customer, f"/api/sessions/{talk.id}/end").status_code == 200
        ended = mechanic.expect("event", kind="session.ended")
        assert ended["data"]["session"]["state"] == "completed"
        for socket in (customer, mechanic):
            client_id = socket.say("one more thing")
            assert socket.expect("error", client_id=client_id)["code"] == "session_closed"
            socket.send("join")
            assert socket.expect("error")["code"] == "session_closed"
    assert len(scene.messages_of(talk.server, talk.id)) == 1


def test_typing_reaches_the_peer_and_is_not_stored(talk: Talk) -> None:
    with talk.open(talk.customer) as customer, talk.open(talk.customer) as tab, talk.open(talk.mechanic) as mechanic:
        customer.send("typing")
        assert mechanic.expect("typing")["role"] == "customer"
        tab.expect("event", client_id=tab.say("nothing in between"))
        assert "typing" not in [frame["type"] for frame in tab.frames]


def test_signals_go_to_the_newest_page_that_has_joined(talk: Talk) -> None:
    with (
        talk.open(talk.mechanic) as mechanic,
        talk.open(talk.customer) as older,
        talk.open(talk.customer) as newer,
        Socket(talk.server, room(talk.id), talk.customer) as preparing,
    ):
        newer.expect("event", client_id=newer.say("joined by now"))
        preparing.send("signal", data={"sdp": "no"})
        assert preparing.expect("error")["code"] == "not_joined"
        mechanic.send("signal", data={"sdp": "v=0", "list": [1, {"deep": None}]})
        assert newer.expect("signal") == {
            "type": "signal",
            "role": "mechanic",
            "data": {"sdp": "v=0", "list": [1, {"deep": None}]},
        }
        older.expect("event", client_id=older.say("nothing for this page"))
        assert "signal" not in [frame["type"] for frame in older.frames]
        older.send("join")
        older.expect("event", client_id=older.say("has joined again"))
        mechanic.send("signal", data={"sdp": "again"})
        assert older.expect("signal")["data"] == {"sdp": "again"}


@pytest.mark.parametrize(("frame", "code"), [("x" * 10_000_000, 1009), (b"\xff\xfe\xfd", None)])
def test_a_frame_too_big_or_not_text_ends_at_most_its_own_socket(
    calm: Talk, frame: str | bytes, code: int | None
) -> None:
    with calm.open(calm.mechanic) as mechanic:
        customer = calm.open(calm.customer)
        with suppress(ConnectionClosed):  # hung up on while it was still sending
            customer.send_text(frame)
        if code:
            assert closing_code(customer) in (code, 1006)
        else:
            assert customer.expect("error")["code"] == "invalid_frame"
        mechanic.expect("event", client_id=mechanic.say("not my problem"))


def test_the_oldest_of_too_many_pages_of_a_session_is_closed(talk: Talk) -> None:
    with ExitStack() as pages:
        opened = [
            pages.enter_context(Socket(talk.server, room(talk.id), talk.customer)) for _ in range(MOST_PAGES_OPEN)
        ]
        opened[-1].expect("welcome")
        pages.enter_context(talk.open(talk.customer))
        assert closing_code(opened[0]) == REPLACED
        opened[1].send("ping")
        opened[1].expect("pong")


def test_a_handshake_that_was_given_up_does_not_replace_the_one_after_it(talk: Talk) -> None:
    path = room(talk.id) + "&page=the-same-page"
    with Socket(talk.server, f"{path}&attempt=2", talk.customer) as later:
        later.expect("welcome")
        with Socket(talk.server, f"{path}&attempt=1", talk.customer) as given_up:
            assert closing_code(given_up) == 4409
            later.expect("event", client_id=later.say("still here"))


def test_a_second_socket_of_one_page_replaces_the_first(talk: Talk) -> None:
    path = room(talk.id) + "&page=the-same-page"
    with Socket(talk.server, path, talk.customer) as first:
        first.expect("welcome")
        with Socket(talk.server, path, talk.customer) as second:
            second.expect("welcome")
            assert closing_code(first) == 4409
            second.expect("event", client_id=second.say("one page, one socket"))
            pages = "SELECT count(*) FROM autodoctor_sessions_connection WHERE session_id = %s"
            until(lambda: talk.server.sql(pages, scene.key(talk.server, talk.id)) == [(1,)])
