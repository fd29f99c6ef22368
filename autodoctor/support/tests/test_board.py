"""The board: sessions in trouble come first, with the reason; alerts can be taken."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking
from autodoctor.conversations.messages import Answer
from autodoctor.sessions.event_data import EventData
from autodoctor.sessions.lifecycle import alert_work, substitutes
from autodoctor.sessions.models import Alert
from autodoctor.sessions.tests.story import Story
from autodoctor.support import board_lines
from autodoctor.support.levels import Level

ClientOf = Callable[[User], Client]
JSON = {"Accept": "application/json"}


def levels(story: Story) -> list[tuple[str, str]]:
    board = board_lines.board(story.now)
    return [(line.session.customer.name, line.level.word) for line in board.lines]


def only(story: Story) -> board_lines.Line:
    (line,) = board_lines.board(story.now).lines
    return line


def words(markup: bytes) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", markup.decode()).split())


def disputed(story: Story) -> Alert:
    alert_work.raise_support_alert(session_id=story.id, rule="payment.disputed", data=EventData(), now=story.now)
    return Alert.objects.get(rule="payment.disputed", session_id=story.id)


def test_the_board_lists_sessions_in_trouble_first(
    story: Story, stranger: User, mechanic2: User, support: User
) -> None:
    story.live()
    waiting = Story(stranger, mechanic2).pay().wait(minutes=4)
    story.now = waiting.now
    assert levels(story) == [("Sam Stranger", "alarm"), ("Casey Customer", "calm")]

    story.leave(story.mechanic).wait(seconds=6)
    assert levels(story)[1] == ("Casey Customer", "trouble")

    alert = Alert.objects.get()
    alert_work.take_alert(session_id=waiting.id, seq=alert.seq, by=support, now=waiting.now)
    assert levels(story) == [("Casey Customer", "trouble"), ("Sam Stranger", "handled")]


def test_a_line_of_the_board_says_who_is_here_since_when_and_what_is_wrong(story: Story) -> None:
    story.live().wait(minutes=5).leave(story.mechanic)
    gone = story.now
    story.wait(seconds=6)
    line = only(story)
    assert [(one.role, one.status) for one in line.people] == [("customer", "in"), ("mechanic", "away")]
    assert line.people[1].since == gone
    assert [sign.what for sign in line.signs] == ["paused:mechanic"]
    assert line.signs[0].since == gone


def test_a_session_to_watch_is_not_in_trouble(story: Story) -> None:
    story.pay()
    assert only(story).level == Level.CALM
    story.wait(minutes=2)
    assert (only(story).level, only(story).signs[0].what) == (Level.WATCH, "unaccepted")
    story.accept()
    assert {sign.what for sign in only(story).signs} == {"not_here:customer", "not_here:mechanic"}
    story.join().wait(minutes=1)
    assert [sign.what for sign in only(story).signs] == ["not_started"]


def test_unpaid_bookings_and_ended_sessions_stand_apart_on_the_board(
    story: Story, stranger: User, mechanic2: User
) -> None:
    assert [session.id for session in board_lines.board(story.now).drafts] == [story.id]
    over = Story(stranger, mechanic2).live().end(stranger)
    disputed(over)
    board = board_lines.board(story.now)
    assert (board.lines, [session.id for session, _ in board.closed]) == ([], [over.id])


def test_the_board_tells_the_state_of_sessions_in_words(story: Story, support: User, client_of: ClientOf) -> None:
    story.live().leave(story.customer).wait(seconds=6)
    disputed(story)
    answer = client_of(support).get("/support/open/")
    text = words(answer.content)
    for part in (
        "Casey Customer",
        "Morgan Mechanic",
        "The customer lost the connection, the clock is paused",
        "The customer disputes the charge",
        "Take",
        "1 needs attention",
        "Volvo",
    ):
        assert part in text


def test_an_alert_is_taken_from_the_board_and_a_late_colleague_is_told(
    story: Story, support: User, colleague: User, client_of: ClientOf
) -> None:
    alert = disputed(story.live())
    address = f"/support/sessions/{story.id}/alerts/{alert.seq}/"
    assert client_of(support).post(address, {"act": "take"}).headers["Location"] == "/support/"
    late: Any = client_of(colleague).post(address, {"act": "take"}, headers=JSON)
    assert late.json() == {"text": "Sandy Support has already taken this alert.", "level": "warning"}
    assert "Sandy Support took this alert" in words(client_of(colleague).get("/support/").content)
    assert "You took this alert" in words(client_of(support).get("/support/").content)

    over: Any = client_of(colleague).post(f"{address}?holder={support.id}", {"act": "take_over"}, headers=JSON)
    assert over.json()["level"] == "success"
    assert client_of(colleague).post(address, {"act": "hand_back"}, headers=JSON).json()["level"] == "success"
    assert client_of(colleague).post(address, {"act": "done", "note": "rang"}, headers=JSON).json()["text"] == "Done."
    assert "disputes" not in words(client_of(support).get("/support/").content)
    assert client_of(support).post(address, {"act": "dance"}, headers=JSON).json()["level"] == "warning"
    assert client_of(support).post(address.replace(f"/{alert.seq}/", "/999/"), {"act": "take"}).status_code == 404
    away = client_of(support).post(address, {"act": "take", "back": "//evil.example/"})
    assert away.headers["Location"] == "/support/"


@pytest.mark.django_db(transaction=True)
def test_of_two_colleagues_who_take_an_alert_at_once_one_gets_it(
    story: Story, support: User, colleague: User, client_of: ClientOf
) -> None:
    alert = disputed(story.live())
    address = f"/support/sessions/{story.id}/alerts/{alert.seq}/"
    clients, start, said = [client_of(support), client_of(colleague)], threading.Barrier(2), []

    def press(client: Client) -> None:
        try:
            start.wait()
            said.append(client.post(address, {"act": "take"}, headers=JSON).json())
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["level"] for one in said) == ["success", "warning"]
    holder = Alert.objects.select_related("taken_by").get(pk=alert.pk).taken_by
    assert holder
    assert f"{holder.name} has already taken this alert." in {one["text"] for one in said}
    assert len(story.events("support.took")) == 1


def test_a_longer_board_takes_no_more_queries(
    story: Story, stranger: User, mechanic2: User, support: User, client_of: ClientOf
) -> None:
    client = client_of(support)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/support/").status_code == 200
        return len(captured)

    disputed(story.live())
    disputed(Story(stranger, mechanic2).live().end(stranger))
    few = queries()
    for _ in range(3):
        disputed(Story(stranger, mechanic2).pay())
        disputed(Story(stranger, mechanic2).live().end(stranger))
    assert queries() == few <= 20


def test_markup_in_a_name_is_shown_as_text_on_the_board(story: Story, support: User, client_of: ClientOf) -> None:
    story.customer.name = "<img src=x onerror=alert(1)>"
    story.customer.save()
    disputed(story.live())
    assert b"<img src=x" not in client_of(support).get("/support/").content


def test_the_number_of_lines_on_the_board_is_limited(story: Story) -> None:
    story.pay()
    assert set(board_lines.board(story.now + timedelta(days=1)).more.values()) == {0}


def test_lists_of_the_board_say_what_they_do_not_show(
    story: Story, stranger: User, mechanic2: User, support: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines in trouble are always shown; of the others it says how many there are."""
    monkeypatch.setattr(board_lines, "MOST", 1)
    for number in range(3):
        who = User.objects.create_user(f"customer-{number}@example.com", name=f"Customer {number}")
        Story(who, mechanic2)  # not paid yet
        disputed(Story(who, mechanic2).live().end(who))
        question = asking.ask(asking.Question(topic="account", text="Where is it?"), by=who, now=story.now)
        answering.answer(conversation_id=question.pk, by=support, answer=Answer(text="Here."), now=story.now)
        Story(who, mechanic2).pay()  # goes well, for the moment
        disputed(Story(who, mechanic2).pay())
    board = board_lines.board(story.now)
    assert [line.level for line in board.lines] == [Level.ALARM] * 3
    assert board.more == {"lines": 3, "drafts": 3, "closed": 2, "answered": 2}
    text = words(client_of(support).get("/support/").content)
    assert "3 answered questions are still open" in text
    assert "4 bookings are not paid yet" in text
    assert (text.count("2 more are not shown."), text.count("3 more are not shown.")) == (2, 1)


def test_a_session_that_needs_another_mechanic_stands_first(story: Story, mechanic: User) -> None:
    story.live()
    substitutes.ask_for_substitute(session_id=story.id, by=mechanic, note="A coil", now=story.now)
    story.wait(seconds=1)
    line = only(story)
    assert (line.level, [sign.what for sign in line.signs]) == (Level.ALARM, ["searching"])
    assert [notice.alert.rule for notice in line.notices] == ["substitute.needed"]
