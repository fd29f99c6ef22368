"""Support's actions on a session: allowed and refused, with a reason, logged, and done once."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.payments.models import Payment
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import support_actions
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import InvalidTransition
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
WHY = "The picture froze for ten minutes"


@pytest.fixture
def free_mechanic(mechanic2: User) -> User:
    MechanicProfile.objects.filter(user=mechanic2).update(taking_sessions=True)
    return mechanic2


def mails(template: str) -> list[str]:
    """Whom they go to."""
    sent = Job.objects.filter(kind="mail.send", payload__template=f"sessions/mail/{template}")
    return [job.payload["user_id"] for job in sent]


def test_both_read_why_support_ended_a_session_and_only_the_used_share_is_due(story: Story, support: User) -> None:
    story.live().wait(minutes=10)
    support_actions.end(session_id=story.id, by=support, reason=WHY, now=story.now)

    assert (story.session.state, story.session.end_reason) == ("completed", "ended_by_support")
    (said,) = story.events("message.posted")
    assert (said.actor_role, said.audience, said.data["text"]) == ("support", "both", WHY)
    (noted,) = story.events("support.ended")
    assert (noted.actor_name, noted.audience, noted.data["reason"]) == (support.name, "support", WHY)
    assert story.payment.due_cents == 333
    assert support_actions.closing_reason(story.session) == WHY


def test_a_session_canceled_by_support_before_its_start_costs_nothing(story: Story, support: User) -> None:
    story.pay().accept().join(story.mechanic)
    support_actions.cancel(session_id=story.id, by=support, reason=WHY, now=story.now)
    assert (story.session.state, story.session.end_reason) == ("cancelled", "cancelled_by_support")
    assert story.payment.due_cents == 0


def test_a_mechanic_freed_by_support_cannot_accept_the_request_again(story: Story, support: User) -> None:
    story.pay().accept()
    support_actions.release(session_id=story.id, by=support, reason=WHY, now=story.now)
    assert (story.session.state, story.session.mechanic) == ("requested", None)
    assert [event.actor_name for event in story.events("session.released")] == [support.name]
    with pytest.raises(Refused, match="released_before"):
        story.accept()


@pytest.mark.parametrize("held", [False, True], ids=["from the queue", "from another mechanic"])
def test_support_assigns_a_mechanic_who_takes_sessions(
    story: Story, support: User, free_mechanic: User, *, held: bool
) -> None:
    story.pay()
    if held:
        story.accept().join(story.mechanic)
    support_actions.assign(session_id=story.id, by=support, mechanic_id=free_mechanic.id, reason=WHY, now=story.now)

    assert (story.session.state, story.session.mechanic) == ("accepted", free_mechanic)
    accepted = story.events("session.accepted")[-1]
    assert (accepted.actor_name, accepted.data["session"]["mechanic"]["name"]) == (support.name, free_mechanic.name)
    assert mails("assigned") == [str(free_mechanic.id)]
    assert len(story.events("session.released")) == held
    story.wait(minutes=6)
    assert story.session.state == "requested", "who does not come does not keep it"


def test_support_cannot_assign_a_mechanic_who_is_not_free(
    story: Story, support: User, free_mechanic: User, stranger: User
) -> None:
    """Refused: a mechanic who takes no sessions, has another session or released this one; a customer."""
    story.pay().accept()

    def refused(mechanic: User) -> None:
        with pytest.raises(Refused, match="not_free"):
            support_actions.assign(session_id=story.id, by=support, mechanic_id=mechanic.id, reason=WHY, now=story.now)

    refused(stranger)
    refused(story.customer)
    refused(story.mechanic)
    other = Story(stranger, free_mechanic).pay().accept()
    refused(free_mechanic)
    assert story.session.mechanic == story.mechanic, "whoever has it keeps it"
    support_actions.cancel(session_id=other.id, by=support, reason=WHY, now=other.now)
    MechanicProfile.objects.filter(user=free_mechanic).update(taking_sessions=False)
    refused(free_mechanic)
    assert not story.events("support.assigned")


def test_time_given_by_support_moves_the_clock_and_costs_nothing(story: Story, support: User) -> None:
    story.live()
    before = story.session
    support_actions.give_time(session_id=story.id, by=support, seconds=900, reason=WHY, now=story.now)

    after = story.session
    assert after.granted_seconds == before.granted_seconds + 900
    assert before.ends_at
    assert after.ends_at
    assert (after.ends_at - before.ends_at).total_seconds() == 900
    (told,) = story.events("session.extended")
    assert (told.actor_name, told.audience, told.data["extension"]["stands"]) == (support.name, "both", "given")
    assert after.clock_seq == told.seq
    assert Payment.objects.filter(owner_id=story.id).count() == 1


def test_time_given_by_support_is_used_last(story: Story, support: User) -> None:
    """30 minutes booked, 15 bought, 15 given: after 40 minutes the booking is used up and 10 of 15 bought ones."""
    story.live()
    support_actions.give_time(session_id=story.id, by=support, seconds=900, reason=WHY, now=story.now)
    bought = story.ask()
    story.hold(bought).extend(bought).wait(minutes=40)
    assert story.session.granted_seconds == 60 * 60
    support_actions.end(session_id=story.id, by=support, reason=WHY, now=story.now)

    bought.refresh_from_db()
    assert (story.payment.due_cents, bought.due_cents) == (999, 1499 * 10 // 15)


def test_all_of_the_given_time_used_costs_no_more_than_what_was_bought(story: Story, support: User) -> None:
    story.live()
    support_actions.give_time(session_id=story.id, by=support, seconds=900, reason=WHY, now=story.now)
    story.wait(minutes=44)
    support_actions.end(session_id=story.id, by=support, reason=WHY, now=story.now)
    assert settlement.used_seconds(story.session) == 44 * 60
    assert story.payment.due_cents == 999


def test_support_cannot_give_time_past_the_longest_session(story: Story, support: User) -> None:
    story.live()
    for _ in range(2):
        support_actions.give_time(session_id=story.id, by=support, seconds=3600, reason=WHY, now=story.now)
    support_actions.give_time(session_id=story.id, by=support, seconds=1800, reason=WHY, now=story.now)
    with pytest.raises(Refused, match="too_long"):
        support_actions.give_time(session_id=story.id, by=support, seconds=60, reason=WHY, now=story.now)
    assert story.session.granted_seconds == 3 * 60 * 60


def test_a_pending_extension_keeps_its_share_of_the_cap(story: Story, support: User) -> None:
    story.live()
    support_actions.give_time(session_id=story.id, by=support, seconds=3600, reason=WHY, now=story.now)
    support_actions.give_time(session_id=story.id, by=support, seconds=3600, reason=WHY, now=story.now)
    bought = story.ask(30)
    with pytest.raises(Refused, match="too_long"):
        support_actions.give_time(session_id=story.id, by=support, seconds=60, reason=WHY, now=story.now)
    story.hold(bought).extend(bought)
    assert story.session.granted_seconds == 3 * 60 * 60


@pytest.mark.parametrize(("to", "reads"), [("both", "cm"), ("customer", "c"), ("mechanic", "m")])
def test_a_message_of_support_reaches_its_audience_and_by_mail_who_is_away(
    story: Story, support: User, to: str, reads: str
) -> None:
    story.pay().accept().join(story.customer)
    support_actions.send_message(session_id=story.id, by=support, text="Hello", to=to, now=story.now)
    (said,) = story.events("message.posted")
    assert (said.audience, said.actor_role, said.data) == (to, "support", {"text": "Hello"})
    assert mails("support_wrote") == ([str(story.mechanic.id)] if "m" in reads else [])


def test_a_message_of_support_to_both_is_mailed_to_both_who_are_away(story: Story, support: User) -> None:
    story.pay().accept()
    support_actions.send_message(session_id=story.id, by=support, text="Hello", to="both", now=story.now)
    assert sorted(mails("support_wrote")) == sorted([str(story.customer.id), str(story.mechanic.id)])


@pytest.mark.parametrize("name", ["end", "cancel", "release"])
def test_support_gives_a_reason_over_http_too(
    story: Story, support: User, client_of: Callable[[User], Client], name: str
) -> None:
    story.live() if name == "end" else story.pay().accept()
    before, ways = story.session.seq, (f"/api/sessions/{story.id}/{name}", f"/sessions/{story.id}/{name}/")
    desk = client_of(support)
    answer = desk.post(ways[0], {}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (422, "no_reason")
    desk.post(ways[1])
    assert story.session.seq == before
    for _ in range(2):
        way = ways[0] if name == "release" else f"{ways[0]}?reason={WHY}"
        assert desk.post(way, {"reason": WHY}, content_type="application/json").status_code == 200
    (event,) = story.events("support.ended", "support.cancelled", "support.released")
    assert event.data["reason"] == WHY


ACTS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "end": (support_actions.end, {"reason": WHY}),
    "cancel": (support_actions.cancel, {"reason": WHY}),
    "release": (support_actions.release, {"reason": WHY}),
    "give_time": (support_actions.give_time, {"reason": WHY, "seconds": 900}),
    "say": (support_actions.send_message, {"text": "Hello", "to": "both"}),
}


@pytest.mark.parametrize("name", ACTS)
def test_only_support_can_act_on_a_session_for_its_participants(story: Story, stranger: User, name: str) -> None:
    act, given = ACTS[name]
    story.live()
    before = story.session.seq
    for person in (story.customer, story.mechanic):
        with pytest.raises(Refused, match="not_support"):
            act(session_id=story.id, by=person, now=story.now, **given)
    with pytest.raises(Session.DoesNotExist):
        act(session_id=story.id, by=stranger, now=story.now, **given)
    assert story.session.seq == before


@pytest.mark.parametrize("name", ["end", "cancel", "release", "give_time"])
@pytest.mark.parametrize("reason", ["", " \n ", "x" * 501], ids=["none", "blank", "endless"])
def test_an_action_of_support_without_a_reason_is_refused(story: Story, support: User, name: str, reason: str) -> None:
    act, given = ACTS[name]
    story.pay().accept() if name in ("cancel", "release") else story.live()
    before = story.session.seq
    with pytest.raises(Refused):
        act(session_id=story.id, by=support, now=story.now, **given | {"reason": reason})
    assert story.session.seq == before


@pytest.mark.parametrize("name", ["end", "cancel", "release", "give_time"])
def test_an_action_of_support_that_the_state_forbids_is_refused(story: Story, support: User, name: str) -> None:
    act, given = ACTS[name]
    story.live().end(story.customer)
    before = story.session.seq
    with pytest.raises((InvalidTransition, Refused)):
        act(session_id=story.id, by=support, now=story.now, **given)
    assert story.session.seq == before


@pytest.mark.parametrize("name", ["end", "give_time", "say"])
def test_a_form_of_support_sent_twice_acts_once(story: Story, support: User, name: str) -> None:
    act, given = ACTS[name]
    story.live()
    token = uuid4()
    for _ in range(2):
        act(session_id=story.id, by=support, now=story.now, token=token, **given)
    assert SessionEvent.objects.filter(session_id=story.id, client_id=token).count() == 1
    assert len(story.events("session.extended")) == (name == "give_time")
