"""A mechanic's application, work and departure."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import quietly, staging
from tests.journeys.conftest import DESKTOP, Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server
from tests.kit.time_travel import pass_time

MINUTE = 60
Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]


@pytest.fixture
def support(browser_of: Callable[..., Page]) -> Page:
    return browser_of("support@example.com", viewport=DESKTOP)


def test_an_approved_applicant_accepts_a_first_request(server: Server, a_customer: Come, support: Page) -> None:
    applicant = a_customer()
    page = applicant.page
    page.goto("/mechanics/apply/")
    page.get_by_label("Headline").fill("Diesels, from the farm to the motorway")
    page.get_by_label("Years of experience").fill("11")
    page.get_by_label("Skills").fill("Injection, turbochargers, gearboxes")
    applicant.button("Send the application").click()
    applicant.sees("We received your application on")

    support.goto("/dashboard/")
    support.get_by_role("link", name="Mechanics", exact=True).click()
    application = support.get_by_role("article").filter(has_text=applicant.who.email)
    expect(application).to_contain_text("Diesels, from the farm")
    inspect(support, "support-mechanics-waiting")
    application.get_by_role("button", name=re.compile("^Approve")).click()
    expect(application).to_have_count(0)

    mechanic = Mechanic(page, applicant.who).waits_for_requests()
    page.get_by_role("switch", name="Taking sessions").click()
    mechanic.sees_no_more("You are not taking sessions")
    customer = a_customer()
    session_id = quietly.request(server, customer.who)
    mechanic.accepts(session_id).joins()
    customer.goes_to(session_id).sees("Diesels, from the farm").joins()
    mechanic.starts().says("Does it smoke?")
    customer.reads("Does it smoke?").ends().is_shown_the_end()


def test_a_banned_mechanic_is_signed_out_at_once_and_the_session_ends(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, support: Page, watch: Watch
) -> None:
    watch.allow("WebSocket connection")
    customer, mechanic = a_customer(), a_mechanic()
    session_id = staging.live(server, customer, mechanic)
    support.goto(f"/support/search/?q={mechanic.who.email}")
    support.locator(".row", has_text=mechanic.who.email).get_by_role("link").first.click()
    support.get_by_label("Why?", exact=True).fill("asked for cash")
    support.get_by_role("button", name="Ban", exact=True).click()
    expect(support.get_by_text("asked for cash")).to_be_visible()

    expect(mechanic.page.get_by_role("link", name="Sign in").first).to_be_visible()
    mechanic.page.goto("/dashboard/")
    expect(mechanic.page).to_have_url(re.compile("/sign-in/"))
    customer.sees("The clock is paused")
    pass_time(server, session_id, 6 * MINUTE)
    customer.is_shown_the_end().sees("your mechanic’s connection was lost")
