"""Call signals go between the two pages that have the call, and are stored nowhere."""

from contextlib import ExitStack

import pytest

from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.sockets import Socket, room
from tests.kit.waiting import until


@pytest.fixture
def video(talk: Talk) -> Talk:
    talk.server.sql(
        "UPDATE autodoctor_sessions_session SET kind = 'video' WHERE id = %s", scene.key(talk.server, talk.id)
    )
    return talk


def test_a_signal_reaches_the_peer_and_is_not_logged(video: Talk) -> None:
    with video.open(video.customer) as customer, video.open(video.mechanic) as mechanic:
        for socket in (customer, mechanic):
            socket.send("join")
            socket.send("ping")
            socket.expect("pong")
        customer.send("signal", data={"from": "a", "hello": True})
        frame = mechanic.expect("signal")
        assert (frame["role"], frame["data"]) == ("customer", {"from": "a", "hello": True})
    kept = video.server.sql(
        "SELECT kind FROM autodoctor_sessions_sessionevent WHERE session_id = %s", scene.key(video.server, video.id)
    )
    assert not [kind for (kind,) in kept if "signal" in kind]


def test_a_newer_page_takes_the_call_and_the_older_one_may_take_it_back(video: Talk) -> None:
    people = (video.customer, video.customer, video.mechanic)
    with ExitStack() as pages:
        older, newer, mechanic = (pages.enter_context(video.open(person)) for person in people)
        for socket in (mechanic, older, newer):
            socket.send("join")
            socket.send("ping")
            socket.expect("pong")
        older.expect("replaced")
        older.send("signal", data={"from": "old"})
        assert older.expect("error")["code"] == "not_joined"
        mechanic.send("signal", data={"to": "newest"})
        assert newer.expect("signal")["data"] == {"to": "newest"}
        older.send("join")
        newer.expect("replaced")
        mechanic.send("signal", data={"to": "first"})
        assert older.expect("signal")["data"] == {"to": "first"}


def test_a_page_that_takes_the_call_back_reports_media_again(video: Talk) -> None:
    with ExitStack() as pages:
        older, newer = (pages.enter_context(video.open(video.customer)) for _ in range(2))
        older.send("join")
        older.expect("replaced")
        older.send("join")
        newer.expect("replaced")
        older.send("media", receiving=True)
        until(lambda: receives(video) == [True])
        newer.send("join")
        older.expect("replaced")
        newer.send("media", receiving=False)
        until(lambda: receives(video) == [False])
        older.send("join")
        older.send("media", receiving=True)
        until(lambda: receives(video) == [True])


def test_closing_the_page_of_the_call_clears_whether_media_arrive(video: Talk) -> None:
    with video.open(video.customer) as replaced:
        with video.open(video.customer) as newer:
            replaced.expect("replaced")
            newer.send("media", receiving=True)
            until(lambda: receives(video) == [True])
        until(lambda: receives(video) == [None])


def test_a_newer_page_clears_whether_media_arrive_at_the_older_one(video: Talk) -> None:
    with video.open(video.customer) as older:
        older.send("media", receiving=True)
        until(lambda: receives(video) == [True])
        with video.open(video.customer):
            until(lambda: receives(video) == [None])


def test_a_page_that_reconnects_keeps_whether_media_arrive(video: Talk) -> None:
    path = room(video.id) + "&page=the-same-page"
    with ExitStack() as pages:
        first = pages.enter_context(Socket(video.server, path, video.customer))
        first.send("join")
        first.send("media", receiving=True)
        until(lambda: receives(video) == [True])
        second = pages.enter_context(Socket(video.server, path, video.customer))
        second.send("join")
        second.expect("event", client_id=second.say("the same call"))
        assert receives(video) == [True]


def test_a_page_may_withdraw_whether_media_arrive(video: Talk) -> None:
    with video.open(video.customer) as customer:
        for said in (False, None, True, None):
            customer.send("media", receiving=said)
            until(lambda said=said: receives(video) == [said])  # type: ignore[misc]


def test_a_page_says_of_the_next_mechanic_what_it_said_of_the_one_before(video: Talk) -> None:
    server, address = video.server, f"/api/sessions/{video.id}"
    (second,) = server.enroll(1, "second-", mechanics=True)
    with video.open(video.customer) as customer, video.open(video.mechanic):
        customer.send("media", receiving=True)
        until(lambda: receives(video) == [True])
        left = server.client(video.mechanic).post(f"{address}/substitute", json={"note": "Plug 3 is out"})
        assert left.status_code == 200, left.text
        assert receives(video) == [None]
        assert server.client(second).post(f"{address}/accept").status_code == 200
        with video.open(second):
            customer.send("media", receiving=True)
            until(lambda: receives(video) == [True])


def receives(talk: Talk) -> list[bool | None]:
    """Return the stored `receiving` of the customer's row."""
    query = (
        "SELECT receiving FROM autodoctor_sessions_participant"
        " WHERE session_id = %s AND role = 'customer' AND released_at IS NULL"
    )
    found = talk.server.sql(query, scene.key(talk.server, talk.id))
    return [None if value is None else bool(value) for (value,) in found]
