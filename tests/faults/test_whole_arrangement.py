"""Faults of the whole arrangement: two servers, two schedulers, PostgreSQL behind PgBouncer, Valkey, Stripe's double.

The people of a session are on different servers wherever that matters.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from autodoctor.sandbox import API_KEY, WEBHOOK_SECRET
from autodoctor.sandbox.webhooks import sign
from tests.attacks.test_claims import grab
from tests.chaos import reckoning
from tests.faults.test_messages import flood
from tests.faults.test_outages import moment
from tests.faults.test_payments import SANDBOX, announcement, control, events_of, pay
from tests.faults.test_two_processes import pair
from tests.faults.whole import Site, at, log_of, pass_its_deadline
from tests.journeys import quietly
from tests.kit import scene
from tests.kit.arrangement import Arrangement
from tests.kit.scene import Talk
from tests.kit.server import PLAIN, Person, Server
from tests.kit.sockets import AsyncSocket, room
from tests.kit.waiting import PATIENCE, until

PRICE = 999  # cents, of a chat
CROWD = 20  # more than a server has connections to the database for requests


# Messages


def test_a_message_said_to_both_servers_at_once_is_one_event(site: Site, talk: Talk) -> None:
    sockets = at(site.one, talk).open(talk.customer), at(site.other, talk).open(talk.customer)
    with sockets[0], sockets[1]:
        for number in range(20):
            client_id = str(uuid4())
            for socket in sockets:
                socket.say(f"twice {number}", client_id)
            assert len({socket.expect("event", client_id=client_id)["seq"] for socket in sockets}) == 1
        sockets[1].say("another text", client_id)
        assert sockets[1].expect("error", client_id=client_id)["code"] == "client_id_reused"
    assert len(scene.messages_of(site.one, talk.id)) == 20


def test_a_message_said_again_elsewhere_after_a_cut_is_the_same_event(site: Site, talk: Talk) -> None:
    with at(site.other, talk).open(talk.mechanic) as mechanic:
        first = at(site.one, talk).open(talk.customer)
        client_id = first.say("Is it the alternator?")
        seen = mechanic.expect("event", client_id=client_id)  # committed, whatever the sender heard
        first.cut()
        with at(site.other, talk).open(talk.customer) as again:
            again.say("Is it the alternator?", client_id)
            assert again.expect("event", client_id=client_id)["seq"] == seen["seq"]
    assert [row[1] for row in scene.messages_of(site.one, talk.id)] == [client_id]


def test_two_pages_of_each_side_on_both_servers_see_one_order(site: Site, talk: Talk) -> None:
    seats = [(server, person) for server in (site.one, site.other) for person in (talk.customer, talk.mechanic)]

    async def chatter(server: Server, person: Person) -> list[int]:
        async with AsyncSocket(server, room(talk.id), person) as socket:
            await socket.expect("welcome")
            for line in range(15):
                await socket.say(f"{person.email} {line}")
            seqs: list[int] = []
            while len(seqs) < 15 * len(seats):
                seqs.append((await socket.expect("event", kind="message.posted"))["seq"])
            return seqs

    async def all_at_once() -> list[list[int]]:
        return await asyncio.gather(*(chatter(*seat) for seat in seats))

    orders = asyncio.run(all_at_once())
    assert orders == [[seq for seq, _, _ in scene.messages_of(site.one, talk.id)]] * len(seats)


def test_two_hundred_messages_around_the_end_are_stored_before_it_or_refused(site: Site) -> None:
    talk = scene.stage(site.one, seconds=10)
    with pair(site, talk) as (mine, _theirs):
        ends_at = datetime.fromisoformat(mine.frames[0]["session"]["ends_at"]).timestamp()

        async def both() -> list[tuple[set[str], set[str]]]:
            seats = (site.one, talk.customer), (site.other, talk.mechanic)
            return await asyncio.gather(*(volley(at(server, talk), who, ends_at) for server, who in seats))

        answers = asyncio.run(both())
        mine.expect("event", kind="session.ended")
    accepted, refused = (set[str]().union(*sides) for sides in zip(*answers, strict=True))
    assert len(accepted | refused) == len(accepted) + len(refused) == 200
    (end,) = [row.seq for row in log_of(talk) if row.kind == "session.ended"]
    stored = scene.messages_of(site.one, talk.id)
    assert {client_id for _, client_id, _ in stored} == accepted
    closed_at = moment(site.one, talk.id, "ends_at")  # to the microsecond: a frame says it to the millisecond
    assert all(seq < end and datetime.fromisoformat(stored_at) < closed_at for seq, _, stored_at in stored)


async def volley(talk: Talk, person: Person, ends_at: float) -> tuple[set[str], set[str]]:
    """A hundred messages from ten milliseconds before that moment to ten after it: those accepted, those refused."""
    accepted, refused = set[str](), set[str]()
    async with AsyncSocket(talk.server, room(talk.id), person) as socket:
        await socket.expect("welcome")
        await asyncio.sleep(ends_at - 0.01 - time.time())
        sent = set()
        for number in range(100):
            sent.add(await socket.say(str(number)))
            await asyncio.sleep(max(0.0, ends_at - 0.01 + 0.0002 * number - time.time()))
        while sent - accepted - refused:
            frame = await socket.receive()
            if frame.get("client_id") in sent:
                assert frame["type"] == "event" or frame["code"] == "session_closed"
                (accepted if frame["type"] == "event" else refused).add(frame["client_id"])
    return accepted, refused


# Processes that die, stop, and are told to end


def test_nothing_confirmed_is_lost_and_no_deadline_forgotten_when_every_process_dies(
    whole: Arrangement, site: Site, talk: Talk
) -> None:
    waiting = scene.stage(site.one, "requested")
    confirmed: dict[str, int] = {}
    processes = (*whole.servers, *whole.schedulers)

    async def power_cut() -> None:
        enough = asyncio.Event()
        seats = (site.one, talk.customer), (site.other, talk.mechanic)
        floods = [asyncio.create_task(flood(at(server, talk), who, 500, confirmed, enough)) for server, who in seats]
        await asyncio.wait_for(enough.wait(), PATIENCE)
        for process in processes:
            process.kill()
        await asyncio.gather(*floods)

    try:
        asyncio.run(power_cut())
        due = pass_its_deadline(site.one, waiting)
    finally:
        for process in processes:
            process.start()
    assert len(confirmed) >= 100
    by_client_id = {client_id: seq for seq, client_id, _ in scene.messages_of(site.one, talk.id)}
    assert {client_id: by_client_id.get(client_id) for client_id in confirmed} == confirmed
    for server, person in ((site.other, talk.customer), (site.one, talk.mechanic)):
        seen = {frame["client_id"]: frame["seq"] for frame in at(server, talk).messages_seen_by(person)}
        assert seen.items() >= by_client_id.items()
    assert list(reckoning.of_log(log_of(talk))) == []
    until(lambda: scene.state_of(site.one, waiting.id) == "expired")
    assert events_of(site.one, waiting.id, "session.expired") == 1
    assert ended_at(site.one, waiting) == due


def test_a_server_that_does_not_move_loses_its_people_and_takes_nothing_back(site: Site, talk: Talk) -> None:
    """Its lease lapses; another process pauses the clock. When it moves again, its sign of life counts for nothing."""
    with ExitStack() as stack:
        frozen = [stack.enter_context(closing(at(site.one, talk).open(who))) for who in (talk.customer, talk.mechanic)]
        for socket in frozen:
            socket.expect("event", client_id=socket.say("here"))
        site.one.stop_signal()
        try:
            until(lambda: [row.kind for row in log_of(talk)].count("participant.left") == 2)
            assert scene.state_of(site.other, talk.id) == "reconnecting"
            mine, theirs = (
                stack.enter_context(at(site.other, talk).open(who)) for who in (talk.customer, talk.mechanic)
            )
            until(lambda: scene.state_of(site.other, talk.id) == "live" and has_joined(site.other, talk) == 2)
            before = log_of(talk)
        finally:
            site.one.cont_signal()
        for socket in frozen:
            socket.close()
        live = "SELECT count(*) FROM autodoctor_sessions_process WHERE expires_at > now()"
        until(lambda: site.other.sql(live) == [(2,)])
        theirs.expect("event", client_id=mine.say("Still there?"))
        mine.expect("event", client_id=theirs.say("Yes"))
    log = log_of(talk)
    assert log[: len(before)] == before
    assert [row.kind for row in log[len(before) :] if row.kind != "participant.left"] == ["message.posted"] * 2


def has_joined(server: Server, talk: Talk) -> int:
    """Return how many people of the session are in by pages of servers that live."""
    pages = (
        "SELECT count(DISTINCT user_id) FROM autodoctor_sessions_connection page"
        " JOIN autodoctor_sessions_process process ON process.id = page.process_id"
        " WHERE page.session_id = %s AND page.joined AND process.expires_at > now()"
    )
    ((count,),) = server.sql(pages, talk.id)
    return int(count)


def test_a_scheduler_that_is_told_to_end_in_the_middle_of_a_charge_charges_once(whole: Arrangement, site: Site) -> None:
    (customer,), (mechanic,) = site.one.enroll(1, f"p{uuid4().hex[:6]}-"), site.one.enroll(1, "m", mechanics=True)
    session_id = quietly.request(site.one, customer)
    quietly.accept(site.other, mechanic, session_id)
    with quietly.open_page(site.one, customer, session_id), quietly.open_page(site.other, mechanic, session_id):
        quietly.act(site.other, mechanic, session_id, "start")
        control(whole.stripe, "faults", method="POST", path=".*/capture", when="after", delay_seconds=2, times=1)
        quietly.act(site.one, customer, session_id, "end")
        charging = "SELECT count(*) FROM scheduler_job WHERE kind = 'payment.capture' AND lease_owner <> ''"
        until(lambda: site.one.sql(charging) == [(1,)])
        for scheduler in whole.schedulers:
            scheduler.terminate()
        for scheduler in whole.schedulers:
            assert scheduler.wait() == 0
            scheduler.start()
    paid = "SELECT captured_cents FROM payments_payment WHERE owner_id = %s AND state = 'captured'"
    until(lambda: site.one.sql(paid, UUID(session_id)) == [(PRICE,)])
    until(lambda: has_no_work(site.one, session_id))
    mine = [one for one in at_stripe(whole, "payment_intents") if one["metadata"].get("owner_id") == session_id]
    assert [(one["status"], one["amount_received"]) for one in mine] == [("succeeded", PRICE)]


def has_no_work(server: Server, session_id: str) -> bool:
    """Return whether no job about this session's money, mails or news of Stripe is left."""
    kinds = "kind LIKE 'payment.%%' OR kind = 'mail.send'"
    query = f"SELECT count(*) FROM scheduler_job WHERE session_id = %s AND ({kinds}) OR kind = 'stripe.event'"
    return server.sql(query, UUID(session_id)) == [(0,)]


