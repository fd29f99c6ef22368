"""Questions without a session on the desk: board, page, search, person."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking
from autodoctor.conversations.asking import Question
from autodoctor.conversations.messages import Answer
from autodoctor.conversations.models import Conversation, State
from autodoctor.sessions.lifecycle import alert_work, help_requests
from autodoctor.sessions.models import Alert
from autodoctor.sessions.tests.story import Story
from autodoctor.support.board_lines import Line, board
from autodoctor.support.levels import Level

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
JSON = {"Accept": "application/json"}
A_DAY = timedelta(days=1)


@pytest.fixture
def asked(mechanic: User) -> Conversation:
    return asking.ask(Question(topic="mechanics", text="When am I paid?"), by=mechanic, now=timezone.now())


@pytest.fixture
def of_visitor(db: None) -> Conversation:
    """A confirmed question of a visitor."""
    question, now = Question(topic="booking", text="Do you know old cars?"), timezone.now()
    found = asking.ask_as_visitor(question, name="Özlem Visitor", email="ozlem@example.com", now=now)
    return asking.confirm(conversation_id=found.pk, now=now)


def at(asked: Conversation) -> str:
    return f"/support/conversations/{asked.pk}/"


def test_a_question_is_taken_and_handed_back_from_the_board(
    asked: Conversation, of_visitor: Conversation, desk: Client
) -> None:
    page = desk.get("/support/").content.decode()
    for words in ("Morgan Mechanic", "Mechanic", "Özlem Visitor", "Visitor", "Working as a mechanic"):
        assert words in page
    assert page.count('class="line line--alarm"') == 2
    said = desk.post(at(asked), {"act": "take"}, headers=JSON).json()
    assert said["level"] == "success"
    assert desk.get("/support/open/").content.decode().count('class="line line--handled"') == 1
    desk.post(at(asked), {"act": "hand_back", "back": "/support/"})
    assert desk.get("/support/open/").content.decode().count('class="line line--alarm"') == 2


def test_an_unconfirmed_question_is_not_shown_to_support(desk: Client) -> None:
    question = Question(topic="booking", text="Spam")
    asked = asking.ask_as_visitor(question, name="Sam Spam", email="spam@example.com", now=timezone.now())
    for address in ("/support/", "/support/search/?q=spam", f"/support/search/?q={asked.pk}"):
        assert "Sam Spam" not in desk.get(address).content.decode()
    assert desk.get(at(asked)).status_code == 404
    assert desk.post(at(asked), {"act": "answer", "text": "Hello"}).status_code == 404


def test_a_question_with_an_overdue_answer_is_first_on_the_board(
    story: Story, asked: Conversation, support: User
) -> None:
    """Above a session in alarm, and whoever has taken it."""
    story.pay().wait(minutes=3)  # nobody accepts it
    answering.take(conversation_id=asked.pk, by=support, now=timezone.now())
    now = timezone.now()
    assert [hasattr(line, "session") for line in board(now).entries] == [True, False]
    later = board(now + A_DAY).entries
    assert [hasattr(line, "session") for line in later] == [False, True]
    assert later[0].level.word == "alarm"


def test_a_session_with_an_overdue_answer_is_first_on_the_board_also_after_its_end(
    story: Story, asked: Conversation, support: User, desk: Client
) -> None:
    story.pay()
    help_requests.ask_support(session_id=story.id, by=story.customer, reason="other", text="Help", now=story.now)
    alert = Alert.objects.get(rule="help.asked")
    alert_work.take_alert(session_id=story.id, seq=alert.seq, by=support, now=story.now)
    entries = board(story.now + timedelta(hours=3)).entries
    assert not any(entry.overdue for entry in entries if isinstance(entry, Line))
    story.wait(minutes=240)
    first = board(story.now).entries[0]
    assert isinstance(first, Line)
    assert (first.session.pk, first.level, first.overdue) == (story.id, Level.ALARM, True)
    assert board(story.now).closed == []
    assert "The answer is overdue" in desk.get("/support/").content.decode()


def test_the_board_costs_the_same_for_many_questions(
    asked: Conversation, desk: Client, django_assert_max_num_queries: Callable[..., object], stranger: User
) -> None:
    for _ in range(5):
        asking.ask(Question(topic="other", text="Hello"), by=stranger, now=timezone.now())
    with django_assert_max_num_queries(20):  # type: ignore[attr-defined]
        assert desk.get("/support/open/").content.decode().count("data-request") == 6


def test_an_answer_of_support_sent_twice_is_stored_once(asked: Conversation, desk: Client) -> None:
    form = {"act": "answer", "text": "Every Monday", "token": str(uuid4()), "seen": "1"}
    for _ in range(2):
        sent = desk.post(at(asked), form)
        assert (sent.status_code, sent.headers["Location"]) == (303, at(asked))
    assert asked.entries.filter(kind="help.answered").count() == 1
    board_page = desk.get("/support/").content.decode()
    assert "1 answered question is still open" in board_page
    assert "line--alarm" not in board_page


def test_an_answer_from_a_stale_page_is_shown_again_with_its_text(
    asked: Conversation, desk: Client, colleague: User
) -> None:
    answering.answer(conversation_id=asked.pk, by=colleague, answer=Answer(text="Soon"), now=timezone.now())
    sent = desk.post(at(asked), {"act": "answer", "text": "Never", "token": str(uuid4()), "seen": "1"})
    page = sent.content.decode()
    assert sent.status_code == 409
    assert "Meanwhile Chris Colleague wrote here" in page
    assert ">Never</textarea>" in page
    assert asked.entries.count() == 2


def test_support_closes_a_question_with_a_reason(asked: Conversation, desk: Client) -> None:
    assert desk.post(at(asked), {"act": "close", "note": "", "seen": "1"}).status_code == 422
    assert desk.post(at(asked), {"act": "close", "note": "Told by phone", "seen": "1"}).status_code == 303
    asked.refresh_from_db()
    assert asked.state == State.CLOSED
    assert "Told by phone" in desk.get(at(asked)).content.decode()


def test_the_reason_for_closing_a_question_is_shown_to_support_only(
    asked: Conversation, desk: Client, client_of: ClientOf, mechanic: User
) -> None:
    desk.post(at(asked), {"act": "close", "note": "A nuisance", "seen": "1"})
    page = client_of(mechanic).get(f"/help/{asked.pk}/").content.decode()
    assert "closed this question" in page
    assert "A nuisance" not in page
    assert "A nuisance" not in client_of(mechanic).get(f"/api/help/{asked.pk}").content.decode()


@pytest.mark.parametrize("act", ["", "delete", "answer_and"])
def test_an_unknown_act_on_a_question_does_nothing(asked: Conversation, desk: Client, act: str) -> None:
    assert desk.post(at(asked), {"act": act}).status_code == 422
    assert asked.entries.count() == 1


@pytest.mark.parametrize("query", ["ozlem", "Özlem", "ozlem@exam"])
def test_search_finds_a_visitors_question(of_visitor: Conversation, desk: Client, query: str) -> None:
    page = desk.get("/support/search/", {"q": query}).content.decode()
    assert at(of_visitor) in page


def test_search_finds_a_question_by_its_asker_and_its_id(asked: Conversation, desk: Client) -> None:
    assert at(asked) in desk.get("/support/search/?q=Morgan").content.decode()
    assert at(asked) in desk.get("/support/search/", {"q": str(asked.pk)[:8]}).content.decode()
    assert desk.get("/support/search/", {"q": str(asked.pk)}).headers["Location"] == at(asked)


def test_the_page_of_a_person_lists_their_questions(asked: Conversation, mechanic: User, desk: Client) -> None:
    assert at(asked) in desk.get(f"/support/people/{mechanic.pk}/").content.decode()


def test_other_questions_of_the_same_address_stand_beside_it(of_visitor: Conversation, desk: Client) -> None:
    later = timezone.now() + A_DAY
    question = Question(topic="other", text="Again")
    other = asking.ask_as_visitor(question, name="O", email="ozlem@example.com", now=later)
    assert at(other) not in desk.get(at(of_visitor)).content.decode()
    asking.confirm(conversation_id=other.pk, now=later)
    assert at(other) in desk.get(at(of_visitor)).content.decode()
