"""What many send at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking
from autodoctor.conversations.asking import Question
from autodoctor.conversations.messages import Answer
from autodoctor.conversations.models import Conversation
from autodoctor.conversations.tests.conftest import NOON
from autodoctor.core.errors import Refused, TooFast
from autodoctor.scheduler.models import Job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.on_postgres]
MANY = 6


def question() -> Question:
    return Question(topic="other", text="Hello?", client_id=uuid4())


def at_once(act: Callable[[int], object], times: int = MANY) -> list[str]:
    """Return the refusals of so many calls in threads of their own; empty for what went through."""

    def run(number: int) -> str:
        try:
            act(number)
        except Refused as refused:
            return refused.code
        except TooFast:
            return "too_fast"
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(run, range(times)))


def mails() -> int:
    return Job.objects.filter(kind="mail.send").count()


def test_a_visitors_question_sent_twice_at_once_is_one_conversation_and_one_mail() -> None:
    asked = question()
    refused = at_once(lambda _: asking.ask_as_visitor(asked, name="V", email="v@example.com", now=NOON), 2)
    assert refused == ["", ""]
    assert (Conversation.objects.count(), mails()) == (1, 1)


def test_questions_at_once_with_one_address_send_it_few_mails() -> None:
    refused = at_once(lambda _: asking.ask_as_visitor(question(), name="V", email="v@example.com", now=NOON))
    assert refused == ["", "", *["too_fast"] * (MANY - 2)]
    assert mails() == 2


def test_a_members_question_sent_many_times_at_once_is_one_conversation(customer: User) -> None:
    asked = question()
    assert at_once(lambda _: asking.ask(asked, by=customer, now=NOON)) == [""] * MANY
    assert Conversation.objects.count() == 1


def test_questions_of_a_member_at_once_stay_within_the_daily_limit(customer: User) -> None:
    refused = at_once(lambda _: asking.ask(question(), by=customer, now=NOON), asking.MOST_A_DAY + 2)
    assert refused.count("too_fast") == 2
    assert Conversation.objects.count() == asking.MOST_A_DAY


def test_of_two_answers_at_once_to_a_conversation_the_second_is_refused(asked: Conversation, support: User) -> None:
    staff = [support, User.objects.create_user("second@example.com", name="Chris Colleague", is_staff=True)]

    def answer(number: int) -> None:
        said = Answer(text=f"Answer {number}", token=uuid4(), seen=1)
        answering.answer(conversation_id=asked.pk, by=staff[number], answer=said, now=NOON)

    assert at_once(answer, 2) == ["", "meanwhile"]
    assert asked.entries.filter(kind="help.answered").count() == 1


def test_a_question_repeated_at_once_is_stored_once_and_taken_by_one_colleague(
    asked: Conversation, support: User
) -> None:
    form = {"conversation_id": asked.pk, "text": "Hello?", "client_id": uuid4(), "now": NOON}
    assert at_once(lambda _: asking.write(**form)) == [""] * MANY  # type: ignore[arg-type]
    assert asked.entries.count() == 2
    colleagues = [User.objects.create_user(f"s{n}@example.com", name=f"S{n}", is_staff=True) for n in range(3)]
    taken = at_once(lambda n: answering.take(conversation_id=asked.pk, by=colleagues[n], now=NOON), 3)
    assert taken == ["", "already_taken", "already_taken"]
