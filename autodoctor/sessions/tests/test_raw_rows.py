"""Rows that are read without the ORM are those that the ORM reads."""

import pytest
from pytest_django import DjangoAssertNumQueries

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.raw_sql import rows, rows_beside, values
from autodoctor.sessions.models import Connection, Session, SessionEvent
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db


def test_rows_are_those_of_the_orm(story: Story) -> None:
    story.live().say(story.customer, "Listen").leave(story.mechanic)
    [session] = rows(Session, "id = %s", story.id)
    assert vars(session) == vars(Session.objects.get(id=story.id)) | {"_state": session._state}
    events = rows(SessionEvent, "session_id = %s ORDER BY seq", story.id)
    assert [(one.seq, one.kind, one.at, one.data) for one in events] == [
        (one.seq, one.kind, one.at, one.data) for one in SessionEvent.objects.filter(session=story.id).order_by("seq")
    ]
    assert not session._state.adding
    assert session.get_deferred_fields() == set()


def test_a_moment_and_a_list_are_given_as_the_database_keeps_them(story: Story) -> None:
    story.live()
    last = SessionEvent.objects.filter(session=story.id).latest("seq")
    condition = "session_id = %s AND kind IN (%s) AND at >= %s"
    assert last.seq in {one.seq for one in rows(SessionEvent, condition, story.id, [last.kind, "other"], last.at)}
    assert values(SessionEvent, "seq", "session_id = %s AND kind IN (%s)", story.id, []) == []


def test_what_stands_beside_a_row_comes_with_it(
    customer: User, mechanic: User, story: Story, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    story.live()
    profile = MechanicProfile.objects.get(user=mechanic)
    with django_assert_num_queries(2):
        both = rows_beside(User, "mechanic_profile", "accounts_user.id IN (%s)", [customer.pk, mechanic.pk])
        known = {user.pk: user for user in both}
        assert not hasattr(known[customer.pk], "mechanic_profile")
        assert known[mechanic.pk].mechanic_profile == profile
        assert known[mechanic.pk].mechanic_profile.user is known[mechanic.pk]
        pages = rows_beside(Connection, "process", "session_id = %s", story.id)
        assert pages
        assert all(page.process.id == page.process_id for page in pages)
