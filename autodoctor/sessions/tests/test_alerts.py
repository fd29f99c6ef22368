"""Alerts: open until finished, taken by one person, escalated when nobody takes them."""

from datetime import timedelta
from typing import Any

import pytest

from autodoctor.accounts.models import User
from autodoctor.conversations import deadlines
from autodoctor.core.errors import Refused
from autodoctor.mail.rendering import render
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import EventData
from autodoctor.sessions.jobs.sweep import monitor, sweep
from autodoctor.sessions.lifecycle import alert_work, help_requests
from autodoctor.sessions.models import Alert, Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState, load_state
from autodoctor.sessions.rules.table import RULES
from autodoctor.sessions.tests.story import Story


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create_user("colleague@example.com", name="Chris Colleague", is_staff=True)


@pytest.fixture
def unnoticed(story: Story, support: User) -> Alert:
    """Return a request that was not accepted for three minutes."""
    story.pay().wait(minutes=3)
    return Alert.objects.get()


def take(story: Story, alert: Alert, by: User, instead_of: User | None = None) -> Alert:
    return alert_work.take_alert(
        session_id=story.id, seq=alert.seq, by=by, now=story.now, instead_of=instead_of.id if instead_of else None
    )


def mailed() -> list[str]:
    """Return the addresses of the escalation mails."""
    people = {str(user.id): user.email for user in User.objects.all()}
    posted = [job.payload for job in Job.objects.filter(kind="mail.send").order_by("id")]
    return [people[one["user_id"]] for one in posted if one["template"] == "sessions/mail/alert_untaken"]


def mailed_text() -> str:
    """Return the text of one escalation mail, its white space as one space."""
    payload = Job.objects.filter(kind="mail.send", payload__template="sessions/mail/alert_untaken")[0].payload
    return " ".join(render(payload["template"], payload["context"], time_zone="UTC").text.split())


def test_an_alert_event_in_the_log_creates_an_alert_for_support(story: Story, unnoticed: Alert) -> None:
    (event,) = story.events("alert.support")
    assert (unnoticed.seq, unnoticed.rule, unnoticed.raised_at) == (event.seq, "request.unnoticed", event.at)
    assert (unnoticed.taken_by, unnoticed.done_at) == (None, None)


def test_a_second_colleague_who_takes_an_alert_reads_who_has_it(
    story: Story, unnoticed: Alert, support: User, colleague: User
) -> None:
    take(story, unnoticed, support)
    take(story, unnoticed, support)
    with pytest.raises(Refused, match="already_taken") as refused:
        take(story, unnoticed, colleague)
    assert "Sandy Support" in refused.value.detail
    (event,) = story.events("support.took")
    assert (event.actor_id, event.audience, event.data["alert"]) == (support.id, "support", unnoticed.seq)

    take(story, unnoticed, colleague, instead_of=support)
    with pytest.raises(Refused, match="already_taken"):  # the holder on the page has changed
        take(story, unnoticed, support, instead_of=support)
    assert [one.data["instead_of"] for one in story.events("support.took")] == ["", "Sandy Support"]


def test_an_alert_is_handed_back_and_finished(story: Story, unnoticed: Alert, support: User, colleague: User) -> None:
    this: dict[str, Any] = {"session_id": story.id, "seq": unnoticed.seq, "now": story.now}
    take(story, unnoticed, support)
    for act in (alert_work.hand_back_alert, alert_work.finish_alert):
        with pytest.raises(Refused, match="not_yours"):
            act(**this, by=colleague)
    assert alert_work.hand_back_alert(**this, by=support).taken_by is None
    done = alert_work.finish_alert(**this, by=colleague, note=" rang a mechanic up ")
    assert (done.taken_by, done.done_at) == (colleague, story.now)
    (event,) = story.events("support.done")
    assert event.data["note"] == "rang a mechanic up"
    for act in (alert_work.take_alert, alert_work.hand_back_alert, alert_work.finish_alert):
        with pytest.raises(Refused, match="already_done"):
            act(**this, by=support)


def test_only_support_works_on_alerts(story: Story, unnoticed: Alert, customer: User, mechanic2: User) -> None:
    this: dict[str, Any] = {"session_id": story.id, "seq": unnoticed.seq, "now": story.now}
    with pytest.raises(Refused, match="not_support"):
        alert_work.take_alert(**this, by=customer)
    with pytest.raises(Session.DoesNotExist):
        alert_work.take_alert(**this, by=mechanic2)
    assert not story.events("support.took")
    assert {event.kind for event in event_log.read_events(story.id, after=0, viewer="customer")}.isdisjoint(
        {"alert.support"}
    )


