"""Trouble codes of a chat are remembered once it is over, by a job: no message costs anything for it."""

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from autodoctor.accounts.models import User
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs import chats
from autodoctor.sessions.record import chat_codes
from autodoctor.sessions.tests.story import NOON, Story

pytestmark = pytest.mark.django_db
JOB = Job(kind="sessions.read_chats", key="all")


@pytest.fixture(autouse=True)
def quiet(settings: Settings) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"


@pytest.fixture
def story(customer: User, mechanic: User) -> Story:
    return Story(customer, mechanic)


def said(story: Story) -> object:
    return story.session.trouble_codes_said


def test_the_codes_of_a_chat_are_remembered_after_its_end(story: Story, customer: User, mechanic: User) -> None:
    story.live().say(customer, "It says p0301-00, and U0100", "Hello?").say(mechanic, "PO420 too? Not P0301-00.")
    chats.read(JOB, story.now)
    assert said(story) is None  # more may be said
    story.end(mechanic)
    events = story.session.seq
    chats.read(JOB, story.now)
    assert said(story) == ["P0301-00", "U0100", "P0420"]
    assert story.session.trouble_code_search == " p0301-00 u0100 p0420"
    assert story.session.seq == events  # a reading of the log, no event


def test_a_chat_that_came_to_nothing_is_read_too(story: Story, customer: User) -> None:
    story.pay().accept().say(customer, "P0455").wait(minutes=50)
    assert story.session.end_reason
    chats.read(JOB, story.now)
    assert said(story) == ["P0455"]


def test_a_chat_without_codes_is_read_once(story: Story, mechanic: User) -> None:
    story.live().say(mechanic, "Good morning").end(mechanic)
    chats.read(JOB, story.now)
    assert said(story) == []
    assert list(chats.unread()) == []


def test_what_nobody_paid_is_not_read(story: Story) -> None:
    story.wait(minutes=60 * 30)
    assert story.session.ended_at
    assert list(chats.unread()) == []


def test_a_flood_of_codes_stays_bounded(story: Story, customer: User, mechanic: User) -> None:
    story.live().say(customer, *(f"P{number:04}" for number in range(100))).end(mechanic)
    chats.read(JOB, story.now)
    assert said(story) == [f"P{number:04}" for number in range(chat_codes.MOST)]


def test_what_support_writes_to_one_side_is_not_read(story: Story, support: User, mechanic: User) -> None:
    story.live().say(support, "They say P0301", audience="customer").say(support, "P0420?").end(mechanic)
    assert chat_codes.all_codes(story.session) == ["P0420"]
    chats.read(JOB, story.now)
    assert chat_codes.all_codes(story.session) == said(story) == ["P0420"]


def test_only_the_beginning_of_a_long_message_is_read(story: Story, customer: User, mechanic: User) -> None:
    """As its cards in the chat."""
    story.live().say(customer, "a " * 300 + "P0301").end(mechanic)
    chats.read(JOB, story.now)
    assert said(story) == []


def test_many_chats_take_as_many_queries_as_one(
    customer: User,
    stranger: User,
    mechanic: User,
    mechanic2: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for person, expert in ((customer, mechanic), (stranger, mechanic2)):
        Story(person, expert).live().say(person, "P0301").end(expert)
    with django_assert_max_num_queries(14):
        chats.read(JOB, NOON)
    assert list(chats.unread()) == []
