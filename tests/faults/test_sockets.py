"""Network faults: an open page keeps exactly one socket, and the server notices dead connections."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Person, Server, running
from tests.kit.sockets import room
from tests.kit.time_travel import pass_time
from tests.kit.tunnel import tunnel
from tests.kit.waiting import PATIENCE, until

GRACE = 5  # seconds until a participant without a page and without media counts as missing
HEARTBEAT = 10  # seconds between the server's pings, and as long for their answer
BUSY = 5  # seconds that a busy machine may take for what follows


@pytest.fixture(scope="module")
def house() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def talk(house: Server) -> Talk:
    return scene.stage(house)


def connections(talk: Talk, person: Person) -> int:
    query = "SELECT count(*) FROM autodoctor_sessions_connection WHERE session_id = %s AND user_id = %s"
    keys = (scene.key(talk.server, talk.id), person.id.replace("-", "") if talk.server.is_sqlite else person.id)
    ((count,),) = talk.server.sql(query, *keys)
    return int(count)


def times(talk: Talk, kind: str) -> int:
    query = "SELECT count(*) FROM autodoctor_sessions_sessionevent WHERE session_id = %s AND kind = %s"
    ((count,),) = talk.server.sql(query, scene.key(talk.server, talk.id), kind)
    return int(count)


@pytest.fixture
def page(browser: Browser, talk: Talk) -> Iterator[Page]:
    context = browser.new_context(base_url=talk.server.url)
    given: list[Any] = [{"name": "sessionid", "value": talk.customer.cookies["sessionid"], "url": talk.server.url}]
    context.add_cookies(given)
    yield context.new_page()
    context.close()


def is_connected(page: Page) -> None:
    """Check the connection: a written message is confirmed."""
    text = f"still here {time.monotonic_ns()}"
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".bubble", has_text=text)).to_have_attribute("data-delivery", "sent")


def test_a_page_reloaded_left_and_cut_off_has_one_socket(talk: Talk, page: Page) -> None:
    address = f"/sessions/{talk.id}/"
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))

    def is_one() -> None:
        is_connected(page)
        until(lambda: connections(talk, talk.customer) == 1)

    with talk.open(talk.mechanic):
        page.goto(address)
        is_one()
        for _ in range(3):
            page.reload()
            is_one()
        page.goto("/account/")
        until(lambda: connections(talk, talk.customer) == 0)
        page.go_back()
        is_one()
        page.context.set_offline(True)
        page.evaluate("dispatchEvent(new Event('offline'))")
        page.context.set_offline(False)
        page.evaluate("dispatchEvent(new Event('online'))")
        is_one()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        is_one()
        joined = times(talk, "participant.joined")
        page.reload()
        is_one()
        assert times(talk, "participant.joined") == joined
        assert times(talk, "participant.left") == 0
    assert sockets
    assert all("page=" in url for url in sockets)


def test_a_page_that_reconnects_replaces_its_dead_socket(talk: Talk) -> None:
    """After a network change the server does not know yet that the first connection is dead."""
    path = room(talk.id) + "&page=the-same"
    with tunnel(talk.server.port) as line, through(line.port, talk, talk.customer, path) as first:
        first.recv(timeout=PATIENCE)
        until(lambda: connections(talk, talk.customer) == 1)
        line.swallow()
        with through(talk.server.port, talk, talk.customer, path) as second:
            second.recv(timeout=PATIENCE)
            until(lambda: connections(talk, talk.customer) == 1)
        until(lambda: connections(talk, talk.customer) == 0)


def test_a_socket_that_died_silently_is_noticed(talk: Talk) -> None:
    with (
        talk.open(talk.mechanic),
        tunnel(talk.server.port) as line,
        through(line.port, talk, talk.customer, room(talk.id)) as lost,
    ):
        lost.send('{"type":"join"}')
        until(lambda: scene.state_of(talk.server, talk.id) == "live" and talk.has_joined(talk.customer))
        before = times(talk, "participant.left")
        line.swallow()
        swallowed = time.monotonic()
        until(lambda: connections(talk, talk.customer) == 0)
        assert time.monotonic() - swallowed < 2 * HEARTBEAT + BUSY
        until(lambda: times(talk, "participant.left") > before)
        assert scene.state_of(talk.server, talk.id) == "reconnecting"
        assert times(talk, "participant.left") == before + 1


def test_a_participant_whose_media_still_arrive_is_not_missing(talk: Talk) -> None:
    """The signaling connection dies silently; media go on until they stop, too."""
    id_ = scene.key(talk.server, talk.id)
    talk.server.sql("UPDATE autodoctor_sessions_session SET kind = 'video' WHERE id = %s", id_)
    with (
        talk.open(talk.mechanic) as mechanic,
        tunnel(talk.server.port) as line,
        through(line.port, talk, talk.customer, room(talk.id)) as lost,
    ):
        lost.send('{"type":"join"}')
        until(lambda: talk.has_joined(talk.customer))
        mechanic.send("media", receiving=True)
        before = times(talk, "participant.left")
        line.swallow()
        until(lambda: connections(talk, talk.customer) == 0)
        mechanic.expect("event", client_id=mechanic.say("I still hear you"))
        pass_time(talk.server, talk.id, 2 * GRACE)
        mechanic.expect("event", client_id=mechanic.say("And I still do"))
        assert (scene.state_of(talk.server, talk.id), times(talk, "participant.left")) == ("live", before)
        stops_at = datetime.now(UTC)
        mechanic.send("media", receiving=False)
        until(lambda: times(talk, "participant.left") > before)
        until(lambda: scene.state_of(talk.server, talk.id) == "reconnecting")
        paused, noticed = mechanic.expect("event", kind="participant.left"), times(talk, "participant.left")
        assert noticed == before + 1
        since = datetime.fromisoformat(paused["data"]["session"]["paused_at"])
        assert since >= stops_at - timedelta(milliseconds=1)  # from when nothing was heard


def through(port: int, talk: Talk, person: Person, path: str) -> AbstractContextManager[ClientConnection]:
    """Open a socket through another port, unknown to the site."""
    return connect(
        f"ws://127.0.0.1:{port}{path}",
        origin=Origin(talk.server.url),
        additional_headers={"Cookie": f"sessionid={person.cookies['sessionid']}"},
        compression=None,
        proxy=None,
        close_timeout=0.1,
    )
