"""Asking, answering and closing, without pages."""

from datetime import timedelta
from uuid import uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking, record
from autodoctor.conversations.asking import Question
from autodoctor.conversations.messages import LONGEST, MOST, Answer
from autodoctor.conversations.models import Conversation, State
from autodoctor.conversations.tests.conftest import NOON
from autodoctor.core.errors import Refused, TooFast
from autodoctor.mail.failures import address_failed, address_reached
from autodoctor.scheduler.models import Job

pytestmark = pytest.mark.django_db
A_MINUTE, A_DAY = timedelta(minutes=1), timedelta(days=1)


def reason(*, topic: str = "account", text: str = "I cannot sign in") -> Question:
    return Question(topic=topic, text=text, client_id=uuid4())


def answered(conversation: Conversation, by: User, text: str = "Try again", **form: object) -> str:
    said = answering.answer(conversation_id=conversation.pk, by=by, answer=Answer(text=text, **form), now=NOON)  # type: ignore[arg-type]
    return said.text


def refusal(ask: object, **given: object) -> str:
    with pytest.raises(Refused) as refused:
        ask(**given)  # type: ignore[operator]
    return refused.value.code


def test_a_question_of_a_mechanic_is_stored_with_the_role_mechanic(mechanic: User) -> None:
    asked = asking.ask(reason(topic="mechanics"), by=mechanic, now=NOON)
    assert (asked.asker, asked.person, asked.email, asked.state) == ("mechanic", mechanic, "", State.OPEN)


def test_support_cannot_ask_support_a_question(support: User) -> None:
    assert refusal(asking.ask, question=reason(), by=support, now=NOON) == "not_a_party"


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (reason(topic="danger"), "topic"),
        (reason(topic=""), "topic"),
        (reason(text=" \n\0 "), "text"),
        (reason(text="x" * (LONGEST + 1)), "text"),
    ],
)
def test_an_invalid_question_is_refused_and_leaves_nothing(customer: User, question: Question, code: str) -> None:
    assert refusal(asking.ask, question=question, by=customer, now=NOON) == code
    given = {"question": question, "name": "V", "email": "v@example.com", "now": NOON}
    assert refusal(asking.ask_as_visitor, **given) == code
    assert not Conversation.objects.exists()
    assert not Job.objects.filter(kind="mail.send").exists()


def test_a_question_form_sent_twice_is_one_conversation(customer: User, stranger: User) -> None:
    question = reason()
    first, second = (asking.ask(question, by=customer, now=NOON) for _ in range(2))
    assert first.pk == second.pk
    assert Conversation.objects.get().entries.count() == 1
    assert refusal(asking.ask, question=question, by=stranger, now=NOON) == "client_id_reused"
    visitor = {"name": "V", "email": "v@example.com", "now": NOON}
    assert refusal(asking.ask_as_visitor, question=question, **visitor) == "client_id_reused"


def test_a_visitors_form_sent_twice_sends_one_mail() -> None:
    question = reason()
    for _ in range(2):
        asking.ask_as_visitor(question, name="V", email="v@example.com", now=NOON)
    assert Conversation.objects.count() == 1
    assert Job.objects.filter(kind="mail.send").count() == 1


def test_questions_of_an_account_per_day_are_limited(customer: User) -> None:
    for _ in range(asking.MOST_A_DAY):
        asking.ask(reason(), by=customer, now=NOON)
    assert refusal(asking.ask, question=reason(), by=customer, now=NOON + A_DAY - A_MINUTE) == "too_fast"
    asking.ask(reason(), by=customer, now=NOON + A_DAY)


def test_a_visitors_address_gets_few_confirmation_mails_whoever_types_it() -> None:
    def ask(hours: int, email: str = "v@example.com") -> None:
        asking.ask_as_visitor(reason(), name="V", email=email, now=NOON + timedelta(hours=hours))

    ask(0)
    ask(0, "V@EXAMPLE.com")
    for email in ("v@example.com", "V@EXAMPLE.com"):
        with pytest.raises(TooFast):
            ask(1, email)
    ask(1, "other@example.com")
    ask(13)
    assert Conversation.objects.filter(email="v@example.com").count() == 3


def test_support_sees_a_visitors_question_once_it_is_confirmed(of_visitor: Conversation, support: User) -> None:
    assert (of_visitor.state, of_visitor.email) == (State.UNCONFIRMED, "vera@example.com")
    for act in (answering.take, answering.hand_back):
        with pytest.raises(Conversation.DoesNotExist):
            act(conversation_id=of_visitor.pk, by=support, now=NOON)
    with pytest.raises(Conversation.DoesNotExist):
        answered(of_visitor, support)
    for _ in range(2):
        asking.confirm(conversation_id=of_visitor.pk, now=NOON)
    of_visitor.refresh_from_db()
    assert (of_visitor.state, of_visitor.entries.count()) == (State.OPEN, 1)


def test_nothing_that_a_visitor_typed_stands_in_the_mail_to_the_address(of_visitor: Conversation) -> None:
    (job,) = Job.objects.filter(kind="mail.send")
    assert job.payload["address"] == "vera@example.com"
    for typed in ("Vera Visitor", "old cars"):
        assert typed not in str(job.payload)


