"""No state without a deadline, and what each deadline does."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking, deadlines
from autodoctor.conversations.deadlines import OF_A_CONVERSATION, HelpJob
from autodoctor.conversations.jobs import JOBS
from autodoctor.conversations.messages import Answer
from autodoctor.conversations.models import Asker, Conversation, State
from autodoctor.conversations.tests.conftest import NOON, Wait
from autodoctor.scheduler.models import Job

pytestmark = pytest.mark.django_db
HOURS, DAYS = timedelta(hours=1), timedelta(days=1)


def scheduled(conversation: Conversation) -> set[str]:
    return set(Job.objects.filter(key=str(conversation.pk), kind__in=OF_A_CONVERSATION).values_list("kind", flat=True))


def mails(template: str) -> int:
    return Job.objects.filter(kind="mail.send", payload__template=f"conversations/mail/{template}").count()


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("asker", Asker)
def test_every_waiting_state_of_a_conversation_has_a_deadline(state: State, asker: Asker) -> None:
    found = deadlines.expected(Conversation(state=state, asker=asker, state_at=NOON))
    kept_with_the_account = state is State.CLOSED and asker is not Asker.VISITOR
    assert bool(found) is not kept_with_the_account


def test_the_scheduled_jobs_of_a_conversation_follow_its_state(asked: Conversation, support: User) -> None:
    assert scheduled(asked) == {HelpJob.UNTAKEN, HelpJob.OVERDUE}
    answering.take(conversation_id=asked.pk, by=support, now=NOON)
    assert scheduled(asked) == {HelpJob.OVERDUE}
    answering.hand_back(conversation_id=asked.pk, by=support, now=NOON)
    assert scheduled(asked) == {HelpJob.UNTAKEN, HelpJob.OVERDUE}
    answering.answer(conversation_id=asked.pk, by=support, answer=Answer(text="Try again"), now=NOON)
    assert scheduled(asked) == {HelpJob.IDLE}
    asking.write(conversation_id=asked.pk, text="It still fails", now=NOON)
    assert scheduled(asked) == {HelpJob.UNTAKEN, HelpJob.OVERDUE}
    answering.close(conversation_id=asked.pk, by=support, note="Solved by phone", now=NOON)
    assert scheduled(asked) == set()


def test_a_question_that_nobody_takes_is_mailed_to_all_of_support(
    asked: Conversation, support: User, wait: Wait
) -> None:
    User.objects.create_user("second@example.com", name="Chris Colleague", is_staff=True)
    wait(timedelta(minutes=2))
    assert mails("untaken") == 0
    wait(timedelta(minutes=10))
    assert mails("untaken") == 2


def test_a_taken_question_still_has_to_be_answered_in_time(asked: Conversation, support: User, wait: Wait) -> None:
    answering.take(conversation_id=asked.pk, by=support, now=NOON)
    wait(3 * HOURS)
    assert mails("overdue") == 0
    wait(5 * HOURS)
    assert mails("overdue") == 1
    wait(9 * HOURS)
    assert mails("overdue") == 2  # and so on, until there is an answer


def test_another_message_of_the_asker_does_not_move_the_deadline(
    asked: Conversation, support: User, wait: Wait
) -> None:
    asking.write(conversation_id=asked.pk, text="Hello?", now=NOON + 3 * HOURS)
    wait(4 * HOURS)
    assert mails("overdue") == 1


def test_an_answered_question_closes_by_itself_with_a_mail(asked: Conversation, support: User, wait: Wait) -> None:
    answering.answer(conversation_id=asked.pk, by=support, answer=Answer(text="Try again"), now=NOON)
    wait(6 * DAYS)
    asked.refresh_from_db()
    assert asked.state == State.ANSWERED
    wait(8 * DAYS)
    asked.refresh_from_db()
    assert asked.state == State.CLOSED
    assert mails("closed") == 1
    last = asked.entries.latest("seq")
    assert (last.kind, last.actor_name) == ("help.closed", "")


def test_an_answer_opens_a_closed_question_again(asked: Conversation, support: User) -> None:
    answering.close(conversation_id=asked.pk, by=support, note="Solved", now=NOON)
    asking.write(conversation_id=asked.pk, text="No, it is not", now=NOON + DAYS)
    asked.refresh_from_db()
    assert (asked.state, asked.state_at, asked.taken_by_id) == (State.OPEN, NOON + DAYS, None)


def test_a_visitors_question_that_was_never_confirmed_is_deleted(of_visitor: Conversation, wait: Wait) -> None:
    assert scheduled(of_visitor) == {HelpJob.UNCONFIRMED}
    wait(23 * HOURS)
    assert Conversation.objects.filter(pk=of_visitor.pk).exists()
    wait(25 * HOURS)
    assert not Conversation.objects.filter(pk=of_visitor.pk).exists()


def test_a_visitors_conversation_is_deleted_after_it_was_closed_for_long(
    of_visitor: Conversation, support: User, wait: Wait
) -> None:
    asking.confirm(conversation_id=of_visitor.pk, now=NOON)
    answering.close(conversation_id=of_visitor.pk, by=support, note="Spam", now=NOON)
    wait(89 * DAYS)
    assert Conversation.objects.filter(pk=of_visitor.pk).exists()
    wait(91 * DAYS)
    assert not Conversation.objects.filter(pk=of_visitor.pk).exists()


def test_a_closed_conversation_of_an_account_is_not_deleted(asked: Conversation, support: User, wait: Wait) -> None:
    answering.close(conversation_id=asked.pk, by=support, note="Solved", now=NOON)
    wait(1000 * DAYS)
    assert Conversation.objects.filter(pk=asked.pk).exists()


@pytest.mark.parametrize("kind", OF_A_CONVERSATION)
def test_a_deadline_of_an_earlier_state_of_a_conversation_does_nothing(
    asked: Conversation, support: User, kind: HelpJob
) -> None:
    answering.close(conversation_id=asked.pk, by=support, note="Solved", now=NOON)
    JOBS[kind].run(Job(kind=kind, key=str(asked.pk)), NOON + 1000 * DAYS)
    asked.refresh_from_db()
    assert (asked.state, asked.entries.count()) == (State.CLOSED, 2)


def test_the_sweep_repairs_a_lost_deadline_of_a_conversation(asked: Conversation, of_visitor: Conversation) -> None:
    Job.objects.filter(kind__in=OF_A_CONVERSATION).delete()
    JOBS[HelpJob.SWEEP].run(Job(kind=HelpJob.SWEEP, key="x"), NOON)
    assert scheduled(asked) == {HelpJob.UNTAKEN, HelpJob.OVERDUE}
    assert scheduled(of_visitor) == {HelpJob.UNCONFIRMED}


def test_the_waiting_times_of_conversations_are_settings(asked: Conversation, settings: Settings) -> None:
    settings.DEADLINES = settings.DEADLINES | {"help_overdue": 60}
    assert deadlines.due_at(asked) == NOON + timedelta(minutes=1)