def test_an_alert_not_taken_for_three_minutes_is_mailed_once_to_everybody_of_support(
    story: Story, unnoticed: Alert, support: User, colleague: User
) -> None:
    story.wait(minutes=2, seconds=59)
    assert mailed() == []
    story.now += timedelta(seconds=1)
    for _ in range(2):
        monitor(story.now)
    assert sorted(mailed()) == sorted([support.email, colleague.email])
    (event,) = story.events("alert.untaken")
    assert (event.rule, event.occasion, event.audience) == ("alert.untaken", unnoticed.seq, "support")
    assert event.at == unnoticed.raised_at + timedelta(minutes=3)
    assert f"{RULES[unnoticed.rule].words}. The board has shown" in mailed_text()

    take(story, unnoticed, support)
    alert_work.hand_back_alert(session_id=story.id, seq=unnoticed.seq, by=support, now=story.now)
    story.wait(minutes=4)
    monitor(story.now)
    assert len(mailed()) == 2


def test_an_alert_taken_in_time_is_escalated_only_after_it_is_handed_back(
    story: Story, unnoticed: Alert, support: User
) -> None:
    story.wait(minutes=2)
    take(story, unnoticed, support)
    story.wait(minutes=4)
    monitor(story.now)
    assert mailed() == []
    alert_work.hand_back_alert(session_id=story.id, seq=unnoticed.seq, by=support, now=story.now)
    story.now += timedelta(minutes=3)
    monitor(story.now)
    assert mailed() == [support.email]


def test_an_alert_without_its_cause_is_closed_without_a_mail(story: Story, unnoticed: Alert, support: User) -> None:
    story.wait(minutes=1).accept()
    assert alert_work.is_over(unnoticed, _situation(story))
    story.now += timedelta(minutes=2)
    monitor(story.now)
    assert mailed() == []
    assert story.events("alert.settled")
    unnoticed.refresh_from_db()
    assert (unnoticed.done_at, unnoticed.taken_by) == (story.now, None)


def test_a_session_that_has_ended_may_have_an_alert(story: Story, support: User) -> None:
    story.live().end(story.customer)
    alert_work.raise_support_alert(session_id=story.id, rule="payment.disputed", data=EventData(), now=story.now)
    alert = Alert.objects.get(rule="payment.disputed")
    assert not alert_work.is_over(alert, _situation(story))
    story.now += timedelta(minutes=3)
    monitor(story.now)
    assert mailed() == [support.email]


def test_the_sweep_restores_a_lost_deadline_of_an_alert(story: Story, unnoticed: Alert) -> None:
    Job.objects.filter(kind="alert.untaken").delete()
    assert sweep(story.now) == 1
    assert sweep(story.now) == 0
    assert Job.objects.get(kind="alert.untaken").due_at == unnoticed.raised_at + timedelta(minutes=3)


def ask(story: Story) -> Alert:
    """Return the alert of a question that the customer asks now."""
    story.pay()
    asks = {"session_id": story.id, "by": story.customer, "reason": "payment", "text": "Why?"}
    help_requests.ask_support(**asks, now=story.now)  # type: ignore[arg-type]
    return Alert.objects.get(rule="help.asked")


def reminders() -> int:
    return Job.objects.filter(kind="mail.send", payload__template="sessions/mail/help_overdue").count()


def test_a_question_in_a_session_that_is_taken_and_not_answered_is_called_for(
    story: Story, support: User, colleague: User
) -> None:
    take(story, ask(story), support)
    monitor(story.wait(minutes=239).now)
    assert reminders() == 0
    monitor(story.wait(minutes=1).now)
    assert reminders() == 2  # one to each of support
    monitor(story.wait(minutes=240).now)
    assert reminders() == 4  # and so on, until there is an answer
    payload = Job.objects.filter(payload__template="sessions/mail/help_overdue")[0].payload
    text = " ".join(render(payload["template"], payload["context"], time_zone="UTC").text.split())
    assert "It has waited since Mar 2, 12:00 PM" in text


@pytest.mark.parametrize("how", ["answered", "done"])
def test_an_answer_or_the_end_of_its_alert_ends_the_reminders_of_a_question(
    story: Story, support: User, how: str
) -> None:
    alert = ask(story)
    if how == "done":
        alert_work.finish_alert(session_id=story.id, seq=alert.seq, by=support, now=story.now)
    else:
        said = help_requests.Answer(to="customer", text="Because")
        help_requests.answer_help_request(session_id=story.id, by=support, answer=said, now=story.now)
    monitor(story.wait(minutes=540).now)
    assert reminders() == 0
    assert not Job.objects.filter(kind="answer.overdue").exists()


def test_the_sweep_restores_a_lost_reminder(story: Story, support: User) -> None:
    alert = ask(story)
    Job.objects.filter(kind="answer.overdue").delete()
    assert sweep(story.now) == 1
    assert Job.objects.get(kind="answer.overdue").due_at == deadlines.late_at(alert.raised_at)


def _situation(story: Story) -> SessionState:
    return load_state(story.session, story.now)
