"""Lists hear that they are out of date, and nothing else."""

from contextlib import suppress
from typing import Any
from unittest.mock import Mock

import orjson
import pytest

from autodoctor.room.socket import handshake, list_feed
from autodoctor.room.socket.list_feed import MOST_LISTS_OPEN, application
from autodoctor.room.socket.list_feed import feed as listeners
from autodoctor.room.tests.channel import closing_code, post
from autodoctor.room.wire import executor
from autodoctor.room.wire.uvicorn_protocol import WIRE
from tests.kit import scene
from tests.kit.server import Person, Server
from tests.kit.sockets import Socket, room


def open_feed(server: Server, person: Person | None) -> Socket:
    socket = Socket(server, "/ws/feed", person)
    if person:
        socket.send("ping")
        socket.expect("pong")
    return socket


def test_the_oldest_of_too_many_pages_of_one_person_is_closed(shared: Server) -> None:
    talk = scene.stage(shared)
    pages = [open_feed(shared, talk.customer) for _ in range(MOST_LISTS_OPEN + 1)]
    others = open_feed(shared, talk.mechanic)
    assert closing_code(pages[0]) == 4409
    for page in [*pages[1:], others]:
        page.send("ping")
        page.expect("pong")
        page.close()


def heard(socket: Socket) -> list[str]:
    """Everything until it has been quiet for a second."""
    with suppress(TimeoutError):
        while True:
            socket.receive(patience=1)
    return sorted(frame["what"] for frame in socket.frames if frame["type"] == "changed")


class Wire:
    """Records the number of recipients of each feed frame."""

    def __init__(self) -> None:
        self.said: list[tuple[str, int]] = []

    def listen(self, listener: object) -> None: ...

    def push(self, frame: bytes) -> int:
        self.said.append((orjson.loads(frame)["type"], len(listeners)))
        return 0


