"""Signalling goes from the page that has the call to the one that has it on the other side, and is kept nowhere."""

from contextlib import ExitStack

import pytest

from tests.fakes import scene
from tests.fakes.scene import Talk


@pytest.fixture
def video(talk: Talk) -> Talk:
    talk.server.sql(
        "UPDATE autodoctor_sessions_session SET kind = 'video' WHERE id = %s", scene.key(talk.server, talk.id)
    )
    return talk


def test_a_signal_reaches_the_other_side_and_no_log(video: Talk) -> None:
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
