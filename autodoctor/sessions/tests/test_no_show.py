"""A customer who does not come pays for the time of a mechanic who waited, and for nobody who has just come in."""

import pytest

from autodoctor.accounts.models import User
from autodoctor.sessions.models import Connection
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db


def prepares(story: Story, mechanic: User) -> Story:
    """The mechanic has the page open, and has not joined."""
    Connection.objects.create(
        process=story.process, session_id=story.id, user=mechanic, role="mechanic", joined=False, opened_at=story.now
    )
    return story


def test_who_joins_at_the_last_moment_has_not_waited(story: Story, mechanic: User) -> None:
    prepares(story.pay().accept(), mechanic).wait(minutes=9, seconds=50)
    story.join(mechanic).wait(minutes=1, seconds=59)
    assert story.session.state == "accepted"
    story.wait(seconds=1)
    assert story.facts() == {"state": "expired", "reason": "customer_no_show", "due": 499}


def test_the_times_that_a_mechanic_waited_add_up(story: Story, mechanic: User) -> None:
    prepares(story.pay().accept(), mechanic).join(mechanic).wait(minutes=1).leave(mechanic)
    prepares(story, mechanic).wait(minutes=8, seconds=50).join(mechanic).wait(seconds=50)
    assert story.session.state == "accepted"
    story.wait(seconds=10)
    assert story.facts() == {"state": "expired", "reason": "customer_no_show", "due": 499}


def test_a_customer_who_comes_in_the_meantime_pays_nothing(story: Story, mechanic: User, customer: User) -> None:
    prepares(story.pay().accept(), mechanic).wait(minutes=9, seconds=50)
    story.join(mechanic).wait(minutes=1).join(customer).wait(minutes=2)
    assert story.session.state == "waiting"
