"""Two servers and a scheduler apart, on one PostgreSQL and one Valkey: each person is on another server.

Where the heartbeat would come after an hour, only the bus can have delivered. Without a bus only the heartbeat can.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID, uuid4

import pytest

from autodoctor.room.tests.channel import closing_code
from autodoctor.room.wire import protocol
from tests.faults.test_health import ready
from tests.faults.whole import Site
from tests.kit import scene
from tests.kit.postgres import Postgres
from tests.kit.scene import Talk
from tests.kit.scheduler import scheduling
from tests.kit.server import Server, fresh_database, running
from tests.kit.sockets import Socket, room
from tests.kit.valkey import Valkey, valkey
from tests.kit.waiting import until

WELL = {"database": True, "bus": True, "store": True, "clock": True}
ADMIT = """
from django.utils import timezone
from autodoctor.payments.job_kinds import PaymentFact, news_of
from autodoctor.payments.models import Payment
from autodoctor.scheduler.queue import schedule
from django.db import transaction

payment, now = Payment.objects.get(owner_id="{id}"), timezone.now()
Payment.objects.filter(pk=payment.pk).update(state="authorised", authorized_at=now)
with transaction.atomic():
    schedule(PaymentFact.AUTHORIZED, str(payment.id), now, session_id=payment.owner_id, payload=news_of(payment))
