"""One free question after the session: asked once and in time, answered once, or closed by its deadline."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle.questions import LONGEST, answer_question, ask_question
from autodoctor.sessions.models import Alert, Session
from autodoctor.sessions.queries.questions import ASK_WITHIN, QuestionThread, open_questions_of
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
HOUR = 60
A_SECOND = timedelta(seconds=1)
ID = UUID("00000000-0000-4000-8000-00000000000a")


@pytest.fixture
def over(story: Story) -> Story:
    """A session that is over, with its summary."""
    return story.live().end(story.customer).summarize()


@pytest.fixture
def over_now(over: Story) -> Story:
    """The same by the clock of this machine, for pages."""
    over.now = timezone.now()
    Session.objects.filter(pk=over.id).update(ended_at=over.now, summarized_at=over.now)
    return over


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def ask(story: Story, by: User, text: str = "Which clamp?") -> object:
    return ask_question(session_id=story.id, by=by, text=text, client_id=uuid4(), now=story.now)


def reply(story: Story, by: User, text: str = "The left one.") -> object:
    return answer_question(session_id=story.id, by=by, text=text, client_id=uuid4(), now=story.now)


def page(story: Story) -> str:
    return f"/sessions/{story.id}/question/"


def text(answer: Any) -> str:
    return str(answer.content.decode())


# Asked and answered


def test_a_question_and_its_answer_stand_in_the_log_for_both(over: Story) -> None:
    over.asks("Which clamp?").wait(minutes=30).answers("The left one.")
    (asked,), (answered,) = over.events("question.asked"), over.events("question.answered")
    assert (asked.data["text"], asked.actor_role, asked.audience) == ("Which clamp?", "customer", "both")
    assert (answered.data["text"], answered.actor_role, answered.audience) == ("The left one.", "mechanic", "both")
    thread = QuestionThread(over.session)
    assert (thread.question, thread.answer, thread.waits) == ("Which clamp?", "The left one.", False)
    assert over.mails()[-2:] == ["question_asked", "question_answered"]
    assert not Job.objects.filter(key=str(over.id), kind__startswith="question.").exists()


def test_the_same_press_twice_is_one_question_and_one_answer(over: Story) -> None:
    for _ in range(2):
        over.asks("Which clamp?", ID)
    answer = uuid4()
    for _ in range(2):
        over.answers("The left one.", answer)
    assert len(over.events("question.asked", "question.answered")) == 2
    assert refusal(lambda: over.asks("Another?", ID)) == "client_id_reused"
    assert refusal(lambda: over.answers("The left one.", ID)) == "client_id_reused"


def test_there_is_one_question_and_one_answer_of_a_session(over: Story) -> None:
    over.asks("Which clamp?")
    assert refusal(lambda: over.asks("And the strap?")) == "already_asked"
    over.answers("The left one.")
    assert refusal(lambda: over.answers("No, the right one.")) == "no_question"
    assert refusal(lambda: over.asks("And the strap?")) == "already_asked"


def test_a_question_is_asked_within_72_hours_of_the_summary(over: Story) -> None:
    over.now += ASK_WITHIN
    assert refusal(lambda: over.asks("Too late?")) == "question_late"
    over.now -= A_SECOND
    over.asks("In time?")
    assert over.session.question_at == over.now


def test_a_late_summary_leaves_the_whole_time_to_ask(story: Story) -> None:
    story.live().end(story.customer).wait(minutes=40 * HOUR)
    assert refusal(lambda: story.asks("Now?")) == "not_summarized"
    story.summarize().wait(minutes=71 * HOUR).asks("Now?")
    assert QuestionThread(story.session).waits


def test_nothing_is_asked_of_a_session_that_did_not_take_place(story: Story) -> None:
    story.pay().wait(minutes=60)
    assert refusal(lambda: story.asks("Why?")) == "not_summarized"


def test_only_the_customer_asks_and_only_the_mechanic_answers(
    over: Story, stranger: User, mechanic2: User, support: User
) -> None:
    for person in (over.mechanic, support):
        assert refusal(lambda person=person: ask(over, person)) == "not_the_customer"  # type: ignore[misc]
    for person in (stranger, mechanic2):
        for act in (ask, reply):
            with pytest.raises(Session.DoesNotExist):
                act(over, person)
    assert refusal(lambda: reply(over, over.mechanic)) == "no_question"
    over.asks("Which clamp?")
    for person in (over.customer, support):
        assert refusal(lambda person=person: reply(over, person)) == "not_the_mechanic"  # type: ignore[misc]


@pytest.mark.parametrize("written", ["", "  \n", "\u200b", "x" * (LONGEST + 1)])
def test_a_text_out_of_bounds_is_refused(over: Story, written: str) -> None:
    assert refusal(lambda: over.asks(written)) == "text"
    over.asks("x" * LONGEST)
    assert refusal(lambda: over.answers(written)) == "text"


def test_a_mechanic_who_was_shut_out_is_asked_nothing(over: Story) -> None:
    User.objects.filter(pk=over.mechanic.pk).update(is_active=False)
    assert refusal(lambda: over.asks("Still there?")) == "mechanic_gone"


# Not answered


def test_the_mechanic_is_reminded_and_the_question_is_closed_by_its_deadline(over: Story, support: User) -> None:
    over.asks("Which clamp?")
    asked_at = over.now
    over.wait(minutes=12 * HOUR)
    assert over.mails().count("question_reminder") == 1
    over.wait(minutes=24 * HOUR)
    assert over.mails().count("question_reminder") == 2
    over.wait(minutes=12 * HOUR)
    (closed,) = over.events("question.closed")
    assert (closed.at, closed.audience) == (asked_at + timedelta(hours=48), "both")
    assert over.mails()[-1] == "question_closed"
    assert Alert.objects.get(session_id=over.id).rule == "question.unanswered"
    assert refusal(lambda: over.answers("Sorry, the left one.")) == "no_question"
    over.wait(minutes=48 * HOUR)
    assert len(over.events("question.closed", "alert.support")) == 2


def test_an_outage_closes_a_question_once_and_skips_no_word(over: Story) -> None:
    over.asks("Which clamp?").outage(minutes=60 * HOUR)
    assert len(over.events("question.closed")) == 1
    assert over.session.question_over_at == over.events("question.closed")[0].at


def test_whatever_people_do_an_open_question_has_a_deadline_out_of_it(over: Story) -> None:
    """The walk of the states ends with `completed`; this is the state within it."""
    over.asks("Which clamp?")
    over.session.participants.update(present=False)
    User.objects.filter(pk__in=[over.mechanic.pk, over.customer.pk]).update(is_active=False)
    over.wait(minutes=48 * HOUR)
    assert not QuestionThread(over.session).waits


# Lists and pages


def test_the_mechanic_sees_open_questions_first_on_their_dashboard(over_now: Story, client_of: ClientOf) -> None:
    over_now.asks("Which clamp?")
    shown = text(client_of(over_now.mechanic).get("/dashboard/"))
    assert shown.index("Questions to answer") < shown.index("Waiting for a mechanic")
    assert f'href="{page(over_now)}"' in shown
    assert [thread.session for thread in open_questions_of(over_now.mechanic)] == [over_now.session]
    over_now.answers("The left one.")
    assert "Questions to answer" not in text(client_of(over_now.mechanic).get("/dashboard/"))


def test_the_customer_is_offered_the_question_where_they_look_for_the_session(
    over_now: Story, client_of: ClientOf
) -> None:
    client = client_of(over_now.customer)
    for path in ("/dashboard/", f"/sessions/{over_now.id}/"):
        assert f'href="{page(over_now)}"' in text(client.get(path)), path
    assert f'href="{page(over_now)}"' not in text(client_of(over_now.mechanic).get(f"/sessions/{over_now.id}/"))
    Session.objects.filter(pk=over_now.id).update(summarized_at=over_now.now - ASK_WITHIN)
    for path in ("/dashboard/", f"/sessions/{over_now.id}/"):
        assert f'href="{page(over_now)}"' not in text(client.get(path)), path
    assert "<textarea" not in text(client.get(page(over_now)))


def test_the_page_asks_and_answers_and_the_transcript_has_both(over_now: Story, client_of: ClientOf) -> None:
    customer, mechanic = client_of(over_now.customer), client_of(over_now.mechanic)
    sent = customer.post(page(over_now), {"text": "Which clamp?", "client_id": str(ID)})
    assert (sent.status_code, sent.headers["Location"]) == (303, page(over_now))
    assert "answers by" in text(customer.get(page(over_now)))
    assert mechanic.post(page(over_now), {"text": "The left one.", "client_id": str(uuid4())}).status_code == 303
    for client in (customer, mechanic):
        for path in (page(over_now), f"/sessions/{over_now.id}/", f"/sessions/{over_now.id}/transcript/"):
            shown = text(client.get(path))
            assert "Which clamp?" in shown, path
            assert "The left one." in shown, path


def test_what_was_typed_is_shown_again_where_it_was_refused(over_now: Story, client_of: ClientOf) -> None:
    customer, mechanic = client_of(over_now.customer), client_of(over_now.mechanic)
    long = "Which clamp? " * 200
    answer = customer.post(page(over_now), {"text": long})
    assert answer.status_code == 422
    assert long.strip() in text(answer)
    over_now.asks("Which clamp?")
    again = customer.post(page(over_now), {"text": "And which strap?"})
    assert again.status_code == 409
    assert "And which strap?" in text(again)
    over_now.answers("The left one.")
    late = mechanic.post(page(over_now), {"text": "No, the right one."})
    assert late.status_code == 409
    assert "No, the right one." in text(late)


def test_nobody_else_finds_the_page(over_now: Story, client_of: ClientOf, stranger: User, support: User) -> None:
    over_now.asks("Which clamp?")
    for person in (stranger, support):
        client = client_of(person)
        assert client.get(page(over_now)).status_code == 404
        assert client.post(page(over_now), {"text": "Mine"}).status_code == 404


def test_markup_in_a_question_is_text(over_now: Story, client_of: ClientOf) -> None:
    over_now.asks("</textarea><script>alert(1)</script>")
    for person in (over_now.customer, over_now.mechanic):
        assert "<script>alert(1)" not in text(client_of(person).get(page(over_now)))


def test_the_page_of_a_session_before_its_summary_says_when(story: Story, client_of: ClientOf) -> None:
    client = client_of(story.customer)
    story.live()
    assert client.get(page(story)).status_code == 404
    story.end(story.customer)
    shown = text(client.get(page(story)))
    assert "once the summary of the session is there" in shown
    assert "<textarea" not in shown
