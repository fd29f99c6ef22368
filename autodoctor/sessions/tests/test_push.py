"""Push messages that follow from the log: recipients, devices and times."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from autodoctor.accounts.models import MechanicProfile
from autodoctor.push.models import PushSubscription
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import SummaryData
from autodoctor.sessions.lifecycle import releases, summaries
from autodoctor.sessions.tests.story import NOON, Story

if TYPE_CHECKING:
    from autodoctor.accounts.models import User


@pytest.fixture(autouse=True)
def devices(customer: "User", mechanic: "User", mechanic2: "User") -> None:
    for user in (customer, mechanic, mechanic2):
        PushSubscription.objects.create(
            user=user, endpoint=f"https://push.example/{uuid4()}", p256dh="", auth="", browser="", created_at=NOON
        )


def offered(story: Story) -> Story:
    """The fan-out has run."""
    run_due(story.now)
    return story


def told(user: "User") -> list[dict[str, Any]]:
    """Return and remove the messages that wait for this person's device."""
    browser = user.push_subscriptions.get()
    jobs = Job.objects.filter(kind="push.send", key__startswith=str(browser.id)).order_by("id")
    found = [job.payload for job in jobs]
    jobs.delete()
    return found


def titles(user: "User") -> list[str]:
    return [note["title"] for note in told(user)]


def test_every_mechanic_who_is_free_hears_of_a_request_once(
    story: Story, mechanic: "User", mechanic2: "User", customer: "User"
) -> None:
    offered(story.pay())
    (note,) = told(mechanic)
    assert note["title"] == "New request"
    assert note["body"] == "Quick Chat, 30 minutes. You earn $6.99."
    assert note["seen_at"] == [f"/sessions/{story.id}/", "/dashboard/"]
    assert datetime.fromisoformat(note["until"]) == NOON + timedelta(minutes=3)
    assert len(told(mechanic2)) == 1
    assert told(customer) == []
    story.wait(minutes=5)
    assert told(mechanic2) == []


def test_the_push_message_of_a_request_is_replaced_once_somebody_accepts(
    story: Story, mechanic: "User", mechanic2: "User"
) -> None:
    offered(story.pay())
    (offer,) = told(mechanic2)
    told(mechanic)
    offered(story.accept())
    (gone,) = told(mechanic2)
    assert (gone["title"], gone["path"], gone["quiet"]) == ("The request is taken", "/dashboard/", True)
    assert gone["topic"] == offer["topic"]
    assert "The request is taken" not in titles(mechanic)


def test_a_request_that_is_taken_is_offered_to_nobody(story: Story, mechanic2: "User") -> None:
    offered(story.pay().accept())
    assert told(mechanic2) == []


def test_an_ineligible_mechanic_gets_no_request_message(
    story: Story, customer: "User", mechanic: "User", mechanic2: "User"
) -> None:
    MechanicProfile.objects.filter(user=mechanic2).update(taking_sessions=False)
    offered(story.pay().accept())
    other = Story(customer, mechanic2)
    offered(other.pay())
    assert "New request" not in titles(mechanic) + titles(mechanic2)
    MechanicProfile.objects.filter(user=mechanic2).update(taking_sessions=True)
    mechanic2.is_active = False
    mechanic2.save()
    offered(Story(customer, mechanic2).pay())
    assert told(mechanic2) == []


def test_a_request_given_back_is_pushed_to_the_other_mechanics_only(
    story: Story, customer: "User", mechanic: "User", mechanic2: "User"
) -> None:
    offered(story.pay()).accept()
    for user in (customer, mechanic, mechanic2):
        told(user)
    releases.release_request(session_id=story.id, by=mechanic, reason="parts", now=story.now)
    run_due(story.now)
    assert titles(customer) == ["Your mechanic could not continue"]
    assert titles(mechanic) == []
    assert titles(mechanic2) == ["New request"]


def test_the_customer_who_releases_gets_no_message(story: Story, customer: "User") -> None:
    story.pay().accept()
    told(customer)
    releases.release_request(session_id=story.id, by=customer, reason="other", now=story.now)
    assert told(customer) == []


def test_push_messages_call_the_customer_back_to_the_session(story: Story, customer: "User", mechanic: "User") -> None:
    story.pay().accept()
    (note,) = told(customer)
    assert (note["title"], note["path"]) == ("Morgan Mechanic has accepted", f"/sessions/{story.id}/")
    assert "rattles" not in str(note)
    story.join(mechanic)
    assert titles(customer) == ["Morgan Mechanic is waiting for you"]
    story.wait(minutes=2)
    assert titles(customer) == ["Morgan Mechanic is waiting for you"]
    story.join(customer)
    assert titles(customer) == ["You are both here"]


def test_a_push_message_nudges_a_mechanic_who_does_not_come(story: Story, mechanic: "User") -> None:
    story.pay().accept().wait(minutes=3)
    assert titles(mechanic) == ["Your customer is waiting"]


def test_a_push_message_tells_the_customer_that_the_summary_is_ready(
    story: Story, customer: "User", mechanic: "User"
) -> None:
    story.live().end(mechanic)
    told(customer)
    summaries.submit_summary(
        session_id=story.id, by=mechanic, now=story.now, data=SummaryData(safe="yes", parts=1, photos=0)
    )
    (note,) = told(customer)
    assert note["path"] == f"/sessions/{story.id}/summary/"
    assert (note["title"], note["urgent"]) == ("Your summary is ready", False)


def test_people_get_no_message_about_their_own_action(story: Story, customer: "User", mechanic: "User") -> None:
    story.pay().accept().join(customer)
    told(customer)
    assert titles(mechanic) == []