"""


@contextmanager
def site(cluster: Postgres, heartbeat: int, bus: Valkey | None = None) -> Iterator[Site]:
    url = fresh_database(cluster, f"two_{uuid4().hex[:8]}")
    environment = {"ROOM": f'{{"heartbeat": {heartbeat}}}', "LIMITS": scene.UNLIMITED, "CLOCK_EMBEDDED": "0"}
    if bus is not None:
        environment["REDIS_URL"] = bus.url
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(running(database_url=url, environment=environment, deadlines={"missing_grace": 1}))
            for _ in range(2)
        )
        stack.enter_context(scheduling(one))
        yield Site(one, other, bus)


@pytest.fixture(scope="module")
def by_bus(cluster: Postgres) -> Iterator[Site]:
    """Nothing is compared for an hour."""
    with valkey() as bus, site(cluster, 3600, bus) as made:
        yield made


@pytest.fixture(scope="module")
def with_both(cluster: Postgres) -> Iterator[Site]:
    """A bus that tests take away, and a heartbeat a second."""
    with valkey() as bus, site(cluster, 1, bus) as made:
        yield made


@pytest.fixture(scope="module")
def by_beat(cluster: Postgres) -> Iterator[Site]:
    """No bus at all."""
    with site(cluster, 1) as made:
        yield made


def killed(bus: Valkey) -> Callable[[], None]:
    bus.kill()
    return bus.start


def stopped(bus: Valkey) -> Callable[[], None]:
    bus.stop_signal()
    return bus.cont_signal


@contextmanager
def pair(site: Site, talk: Talk) -> Iterator[tuple[Socket, Socket]]:
    """The customer's page by the one server, the mechanic's by the other."""
    with (
        Socket(site.one, room(talk.id), talk.customer) as mine,
        Socket(site.other, room(talk.id), talk.mechanic) as theirs,
    ):
        for socket in (mine, theirs):
            socket.expect("welcome")
            join(socket)
        until(lambda: talk.has_joined(talk.customer) and talk.has_joined(talk.mechanic))
        yield mine, theirs


def join(socket: Socket) -> None:
    """Joined, and the server has answered what came after it."""
    socket.send("join")
    socket.send("ping")
    socket.expect("pong")


def joins(talk: Talk) -> int:
    """How often the customer has joined."""
    mine = "SELECT joins FROM autodoctor_sessions_participant WHERE session_id = %s AND user_id = %s"
    ((number,),) = talk.server.sql(
        mine, scene.key(talk.server, talk.id), scene.key(talk.server, UUID(talk.customer.id))
    )
    return int(number)


def say(socket: Socket, text: str) -> str:
    """Say it until it is in the log, as our page does; returns its client id."""
    client_id = socket.say(text)
    while (frame := socket.receive()).get("client_id") != client_id or frame["type"] != "event":
        if frame["type"] == "error":  # somebody held the session's lock
            socket.say(text, client_id)
    return client_id


def delivers(site: Site) -> None:
    """Whatever somebody else has to hear of, the other server says it."""
    talk = site.stage()
    with pair(site, talk) as (mine, theirs):
        theirs.expect("event", client_id=say(mine, "It rattles"))
        mine.expect("event", client_id=say(theirs, "When cold?"))
        site.ban(talk.mechanic)
        assert closing_code(theirs) == protocol.SIGNED_OUT


def tells_lists(site: Site) -> None:
    """The scheduler admits a request: mechanics, support and the customer hear of it by both servers."""
    talk = site.stage("draft")
    support = site.one.sign_in("support@example.com")
    with (
        Socket(site.one, "/ws/feed", talk.mechanic) as first,
        Socket(site.other, "/ws/feed", talk.mechanic) as queue,
        Socket(site.other, "/ws/feed", talk.customer) as sessions,
        Socket(site.other, "/ws/feed", support) as board,
    ):
        for list_ in (first, queue, sessions, board):
            list_.expect("listening")
        if site.bus is not None:
            bus = site.bus
            until(lambda: bus.followers("lists") == 2)
        site.one.shell(ADMIT.format(id=talk.id))
        first.expect("changed", what="queue")
        queue.expect("changed", what="queue")
        sessions.expect("changed", what="sessions")
        board.expect("changed", what="support")


def test_messages_and_bans_cross_by_the_bus(by_bus: Site) -> None:
    delivers(by_bus)


def test_lists_hear_what_a_scheduler_did_by_the_bus(by_bus: Site) -> None:
    tells_lists(by_bus)


def test_a_call_is_signalled_between_servers(by_bus: Site) -> None:
    talk = by_bus.stage(kind="video")
    with pair(by_bus, talk) as (mine, theirs):
        by_bus.followed(talk)
        mine.send("signal", data={"offer": 1})
        assert theirs.expect("signal")["data"] == {"offer": 1}
        theirs.send("signal", data={"answer": 2})
        assert mine.expect("signal")["data"] == {"answer": 2}
        mine.send("typing")
        theirs.expect("typing", role="customer")


def test_the_page_that_joined_last_has_the_call_by_whichever_server(by_bus: Site) -> None:
    talk = by_bus.stage(kind="video")
    with pair(by_bus, talk) as (mine, theirs), Socket(by_bus.other, room(talk.id), talk.customer) as second:
        second.expect("welcome")
        by_bus.followed(talk)
        join(second)
        mine.expect("replaced")
        theirs.send("signal", data={"offer": 1})
        theirs.send("typing")
        second.expect("signal")
        mine.expect("typing", role="mechanic")  # said after the signal, and heard by this server after it
        assert not any(frame["type"] == "signal" for frame in mine.frames)
        join(mine)
        second.expect("replaced")
        theirs.send("signal", data={"offer": 2})
        assert mine.expect("signal")["data"] == {"offer": 2}


def test_a_page_that_reconnects_elsewhere_leaves_nothing_behind(by_bus: Site) -> None:
    talk = by_bus.stage()
    page = f"{room(talk.id)}&page={uuid4()}"
    with Socket(by_bus.one, page, talk.customer) as old:
        old.expect("welcome")
        by_bus.followed(talk, by=1)
        with Socket(by_bus.other, page, talk.customer) as new:
            new.expect("welcome")
            assert closing_code(old) == protocol.REPLACED


def test_a_handshake_that_was_given_up_elsewhere_replaces_nothing(by_bus: Site) -> None:
    talk = by_bus.stage()
    page = f"{room(talk.id)}&page={uuid4()}"
    with Socket(by_bus.one, f"{page}&attempt=2", talk.customer) as later:
        later.expect("welcome")
        by_bus.followed(talk, by=1)
        with Socket(by_bus.other, f"{page}&attempt=1", talk.customer) as given_up:
            given_up.expect("welcome")
            by_bus.followed(talk)
            later.expect("event", client_id=later.say("still here"))


def test_a_join_that_a_stopped_server_gets_to_late_takes_no_call(by_beat: Site) -> None:
    """The page gave up, is back elsewhere and has the call. Its old connection asked before that."""
    talk = by_beat.stage(kind="video")
    page, before = f"{room(talk.id)}&page={uuid4()}", joins(talk)
    with Socket(by_beat.one, f"{page}&attempt=1", talk.customer) as given_up:
        given_up.expect("welcome")
        by_beat.one.stop_signal()
        try:
            given_up.send("join")
            later = Socket(by_beat.other, f"{page}&attempt=2", talk.customer)
            later.expect("welcome")
            join(later)
            until(lambda: joins(talk) == before + 1)
        finally:
            by_beat.one.cont_signal()
        assert closing_code(given_up) == protocol.GOING_AWAY
    with later, Socket(by_beat.one, room(talk.id), talk.mechanic) as theirs:
        theirs.expect("welcome")
        theirs.expect("event", client_id=say(later, "still here"))
        assert not any(frame["type"] == "replaced" for frame in later.frames)
        assert joins(talk) == before + 1


def test_an_open_page_shows_on_the_other_server(by_bus: Site) -> None:
    talk = by_bus.stage("accepted")
    with Socket(by_bus.one, room(talk.id), talk.customer) as mine:
        mine.expect("welcome")
        by_bus.followed(talk, by=1)
        with Socket(by_bus.other, room(talk.id), talk.mechanic) as theirs:
            theirs.expect("welcome")
            mine.expect("presence", mechanic="preparing")
        mine.expect("presence", mechanic="away")


def test_without_a_bus_the_heartbeat_delivers(by_beat: Site) -> None:
    delivers(by_beat)
    tells_lists(by_beat)


def test_without_a_bus_an_older_page_steps_aside_and_pages_show(by_beat: Site) -> None:
    talk = by_beat.stage(kind="video")
    with Socket(by_beat.one, room(talk.id), talk.customer) as first:
        first.expect("welcome")
        join(first)
        with Socket(by_beat.other, room(talk.id), talk.customer) as second:
            second.expect("welcome")
            join(second)
            first.expect("replaced")
    waiting = by_beat.stage("accepted")
    with (
        Socket(by_beat.one, room(waiting.id), waiting.customer) as mine,
        Socket(by_beat.other, room(waiting.id), waiting.mechanic),
    ):
        mine.expect("presence", mechanic="preparing")


def test_a_flushed_bus_loses_nothing(by_bus: Site) -> None:
    """It keeps nothing: whoever followed a channel follows it still."""
    talk = by_bus.stage()
    with pair(by_bus, talk) as (mine, theirs):
        assert by_bus.bus is not None
        by_bus.bus.client.flushall()
        theirs.expect("event", client_id=say(mine, "It rattles"))
        mine.expect("event", client_id=say(theirs, "When cold?"))
    assert by_bus.bus.client.dbsize() == 0


@pytest.mark.parametrize("lose", [killed, stopped])
def test_a_lost_bus_costs_a_heartbeat_and_comes_back_by_itself(
    with_both: Site, lose: Callable[[Valkey], Callable[[], None]]
) -> None:
    assert with_both.bus is not None
    until(lambda: ready(with_both.other) == (200, WELL))
    restore = lose(with_both.bus)
    try:
        until(lambda: ready(with_both.other) == (200, WELL | {"bus": False}))  # a proxy leaves it in service
        bus, with_nobody = with_both.bus, Site(with_both.one, with_both.other)
        delivers(with_nobody)
        tells_lists(with_nobody)
        assert figure(with_both.other, "autodoctor_bus_up") == 0
    finally:
        restore()
    until(lambda: ready(with_both.one) == ready(with_both.other) == (200, WELL))
    assert figure(with_both.other, "autodoctor_bus_up") == 1
    talk = with_both.stage()
    with pair(with_both, talk) as (mine, theirs):
        until(lambda: bus.followers(f"s:{talk.id}") == 2)
        mine.send("typing")  # nothing but the bus carries this
        theirs.expect("typing", role="customer")


def figure(server: Server, name: str) -> float:
    lines = server.client().get("/metrics").text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))