def at_stripe(whole: Arrangement, kind: str) -> list[dict[str, Any]]:
    path = f"{whole.stripe.url}{SANDBOX}/v1/{kind}?limit=100"
    found: list[dict[str, Any]] = httpx.get(path, auth=(API_KEY, ""), timeout=PATIENCE, **PLAIN).json()["data"]
    return found


# Many at once


def test_fifty_webhooks_at_once_to_both_servers_are_one_booking_and_one_mail(whole: Arrangement, site: Site) -> None:
    (customer,) = site.one.enroll(1, f"payer-{uuid4().hex[:6]}-")
    control(whole.stripe, "webhooks", paused=True)
    session_id, checkout_url = quietly.draft(site.one, customer)
    pay(checkout_url)
    event_id = announcement(whole.stripe, UUID(session_id))
    raw = httpx.get(f"{whole.stripe.url}{SANDBOX}/v1/events/{event_id}", auth=(API_KEY, ""), timeout=PATIENCE, **PLAIN)
    headers = {"Stripe-Signature": sign(raw.text, WEBHOOK_SECRET, int(time.time()))}

    def tell(number: int) -> int:
        address = f"{whole.servers[number % 2].url}/api/stripe/webhook"
        return httpx.post(address, content=raw.content, headers=headers, timeout=PATIENCE, **PLAIN).status_code

    with ThreadPoolExecutor(50) as crowd:
        assert list(crowd.map(tell, range(50))) == [200] * 50
    until(lambda: scene.state_of(site.one, UUID(session_id)) == "requested")
    until(lambda: has_no_work(site.one, session_id))
    control(whole.stripe, "webhooks", paused=False)
    assert events_of(site.one, UUID(session_id), "session.requested") == 1
    assert site.one.sql("SELECT count(*) FROM payments_stripeevent WHERE id = %s", event_id) == [(1,)]
    assert len([letter for letter in letters(whole) if customer.email in letter.partition("\n\n")[0]]) == 1


