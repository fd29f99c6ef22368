"""Which sessions are a person's, as customer and as mechanic, in pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from autodoctor.accounts.models import User
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.own_sessions import OwnSessions, page_of
from autodoctor.sessions.tests.story import NOON

pytestmark = pytest.mark.django_db
COUNT = 9


@pytest.fixture
def booked(customer: User, mechanic: User, mechanic2: User) -> list[Session]:
    """The sessions of `mechanic`, the newest first: every third one they booked themselves. One is somebody else's."""
    found = []
    for number in range(COUNT):
        at = NOON - timedelta(hours=number)
        people = {"customer": mechanic, "mechanic": mechanic2} if number % 3 == 1 else {"mechanic": mechanic}
        found.append(
            _session(**{"customer": customer, **people}, at=at, state="expired" if number % 2 else "completed")
        )
    _session(customer=customer, mechanic=mechanic2, at=NOON, state="completed")
    return found


def _session(**facts: Any) -> Session:
    at = facts.pop("at")
    fixed = {
        "kind": "chat",
        "plan_slug": "chat",
        "plan_name": "Quick Chat",
        "price_cents": 999,
        "granted_seconds": 1800,
    }
    return Session.objects.create(**fixed, **facts, waiver_at=at, created_at=at, state_at=at, payable_until=at)


def test_those_that_a_person_booked_and_did_are_one_list_the_newest_first(
    booked: list[Session], mechanic: User
) -> None:
    own = OwnSessions(mechanic)
    assert own.count() == COUNT
    assert [id_ for _at, id_ in own[:]] == [session.id for session in booked]
    assert [id_ for _at, id_ in own[2:5]] == [session.id for session in booked[2:5]]
    assert own[COUNT:] == []


def test_only_those_in_one_of_the_states_are_found(booked: list[Session], mechanic: User) -> None:
    own = OwnSessions(mechanic, ["expired"])
    assert own.count() == COUNT // 2
    assert [id_ for _at, id_ in own[:]] == [session.id for session in booked if session.state == "expired"]


@pytest.mark.parametrize(("number", "shown"), [("1", slice(0, 4)), ("2", slice(4, 8)), ("3", slice(8, 9))])
def test_pages_follow_each_other_without_a_gap(
    booked: list[Session], mechanic: User, number: str, shown: slice
) -> None:
    page = page_of(OwnSessions(mechanic), 4, number)
    assert list(page) == booked[shown]
    assert page.paginator.num_pages == 3


def test_a_page_reads_no_further_than_it_reaches(booked: list[Session], mechanic: User) -> None:
    with CaptureQueriesContext(connection) as asked:
        page_of(OwnSessions(mechanic), 2, "2")
    lists: list[str] = [query["sql"] for query in asked if "ORDER BY" in query["sql"] and "LIMIT" in query["sql"]]
    assert len(lists) == 2
    assert all(sql.endswith("LIMIT 4") for sql in lists)
