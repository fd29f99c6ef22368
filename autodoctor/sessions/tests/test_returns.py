"""Many people come back at once: those whose return changes nothing else join in one transaction."""

from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from autodoctor.accounts.models import User
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle.returns import JoiningPage, join_again
from autodoctor.sessions.models import Connection, Participant, Process, Session, SessionEvent
from autodoctor.sessions.record.participants import load_state
from autodoctor.sessions.rules.triggers import missing_at
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def live(customer: User, mechanic: User) -> Story:
    return Story(customer, mechanic).live()


def new_page(story: Story, person: User) -> JoiningPage:
    """Open a page after the process of all earlier ones has died; it has not joined."""
    role = "customer" if person == story.customer else "mechanic"
    connection = Connection.objects.create(
        process=story.process, session_id=story.id, user=person, role=role, opened_at=story.now
    )
    return JoiningPage(connection.id, story.id, person.id)


def test_those_who_are_in_join_together(live: Story) -> None:
    live.crash()
    pages = [new_page(live, person) for person in (live.customer, live.mechanic)]
    events, jobs = SessionEvent.objects.count(), set(Job.objects.values_list("kind", "due_at", "version"))
    joined = join_again(pages, live.now + SECOND)
    assert joined == dict.fromkeys(pages, 2)
    for part in Participant.objects.all():
        assert (part.joins, part.present, part.last_seen_at) == (2, True, live.now + SECOND)
    assert all(Connection.objects.get(pk=page.connection_id).joined for page in pages)
    assert (SessionEvent.objects.count(), set(Job.objects.values_list("kind", "due_at", "version"))) == (events, jobs)


def test_their_number_costs_no_statement(
    live: Story, stranger: User, mechanic2: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    other = Story(stranger, mechanic2).live()
    pages = [new_page(story, person) for story in (live, other) for person in (story.customer, story.mechanic)]
    with django_assert_max_num_queries(11):
        assert len(join_again(pages, live.now + SECOND)) == 4


def test_who_was_recorded_as_missing_joins_alone(live: Story) -> None:
    live.leave(live.mechanic).wait(minutes=1)
    assert join_again([new_page(live, live.mechanic)], live.now) == {}
    assert not Participant.objects.get(user=live.mechanic).present


def test_who_counts_as_missing_before_a_job_has_said_so_joins_alone(live: Story) -> None:
    live.crash()
    page = new_page(live, live.customer)
    assert join_again([page], live.now + timedelta(minutes=1)) == {}


def test_one_comes_back_while_the_other_is_awaited(live: Story) -> None:
    """A server died and began again at once: who comes first has to wait for nobody, and nobody is missing yet."""
    live.crash()
    Process.objects.update(awaited_until=live.now + 60 * SECOND)
    page = new_page(live, live.customer)
    assert join_again([page], live.now + 30 * SECOND) == {page: 2}
    session = Session.objects.get(pk=live.id)
    assert missing_at(load_state(session, live.now + 59 * SECOND), "mechanic") is None
    assert missing_at(load_state(session, live.now + 60 * SECOND), "mechanic") is not None


def test_who_has_never_joined_joins_alone(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic).pay().accept()
    assert join_again([new_page(story, customer)], story.now) == {}


def test_a_stranger_a_session_that_is_over_and_one_that_is_not_there_take_nobody_back(
    live: Story, stranger: User
) -> None:
    assert join_again([new_page(live, stranger), JoiningPage(uuid4(), uuid4(), stranger.id)], live.now) == {}
    page = new_page(live, live.customer)
    live.end(live.customer)
    assert join_again([page], live.now) == {}


def test_a_session_without_one_of_its_deadlines_takes_nobody_back_like_that(live: Story) -> None:
    """Joining alone derives them again."""
    page = new_page(live, live.customer)
    Job.objects.filter(key=str(live.id), kind="session.time_up").delete()
    assert join_again([page], live.now) == {}
    assert Participant.objects.get(user=live.customer).joins == 1