def test_messages_in_a_conversation_are_limited(asked: Conversation) -> None:
    for number in range(MOST - 1):
        asking.write(conversation_id=asked.pk, text=str(number), now=NOON)
    assert refusal(asking.write, conversation_id=asked.pk, text="x", now=NOON + A_DAY) == "too_many"


def test_a_message_or_answer_sent_twice_is_stored_once(asked: Conversation, support: User) -> None:
    form = {"conversation_id": asked.pk, "text": "Hello?", "client_id": uuid4(), "now": NOON}
    assert asking.write(**form).pk == asking.write(**form).pk  # type: ignore[arg-type]
    token = uuid4()
    for _ in range(2):
        answered(asked, support, token=token, seen=2)
    assert [entry.kind for entry in record.spoken(asked)] == ["help.asked", "help.asked", "help.answered"]
    assert Job.objects.filter(kind="mail.send", payload__template="conversations/mail/answered").count() == 1
    assert refusal(asking.write, **form | {"client_id": token}) == "client_id_reused"


def test_an_answer_from_a_page_that_missed_a_newer_message_is_refused(asked: Conversation, support: User) -> None:
    colleague = User.objects.create_user("second@example.com", name="Chris Colleague", is_staff=True)
    answered(asked, colleague, "Wait", seen=1)
    with pytest.raises(Refused, match="meanwhile") as refused:
        answered(asked, support, seen=1)
    assert "Chris Colleague" in refused.value.detail
    close = {"conversation_id": asked.pk, "by": support, "note": "Done", "now": NOON}
    assert refusal(answering.close, **close, seen=1) == "meanwhile"
    asking.write(conversation_id=asked.pk, text="Thanks", now=NOON)
    assert refusal(answering.close, **close, seen=2) == "meanwhile"
    assert answered(asked, support, seen=3) == "Try again"


def test_a_question_taken_by_a_colleague_does_not_refuse_an_answer(asked: Conversation, support: User) -> None:
    colleague = User.objects.create_user("second@example.com", name="Chris Colleague", is_staff=True)
    answering.take(conversation_id=asked.pk, by=colleague, now=NOON)
    assert answered(asked, support, seen=1) == "Try again"


def test_a_question_is_held_by_one_support_person_at_a_time(asked: Conversation, support: User) -> None:
    colleague = User.objects.create_user("second@example.com", name="Chris Colleague", is_staff=True)
    which = {"conversation_id": asked.pk, "now": NOON}
    answering.take(**which, by=support)  # type: ignore[arg-type]
    answering.take(**which, by=support)  # type: ignore[arg-type]
    assert refusal(answering.take, **which, by=colleague) == "already_taken"
    assert refusal(answering.take, **which, by=colleague, instead_of=colleague.pk) == "already_taken"
    assert refusal(answering.hand_back, **which, by=colleague) == "not_yours"
    answering.take(**which, by=colleague, instead_of=support.pk)  # type: ignore[arg-type]
    answering.hand_back(**which, by=colleague)  # type: ignore[arg-type]
    kinds = list(asked.entries.order_by("seq").values_list("kind", flat=True))
    assert kinds == ["help.asked", "support.took", "support.took", "support.handed_back"]
    answered(asked, support)
    assert refusal(answering.take, **which, by=support) == "already_done"


def test_closing_a_conversation_needs_a_reason_and_happens_once(asked: Conversation, support: User) -> None:
    close = {"conversation_id": asked.pk, "by": support, "now": NOON}
    assert refusal(answering.close, **close, note=" ") == "no_reason"
    for _ in range(2):
        answering.close(**close, note="Solved")  # type: ignore[arg-type]
    assert asked.entries.filter(kind="help.closed").count() == 1
    assert Job.objects.filter(kind="mail.send", payload__template="conversations/mail/closed").count() == 1


def test_an_answer_that_closes_the_conversation_sends_one_mail(asked: Conversation, support: User) -> None:
    answer = Answer(text="It works now", seen=1)
    answering.answer(conversation_id=asked.pk, by=support, answer=answer, now=NOON, closes=True)
    asked.refresh_from_db()
    assert asked.state == State.CLOSED
    assert [job.payload["template"] for job in Job.objects.filter(kind="mail.send")] == ["conversations/mail/answered"]


def test_only_support_answers_takes_and_closes_questions(asked: Conversation, customer: User, stranger: User) -> None:
    for person in (customer, stranger):
        with pytest.raises(Conversation.DoesNotExist):
            answered(asked, person)
        for act in (answering.take, answering.hand_back):
            with pytest.raises(Conversation.DoesNotExist):
                act(conversation_id=asked.pk, by=person, now=NOON)
        with pytest.raises(Conversation.DoesNotExist):
            answering.close(conversation_id=asked.pk, by=person, note="x", now=NOON)


def test_an_answer_is_unread_until_the_asker_opens_it(asked: Conversation, support: User) -> None:
    def unread() -> bool:
        return Conversation.objects.get().unread

    assert not unread()
    answered(asked, support)
    assert unread()
    asking.read(Conversation.objects.get())
    assert not unread()


def test_an_address_that_mails_do_not_reach_is_marked(of_visitor: Conversation) -> None:
    for signal, fails in ((address_failed, True), (address_reached, False)):
        signal.send(sender=None, address="VERA@example.com")
        of_visitor.refresh_from_db()
        assert of_visitor.mail_fails is fails