def test_of_fifty_accepts_at_both_servers_one_wins(site: Site) -> None:
    talk = site.stage("requested")
    crowd = site.one.enroll(5, f"crowd-{uuid4().hex[:6]}-", mechanics=True)

    async def both() -> list[tuple[str, httpx.Response]]:
        path = f"/api/sessions/{talk.id}/accept"
        answers = await asyncio.gather(*(grab(server, crowd, path) for server in (site.one, site.other)))
        return [pair_ for pairs in answers for pair_ in pairs]

    answers = asyncio.run(both())
    won = {email for email, answer in answers if answer.status_code == 200}
    assert len(answers) == 50
    assert len(won) == 1
    assert {answer.status_code for email, answer in answers if email not in won} == {409}
    assert events_of(site.one, talk.id, "session.accepted") == 1


def test_while_stripe_hangs_nobody_waits_but_who_wants_to_pay(whole: Arrangement, site: Site) -> None:
    """More people press "Pay" at each server than it has connections to the database."""
    waiting, payers = site.stage("requested"), site.one.enroll(2 * CROWD, f"payer-{uuid4().hex[:6]}-")
    whole.stripe.stop_signal()  # it takes every connection and answers none
    try:
        with ThreadPoolExecutor(2 * CROWD) as crowd:
            pressed = [
                crowd.submit(whole.servers[n % 2].client(payer).post, "/api/sessions", json=quietly.INTAKE)
                for n, payer in enumerate(payers)
            ]
            until(lambda: len(drafts_of(site.one, payers)) == len(payers))
            for server, email in zip(whole.servers, ("customer@example.com", "mechanic@example.com"), strict=True):
                assert server.client().post("/account/password/reset/", data={"email": email}).status_code == 302
            until(lambda: len([letter for letter in letters(whole) if "Subject: Your code" in letter]) == 2)
            due = pass_its_deadline(site.one, waiting)
            until(lambda: scene.state_of(site.one, waiting.id) == "expired")
            assert not any(one.done() for one in pressed)
            assert {one.result().status_code for one in pressed} == {503}
    finally:
        whole.stripe.cont_signal()
    assert ended_at(site.one, waiting) == due
    assert len(drafts_of(site.one, payers)) == len(payers)  # each can be paid later


def drafts_of(server: Server, people: list[Person]) -> list[tuple[object, ...]]:
    query = "SELECT id FROM autodoctor_sessions_session WHERE state = 'draft' AND customer_id = ANY(%s)"
    return server.sql(query, [UUID(person.id) for person in people])


def letters(whole: Arrangement) -> list[str]:
    """Return every mail, by whichever process it was sent."""
    return [path.read_text() for server in whole.servers for path in (server.data / "outbox").glob("*.eml")]


def ended_at(server: Server, talk: Talk) -> datetime:
    ((at_,),) = server.sql("SELECT ended_at FROM autodoctor_sessions_session WHERE id = %s", talk.id)
    return datetime.fromisoformat(str(at_))
