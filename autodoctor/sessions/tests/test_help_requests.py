""" "Get help": asking support in every state, and reading only one's own thread."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.conversations.messages import MOST
from autodoctor.core.errors import Refused
from autodoctor.sessions.lifecycle import endings, help_requests, releases
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record import event_log
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db


def ask(story: Story, by: User, text: str = "Help me", **more: object) -> SessionEvent:
    given = {"reason": "other", "now": story.now} | more
    return help_requests.ask_support(session_id=story.id, by=by, text=text, **given)  # type: ignore[arg-type]


def answer(story: Story, support: User, to: str, text: str = "We are here") -> SessionEvent:
    said = help_requests.Answer(to=to, text=text)
    return help_requests.answer_help_request(session_id=story.id, by=support, answer=said, now=story.now)


def read(story: Story, viewer: str) -> list[str]:
    texts = [event.data.get("text") for event in event_log.read_events(story.id, after=0, viewer=viewer)]
    return [text for text in texts if text]


def texts(thread: help_requests.Thread) -> list[str]:
    return [event.data["text"] for event in thread.words]


def test_each_participant_reads_only_their_own_help_thread(
    story: Story, customer: User, mechanic: User, support: User
) -> None:
    story.live()
    ask(story, customer, "He is rude")
    ask(story, mechanic, "She shouts")
    answer(story, support, "customer", "We listen")
    answer(story, support, "mechanic", "Stay calm")
    assert read(story, "customer") == ["He is rude", "We listen"]
    assert read(story, "mechanic") == ["She shouts", "Stay calm"]
    assert read(story, "support") == ["He is rude", "She shouts", "We listen", "Stay calm"]
    assert [texts(thread) for thread in help_requests.threads(story.session)] == [
        ["He is rude", "We listen"],
        ["She shouts", "Stay calm"],
    ]


@pytest.mark.parametrize("where", ["draft", "requested", "accepted", "live", "completed", "cancelled"])
def test_help_works_in_every_state(story: Story, customer: User, support: User, where: str) -> None:
    walk: dict[str, Callable[[], object]] = {
        "draft": lambda: story,
        "requested": story.pay,
        "accepted": lambda: story.pay().accept(),
        "live": story.live,
        "completed": lambda: story.live().end(customer),
        "cancelled": lambda: endings.cancel_session(session_id=story.pay().id, by=customer, now=story.now),
    }
    walk[where]()
    assert story.session.state == where
    ask(story, customer)
    answer(story, support, "customer")
    assert read(story, "customer") == ["Help me", "We are here"]
    (alert,) = [each for each in story.events("alert.support") if each.data["rule"] == "help.asked"]
    assert alert.data.items() >= {"reason": "other", "role": "customer", "customer": str(customer.id)}.items()
    assert "text" not in alert.data


def test_questions_of_a_session_raise_one_alert_until_support_has_answered(
    story: Story, customer: User, support: User
) -> None:
    story.pay()
    for _ in range(3):
        ask(story, customer)
    assert len(story.events("alert.support")) == 1
    answer(story, support, "customer")
    ask(story, customer)
    assert len(story.events("alert.support")) == 2


def test_help_can_be_asked_for_until_thirty_days_after_the_end(story: Story, customer: User) -> None:
    story.live().end(customer)
    story.now += timedelta(days=30) - timedelta(seconds=1)
    ask(story, customer)
    story.now += timedelta(seconds=1)
    with pytest.raises(Refused, match="help_closed"):
        ask(story, customer)


def test_a_stranger_and_a_mechanic_who_gave_the_request_back_find_no_help_thread(
    story: Story, mechanic: User, mechanic2: User, stranger: User, support: User
) -> None:
    story.pay().accept()
    ask(story, mechanic, "She shouts")
    releases.release_request(session_id=story.id, by=mechanic, reason="x", now=story.now)
    story.accept(mechanic2)
    for person in (stranger, mechanic):
        with pytest.raises(Session.DoesNotExist):
            ask(story, person)
    assert read(story, "mechanic") == []  # the second mechanic must not read the first one's thread
    assert read(story, "support") == ["She shouts"]
    assert help_requests.thread_of(story.session, mechanic2).words == []
    with pytest.raises(Refused, match="not_asked"):
        answer(story, support, "mechanic")


def test_only_support_answers_help_and_only_a_participant_who_asked_is_answered(
    story: Story, customer: User, mechanic: User, stranger: User, support: User
) -> None:
    story.live()
    ask(story, customer)
    for person in (customer, mechanic, stranger):
        with pytest.raises(Session.DoesNotExist):
            answer(story, person, "customer")
    for to in ("mechanic", "support", "both", ""):
        with pytest.raises(Refused, match="not_asked"):
            answer(story, support, to)
    with pytest.raises(Refused, match="not_a_party"):
        ask(story, support)


@pytest.mark.parametrize("text", ["", "  \n ", "\0", "x" * 2001])
def test_invalid_texts_of_help_are_refused(story: Story, customer: User, text: str) -> None:
    with pytest.raises(Refused, match="text"):
        ask(story, customer, text)
    with pytest.raises(Refused, match="reason"):
        ask(story, customer, reason="because")


def test_unusual_characters_in_help_are_kept_as_far_as_they_can_be_stored(story: Story, customer: User) -> None:
    assert ask(story, customer, "a\0b\ud800\r\nc").data["text"] == "ab?\nc"


def test_the_number_of_questions_of_a_participant_is_limited(story: Story, customer: User) -> None:
    for _ in range(MOST):
        ask(story, customer)
    with pytest.raises(Refused, match="too_many"):
        ask(story, customer)


def test_a_question_sent_again_with_its_client_id_is_the_same_question(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live()
    client_id = uuid4()
    first = ask(story, customer, client_id=client_id)
    assert ask(story, customer, client_id=client_id).seq == first.seq
    assert len(story.events("help.asked")) == 1
    with pytest.raises(Refused, match="client_id_reused"):
        ask(story, mechanic, client_id=client_id)


def test_an_answer_is_mailed_without_an_open_page(story: Story, customer: User, support: User) -> None:
    story.live()
    ask(story, customer)
    answer(story, support, "customer")
    assert "help_answered" not in story.mails()
    story.leave(customer)
    answer(story, support, "customer")
    assert story.mails().count("help_answered") == 1
