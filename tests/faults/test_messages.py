"""No confirmed message is lost through any fault, and both participants see the same log afterwards."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from datetime import datetime

import pytest
from websockets.exceptions import WebSocketException

from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Person, Server, running
from tests.kit.sockets import AsyncSocket, room


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with running(environment={"ROOM": '{"heartbeat": 1}', "LIMITS": scene.UNLIMITED}) as server:
        yield server


@pytest.fixture
def talk(shared: Server) -> Talk:
    return scene.stage(shared)


async def flood(talk: Talk, person: Person, count: int, confirmed: dict[str, int], enough: asyncio.Event) -> None:
    """Send messages as fast as possible, and note in `confirmed` those that the server confirms before it dies."""
    try:
        async with AsyncSocket(talk.server, room(talk.id), person) as socket:
            await socket.expect("welcome")
            sent = [await socket.say(f"{person.email} {number}") for number in range(count)]
            mine = set(sent)
            while mine:
                frame = await socket.receive()
                if frame["type"] == "event" and frame["client_id"] in mine:
                    confirmed[frame["client_id"]] = frame["seq"]
                    mine.discard(frame["client_id"])
                if len(confirmed) >= 100:
                    enough.set()
    except (WebSocketException, OSError, TimeoutError):  # it may die before it has let a page in
        return


def test_no_confirmed_message_is_lost_when_the_server_is_killed_among_a_thousand(talk: Talk) -> None:
    confirmed: dict[str, int] = {}

    async def kill_on_the_way() -> None:
        enough = asyncio.Event()
        floods = [
            asyncio.create_task(flood(talk, who, 500, confirmed, enough)) for who in (talk.customer, talk.mechanic)
        ]
        await asyncio.wait_for(enough.wait(), 30)
        talk.server.kill()
        await asyncio.gather(*floods)

    try:
        asyncio.run(kill_on_the_way())
    finally:
        talk.server.restart()
    assert len(confirmed) >= 100
    stored = scene.messages_of(talk.server, talk.id)
    by_client_id = {client_id: seq for seq, client_id, _ in stored}
    assert len(by_client_id) == len(stored)
    assert {client_id: by_client_id.get(client_id) for client_id in confirmed} == confirmed
    for person in (talk.customer, talk.mechanic):
        seen = [(frame["seq"], frame["client_id"]) for frame in talk.messages_seen_by(person)]
        assert seen[: len(stored)] == [(seq, client_id) for seq, client_id, _ in stored]
    assert talk.server.sql("PRAGMA integrity_check") == [("ok",)]


def test_a_message_sent_again_after_a_cut_is_one_event_with_the_same_number(talk: Talk) -> None:
    with talk.open(talk.mechanic) as mechanic:
        first = talk.open(talk.customer)
        client_id = first.say("Is it the alternator?")
        seen = mechanic.expect("event", client_id=client_id)  # committed, whatever the sender heard
        first.cut()
        with talk.open(talk.customer) as again:
            again.say("Is it the alternator?", client_id)
            assert again.expect("event", client_id=client_id)["seq"] == seen["seq"]
    assert [row[1] for row in scene.messages_of(talk.server, talk.id)] == [client_id]


def test_a_client_id_reused_for_another_text_is_refused_and_the_original_stays(talk: Talk) -> None:
    with talk.open(talk.customer) as customer:
        client_id = customer.say("first")
        event = customer.expect("event", client_id=client_id)
        customer.say("second", client_id)
        assert customer.expect("error", client_id=client_id)["code"] == "client_id_reused"
        customer.say("first", client_id)
        with talk.open(talk.customer) as other:
            other.say("first", client_id)
            assert other.expect("event", client_id=client_id)["seq"] == event["seq"]
    assert len(scene.messages_of(talk.server, talk.id)) == 1


def test_a_message_sent_on_two_sockets_at_once_is_one_event(talk: Talk) -> None:
    with talk.open(talk.customer) as one, talk.open(talk.customer) as two:
        for number in range(20):
            client_id = str(uuid.uuid4())
            one.say(f"twice {number}", client_id)
            two.say(f"twice {number}", client_id)
            seqs = {socket.expect("event", client_id=client_id)["seq"] for socket in (one, two)}
            assert len(seqs) == 1
    assert len(scene.messages_of(talk.server, talk.id)) == 20


def test_a_lost_poke_delays_events_by_one_heartbeat_at_most(talk: Talk) -> None:
    """Another process writes the row, like a crash between commit and poke."""
    with talk.open(talk.customer) as customer:
        talk.server.shell(
            "from uuid import UUID\n"
            "from django.utils import timezone\n"
            "from autodoctor.sessions.lifecycle.transaction import session_transaction\n"
            "from autodoctor.sessions.record.event_log import Audience, append_event\n"
            "from autodoctor.sessions.states import EventKind\n"
            f"with session_transaction(UUID('{talk.id}'), timezone.now()) as state:\n"
            "    append_event("
            "        state.session, EventKind.SUPPORT_DONE, at=timezone.now(),"
            "        audience=Audience.CUSTOMER, data={'text': 'hello'})"
        )
        assert customer.expect("event", kind="support.done")["data"]["text"] == "hello"


def test_two_pages_of_each_participant_see_messages_in_one_order(talk: Talk) -> None:
    people = [talk.customer, talk.customer, talk.mechanic, talk.mechanic]

    async def chatter(number: int, person: Person) -> list[int]:
        async with AsyncSocket(talk.server, room(talk.id), person) as socket:
            await socket.expect("welcome")
            for line in range(25):
                await socket.say(f"{number} {line}")
            seqs: list[int] = []
            while len(seqs) < 100:
                frame = await socket.receive()
                if frame["type"] == "event" and frame["kind"] == "message.posted":
                    seqs.append(frame["seq"])
            return seqs

    async def all_at_once() -> list[list[int]]:
        return await asyncio.gather(*(chatter(number, person) for number, person in enumerate(people)))

    orders = asyncio.run(all_at_once())
    assert orders[0] == sorted(orders[0])
    assert all(order == orders[0] for order in orders)


def test_messages_sent_around_the_end_are_stored_before_it_or_refused(shared: Server) -> None:
    talk = scene.stage(shared, seconds=8)
    accepted, refused = asyncio.run(_send_across_the_end(talk))
    assert accepted
    assert refused
    assert not accepted & refused
    end, ends_at = _end_of(talk)
    stored = scene.messages_of(talk.server, talk.id)
    assert {client_id for _, client_id, _ in stored} == accepted
    assert all(seq < end and at < ends_at for seq, _, at in stored)


async def _send_across_the_end(talk: Talk) -> tuple[set[str], set[str]]:
    """The client ids that the server accepted, and those that it refused."""
    path = room(talk.id)
    accepted: set[str] = set()
    refused: set[str] = set()
    sent: list[str] = []
    async with (
        AsyncSocket(talk.server, path, talk.customer) as customer,
        AsyncSocket(talk.server, path, talk.mechanic) as mechanic,
    ):
        welcome = await customer.expect("welcome")
        await customer.send("join")
        await mechanic.send("join")
        ends_at = _seconds(welcome["session"]["ends_at"])
        sending = asyncio.create_task(_send_until_refused(customer, ends_at, sent, refused))
        await _sort_answers(customer, sent, accepted, refused)
        await sending
    return accepted, refused


async def _send_until_refused(socket: AsyncSocket, ends_at: float, sent: list[str], refused: set[str]) -> None:
    """Send at least 200 messages, more often towards the end, until one is refused; then one ping."""
    while not refused or len(sent) < 200:
        sent.append(await socket.say(str(len(sent))))
        await asyncio.sleep(max(0.002, (ends_at - time.time()) / 50))
    await socket.send("ping")


async def _sort_answers(socket: AsyncSocket, sent: list[str], accepted: set[str], refused: set[str]) -> None:
    """Read frames until the ping and every message have their answer."""
    all_sent = False
    while not all_sent or len(accepted) + len(refused) < len(sent):
        frame = await socket.receive()
        if frame["type"] == "pong":
            all_sent = True
        elif frame["type"] == "error":
            assert frame["code"] == "session_closed"
            refused.add(frame["client_id"])
        elif frame["type"] == "event" and frame["client_id"]:
            accepted.add(frame["client_id"])


def _end_of(talk: Talk) -> tuple[int, str]:
    """The number of the event `session.ended`, and the time at which the session ended."""
    ((seq, ends_at),) = talk.server.sql(
        f"SELECT e.seq, s.ends_at FROM autodoctor_sessions_sessionevent e JOIN autodoctor_sessions_session s "
        f"ON s.id = e.session_id WHERE e.kind = 'session.ended' AND e.session_id = '{scene.key(talk.server, talk.id)}'"
    )
    return seq, str(ends_at)


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def test_the_log_on_the_wire_is_json_of_the_documented_form(talk: Talk) -> None:
    with talk.open(talk.customer) as customer:
        client_id = customer.say("hello")
        frame = customer.expect("event", client_id=client_id)
        assert set(frame) == {"type", "seq", "kind", "at", "by", "client_id", "data"}
        assert frame["by"]["role"] == "customer"
        assert json.loads(json.dumps(frame)) == frame