async def test_the_feed_says_listening_once_nothing_can_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket opens before the feed listens: the person is looked up in between."""

    async def lets_in(*_given: object) -> Mock:
        return Mock()

    async def read(work: object, *_given: object) -> object:
        return [] if work is list_feed.read_changes else "mechanic"

    async def hangs_up() -> dict[str, Any]:
        return {"type": "websocket.disconnect"}

    monkeypatch.setattr(handshake, "admit_to_feed", lets_in)
    monkeypatch.setattr(executor, "read", read)
    monkeypatch.setattr("autodoctor.room.socket.list_feed.connected_users", Mock())
    wire = Wire()
    await application({"extensions": {WIRE: wire}}, hangs_up, Mock())
    assert wire.said == [("listening", 1)]
    assert len(listeners) == 0


def test_the_feed_closes_for_a_signed_out_visitor(shared: Server) -> None:
    assert closing_code(open_feed(shared, None)) == 4401


def test_the_feed_tells_each_role_of_its_changed_lists_once(shared: Server) -> None:
    talk = scene.stage(shared, "requested")
    other_mechanic = shared.enroll(1, "other-mechanic", mechanics=True)[0]
    bystander = shared.enroll(1, "bystander")[0]
    support = shared.sign_in("support@example.com")
    people = [talk.customer, talk.mechanic, other_mechanic, bystander, support]
    feeds = [open_feed(shared, person) for person in people]
    assert post(shared, talk.mechanic, f"/api/sessions/{talk.id}/accept").status_code == 200
    assert [heard(feed) for feed in feeds[:-1]] == [["sessions"], ["queue", "sessions"], ["queue"], []]
    assert set(heard(feeds[-1])) == {"support"}  # perhaps again, of who is here
    assert post(shared, talk.mechanic, f"/api/sessions/{talk.id}/release").status_code == 200
    for feed in feeds:
        feed.frames.clear()
    assert [heard(feed) for feed in feeds[:-1]] == [["sessions"], ["queue", "sessions"], ["queue"], []]
    assert set(heard(feeds[-1])) == {"support"}
    for feed in feeds:
        feed.close()


ASK = """
from django.utils import timezone
from autodoctor.accounts.models import User
from autodoctor.sessions.models import Session
from datetime import timedelta
now = timezone.now()
Session.objects.filter(pk="{id}").update(
    asked_for=User.objects.get(email="{mechanic}"), private_until=now + timedelta(minutes=20)
)
"""


def test_the_feed_tells_only_its_mechanic_of_a_private_request(shared: Server) -> None:
    talk = scene.stage(shared, "requested")
    shared.shell(ASK.format(id=talk.id, mechanic=talk.mechanic.email))
    feeds = [open_feed(shared, talk.mechanic), open_feed(shared, shared.enroll(1, "not-asked", mechanics=True)[0])]
    note = {"file": ("notes.txt", b"clicks once")}
    assert shared.client(talk.customer).post(f"/api/sessions/{talk.id}/files", files=note).status_code == 201
    assert [heard(feed) for feed in feeds] == [["queue"], []]
    for act, news in (
        ({"reason": "asked_everybody"}, [["queue"], ["queue"]]),  # open to all from here on
        (None, [["queue"], ["queue"]]),
    ):
        for feed in feeds:
            feed.frames.clear()
        assert post(shared, talk.customer, f"/api/sessions/{talk.id}/{'release' if act else 'cancel'}", act).is_success
        assert [heard(feed) for feed in feeds] == news
    for feed in feeds:
        feed.close()


def test_the_feed_tells_others_nothing_of_the_end_of_a_private_request(shared: Server) -> None:
    talk = scene.stage(shared, "requested")
    shared.shell(ASK.format(id=talk.id, mechanic=talk.mechanic.email))
    feeds = [open_feed(shared, talk.mechanic), open_feed(shared, shared.enroll(1, "nor-asked", mechanics=True)[0])]
    assert post(shared, talk.mechanic, f"/api/sessions/{talk.id}/accept").is_success
    assert [heard(feed) for feed in feeds] == [["queue", "sessions"], []]
    for feed in feeds:
        feed.frames.clear()
    assert post(shared, talk.customer, f"/api/sessions/{talk.id}/cancel").is_success
    assert [heard(feed) for feed in feeds] == [["queue", "sessions"], []]
    for feed in feeds:
        feed.close()


def test_the_feed_tells_mechanics_of_a_file_shared_with_a_waiting_request(shared: Server) -> None:
    waiting, live = scene.stage(shared, "requested"), scene.stage(shared, "live")
    feed = open_feed(shared, shared.enroll(1, "looks-on", mechanics=True)[0])
    note = {"file": ("notes.txt", b"clicks once")}
    for talk, news in ((live, []), (waiting, ["queue"])):
        feed.frames.clear()
        assert shared.client(talk.customer).post(f"/api/sessions/{talk.id}/files", files=note).status_code == 201
        assert heard(feed) == news
    feed.close()


def test_the_feed_tells_only_support_of_changed_presence(shared: Server) -> None:
    talk = scene.stage(shared, "requested")
    feeds = [open_feed(shared, person) for person in (talk.customer, shared.sign_in("support@example.com"))]
    for feed in feeds:
        heard(feed)
        feed.frames.clear()
    with Socket(shared, room(talk.id), talk.customer) as page:
        page.expect("welcome")
        assert [set(heard(feed)) for feed in feeds] == [set(), {"support"}]
    for feed in feeds:
        feed.close()


def test_the_feed_tells_the_asker_and_support_of_news_in_a_conversation(shared: Server) -> None:
    asker, bystander = shared.enroll(2, "asks")
    feeds = [open_feed(shared, person) for person in (asker, bystander, shared.sign_in("support@example.com"))]
    assert post(shared, asker, "/api/help", {"topic": "other", "text": "Hello?"}).status_code == 201
    assert [set(heard(feed)) for feed in feeds] == [{"help"}, set(), {"support"}]
    for feed in feeds:
        feed.close()


def test_signing_out_closes_the_feed(shared: Server) -> None:
    (person,) = shared.enroll(1, "leaves")
    feed = open_feed(shared, person)
    post(shared, person, "/sign-out/")
    assert closing_code(feed) == 4401
