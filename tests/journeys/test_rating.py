"""The customer rates after the end; the mechanic and later customers read the rating."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import staging
from tests.journeys.conftest import Crowd
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Person as SignedIn
from tests.kit.server import Server
from tests.kit.time_travel import pass_time

Come = Callable[..., Customer]
DAY = 24 * 60 * 60


@pytest.fixture
def over(server: Server, crowd: Crowd, a_customer: Come) -> tuple[Customer, SignedIn]:
    """A session that the customer has just ended on the page."""
    customer, mechanic = a_customer(), crowd.mechanic()
    with staging.live_for(server, customer, mechanic):
        customer.ends().is_shown_the_end().button("Stay here").click()
    return customer, mechanic


def choose(page: Page, word: str, line: str = "") -> None:
    page.get_by_role("radio", name=re.compile(f"^{word}")).check()
    page.get_by_label("Comment").fill(line)


def test_a_rating_is_shown_on_the_mechanics_page(
    over: tuple[Customer, SignedIn], browser_of: Callable[..., Page]
) -> None:
    customer, mechanic = over[0], Mechanic(browser_of(over[1]), over[1])
    page, session_id = customer.page, customer.session_id
    inspect(page, "rating-open")
    choose(page, "Good", "Found the loose clamp <b>at once</b>.")
    inspect(page, "rating-chosen")
    customer.button("Send the rating").click()
    customer.sees("Your rating of Mechanic").sees("Found the loose clamp <b>at once</b>.")
    expect(page).to_have_url(re.compile(f"/sessions/{session_id}/$"))  # the page stays open
    inspect(page, "rating-given")

    mechanic.waits_for_requests().sees("(1 rating)").sees("Found the loose clamp")
    mechanic.goes_to(session_id).sees("’s rating")
    inspect(mechanic.page, "rating-read")

    page.get_by_text("Edit", exact=True).click()
    choose(page, "Excellent", "And it still runs.")
    customer.button("Save the change").click()
    customer.sees("And it still runs.")
    page.get_by_role("link", name=re.compile("^Mechanic")).first.click()
    customer.sees("5.0").sees("And it still runs.").sees_no_more("Found the loose clamp")
    inspect(page, "mechanic-page")


def test_the_mechanics_list_shows_a_new_rating_without_a_reload(
    over: tuple[Customer, SignedIn], browser_of: Callable[..., Page]
) -> None:
    customer, mechanic = over[0], Mechanic(browser_of(over[1]), over[1])
    mechanic.waits_for_requests()
    choose(customer.page, "Fair")
    customer.button("Send the rating").click()
    expect(mechanic.page.get_by_text("3 stars of 5")).to_have_count(1)


def test_the_dashboard_asks_for_a_rating_until_its_time_is_over(server: Server, crowd: Crowd, a_customer: Come) -> None:
    customer = a_customer()
    session_id = staging.over(server, customer.who, crowd.mechanic())
    customer.page.goto("/dashboard/")
    inspect(customer.page, "dashboard-to-rate")
    customer.page.get_by_role("link", name=re.compile("^Rate ")).click()
    expect(customer.page).to_have_url(re.compile(f"/sessions/{session_id}/#rating$"))

    pass_time(server, session_id, 14 * DAY)
    customer.page.goto("/dashboard/")
    expect(customer.page.get_by_role("link", name=re.compile("^Rate "))).to_have_count(0)


def test_rating_works_without_scripts(server: Server, crowd: Crowd, browser_of: Callable[..., Page]) -> None:
    customer = crowd.customer()
    page = browser_of(customer, java_script_enabled=False)
    page.goto(f"/sessions/{staging.over(server, customer, crowd.mechanic())}/")
    choose(page, "Poor", "Hard to understand.")
    page.get_by_role("button", name="Send the rating").click()
    expect(page.get_by_text("Hard to understand.")).to_be_visible()
    expect(page.get_by_text("2 stars of 5")).to_have_count(1)
