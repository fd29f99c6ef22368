"""Requests that fit come first in a mechanic's queue, none is hidden, and none that waits long is passed by."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from autodoctor.accounts.models import User
from autodoctor.sessions.lifecycle import releases, transitions
from autodoctor.sessions.models import NeededSkill, Session
from autodoctor.sessions.queries import fit
from autodoctor.sessions.tests.story import CHAT, NOON, Story
from autodoctor.skills import actions
from autodoctor.skills.models import Skill

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def quiet(settings: Settings) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"


def knows(mechanic: User, *names: str) -> None:
    actions.choose(mechanic=mechanic, skills=Skill.objects.filter(name__in=names))


def request(customer: User, make: str, codes: str = "", *, seconds: float = 0) -> Session:
    """A request that came `seconds` after noon."""
    at = NOON + timedelta(seconds=seconds)
    facts: dict[str, Any] = {"vehicle": {"make": make}, "concern": "It rattles", "trouble_codes": codes}
    session = transitions.create_draft(customer=customer, terms=CHAT, keep_card=False, now=at, **facts)
    return transitions.admit_request(session_id=session.id, now=at)


def queue(mechanic: User, at: datetime = NOON + timedelta(seconds=90)) -> list[str]:
    return [session.vehicle["make"] for session in fit.queue_of(mechanic, at)]


def test_a_booking_writes_down_what_it_is_about(customer: User) -> None:
    session = request(customer, "toyota", "P0301, P0302, C0035 and P1234")
    needed = NeededSkill.objects.filter(session=session).values_list("skill__name", flat=True)
    assert sorted(needed) == ["Toyota", "brakes and ABS", "engine and fuel"]
    assert fit.needed_skills(session) == ["Toyota", "engine and fuel", "brakes and ABS"]


def test_what_fits_comes_first_then_the_longest_wait_and_nothing_is_hidden(
    customer: User, mechanic: User, mechanic2: User
) -> None:
    for seconds, make in enumerate(["Volvo", "Toyota", "Ford", "Kia"]):
        request(customer, make, seconds=seconds)
    assert queue(mechanic) == ["Volvo", "Toyota", "Ford", "Kia"]  # who has said nothing sees them by their wait
    knows(mechanic, "Kia", "Toyota")
    assert queue(mechanic) == ["Toyota", "Kia", "Volvo", "Ford"]
    assert queue(mechanic2) == ["Volvo", "Toyota", "Ford", "Kia"]


def test_a_system_fits_as_a_make_does_and_two_reasons_count_as_one(customer: User, mechanic: User) -> None:
    knows(mechanic, "Kia", "brakes and ABS")
    request(customer, "Ford", "P0301")
    request(customer, "Volvo", "C0035", seconds=1)
    request(customer, "Kia", "C0035", seconds=2)
    assert queue(mechanic) == ["Volvo", "Kia", "Ford"]


def test_what_waits_long_comes_before_what_fits(customer: User, mechanic: User) -> None:
    knows(mechanic, "Kia")
    request(customer, "Volvo")
    request(customer, "Kia", seconds=60)
    assert queue(mechanic, NOON + timedelta(seconds=179)) == ["Kia", "Volvo"]
    assert queue(mechanic, NOON + timedelta(seconds=180)) == ["Volvo", "Kia"]
    request(customer, "Kia", seconds=600)
    assert queue(mechanic, NOON + timedelta(seconds=601)) == ["Volvo", "Kia", "Kia"]


def test_what_was_given_back_comes_before_all(customer: User, mechanic: User, mechanic2: User) -> None:
    knows(mechanic, "Kia")
    story = Story(customer, mechanic2).pay().accept()
    releases.release_request(session_id=story.id, by=mechanic2, reason="no_time", now=NOON)
    request(customer, "Kia")
    assert queue(mechanic) == ["Volvo", "Kia"]
    assert queue(mechanic2) == ["Kia"]  # it is not theirs again


def test_a_row_that_support_switches_off_is_no_reason(customer: User, mechanic: User) -> None:
    knows(mechanic, "Kia")
    session = request(customer, "Kia")
    assert fit.shared_skills([session], mechanic) == {session.id: ["Kia"]}
    Skill.objects.filter(name="Kia").update(active=False)
    assert fit.shared_skills([session], mechanic) == {}


def test_the_dashboard_says_why(customer: User, mechanic: User, client_of: ClientOf) -> None:
    knows(mechanic, "Kia", "engine and fuel")
    request(customer, "Ford")
    request(customer, "Kia", "P0301", seconds=1)
    page = " ".join(client_of(mechanic).get("/dashboard/").content.decode().split())
    assert "Requests about Kia and engine and fuel come first." in page
    assert page.count("Fits you: you know Kia and engine and fuel") == 1


def test_the_queue_takes_as_many_queries_for_many(
    customer: User, mechanic: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    knows(mechanic, "Kia")
    for seconds in range(12):
        request(customer, "Kia", "P0301", seconds=seconds)
    with django_assert_num_queries(2):
        sessions = list(fit.queue_of(mechanic, NOON))
        fit.shared_skills(sessions, mechanic)


def test_the_api_says_what_fits_in_the_same_order(customer: User, mechanic: User, client_of: ClientOf) -> None:
    actions_of_mechanic = client_of(mechanic)
    actions_of_mechanic.post("/mechanics/taking-sessions/", {"taking": "on"})
    now = datetime.now(NOON.tzinfo)
    knows(mechanic, "Kia", "exhaust and emissions")
    seconds = (now - NOON).total_seconds()
    request(customer, "Volvo", seconds=seconds - 2)
    request(customer, "kia", "P0420", seconds=seconds - 1)
    answer = actions_of_mechanic.get("/api/queue").json()
    assert [entry["fit"] for entry in answer] == [["Kia", "exhaust and emissions"], []]


def test_both_read_on_the_session_s_page_why_they_fit(
    customer: User, mechanic: User, support: User, client_of: ClientOf
) -> None:
    knows(mechanic, "Volvo")
    story = Story(customer, mechanic).pay()
    address = f"/sessions/{story.id}/"

    def page(person: User) -> str:
        return " ".join(client_of(person).get(address).content.decode().split())

    assert "Those who know Volvo see it first." in page(customer)
    assert "Fits you: you know Volvo" in page(mechanic)
    story.accept()
    for person in (customer, support):
        assert "Knows Volvo" in page(person)
    assert "Knows Volvo" not in page(mechanic)
    story.join()
    assert "Knows Volvo" in page(customer)
    knows(mechanic, "Kia")
    assert "Knows" not in page(customer)
