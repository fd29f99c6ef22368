"""Without a connection: the last summary, what was typed, and nothing of anybody who is not signed in."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import quietly, staging
from tests.journeys.conftest import Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import CONCERN, Customer
from tests.kit.server import Person, Server
from tests.kit.waiting import until

OpenPage = Callable[..., Page]
LOST = "status of 503|ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket|Failed to fetch"
FINDING = "The minus clamp is corroded."
SUMMARY = {"findings": FINDING, "steps": "Cleaned it.", "next_steps": "Replace the clamp.", "safe": "yes"}
# The names of the pages that this device keeps.
KEPT = """async () => {
  const keys = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
  return keys.flat().map(({ url }) => new URL(url).pathname).filter((path) => !path.startsWith("/static/")).sort();
}"""
BOTH = ["/offline/", "/summaries/last/"]


def keeps(page: Page, paths: list[str]) -> None:
    """Wait until the device keeps exactly these pages."""
    until(lambda: page.evaluate(KEPT) == paths)


@pytest.fixture
def offline_allowed(watch: Watch) -> None:
    watch.allow(LOST)


def summarized(server: Server, customer: Person, mechanic: Person) -> str:
    session_id = staging.over(server, customer, mechanic)
    answer = quietly.client(server, mechanic).post(f"/api/sessions/{session_id}/summary", json=SUMMARY)
    assert answer.status_code < 300, answer.text
    return session_id


@pytest.mark.usefixtures("offline_allowed")
def test_the_last_summary_is_there_without_a_connection_and_gone_with_its_person(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Customer]
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    session_id = summarized(server, customer.who, mechanic.who)
    page = customer.page
    page.goto("/dashboard/")
    keeps(page, BOTH)

    customer.goes_offline()
    page.goto(f"/sessions/{session_id}/summary/")
    customer.sees("You are offline").sees("As this device had it on").sees(FINDING)
    inspect(page, "offline-summary")
    page.context.set_offline(False)
    expect(page.get_by_role("link", name="Download PDF")).to_be_visible()  # it loads what was asked for by itself

    page.get_by_label("Your account").click()
    customer.button("Sign out").click()
    page.wait_for_url("/")
    keeps(page, ["/offline/"])
    customer.goes_offline()
    page.goto("/dashboard/")
    customer.sees("You are offline").sees_no_more(FINDING)
    inspect(page, "offline")


@pytest.mark.usefixtures("offline_allowed")
def test_the_next_person_at_this_device_finds_nothing_of_the_one_before(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Customer]
) -> None:
    customer, mechanic, other = a_customer(), a_mechanic(), a_customer()
    summarized(server, customer.who, mechanic.who)
    page = customer.page
    page.goto("/dashboard/")
    keeps(page, BOTH)
    cookies = other.who.cookies
    page.context.add_cookies([{"name": "sessionid", "value": cookies["sessionid"], "url": server.url}])
    page.goto("/help/")  # a page that keeps nothing itself
    keeps(page, ["/offline/"])
    customer.goes_offline()
    page.goto("/dashboard/")
    customer.sees("You are offline").sees_no_more(FINDING)


@pytest.mark.usefixtures("offline_allowed")
def test_the_next_person_in_a_tab_reads_no_message_that_the_one_before_could_not_send(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Customer]
) -> None:
    customer, mechanic, other = a_customer(), a_mechanic(), a_customer()
    page = customer.page
    page.goto("/dashboard/")
    keeps(page, ["/offline/"])
    session_id = staging.accepted(server, customer.who, mechanic.who)
    customer.goes_to(session_id).joins()
    customer.goes_offline()
    customer.sends("Are you there?")
    page.goto("/help/")
    customer.sees("You are offline").sees("Are you there?")
    session = other.who.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Help").first).to_be_visible()
    customer.goes_offline()
    page.goto("/dashboard/")
    customer.sees("You are offline").sees_no_more("Are you there?")
    quietly.act(server, customer.who, session_id, "cancel")


@pytest.mark.usefixtures("offline_allowed")
def test_what_was_typed_is_found_on_the_offline_page_and_sent_afterwards(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Customer]
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    page = customer.page
    page.goto("/dashboard/")
    keeps(page, ["/offline/"])
    session_id = staging.accepted(server, customer.who, mechanic.who)
    customer.goes_to(session_id).joins()
    customer.goes_offline()
    customer.sends("Are you there?").types("The noise comes from")
    page.reload()
    customer.sees("Typed, and not sent yet").sees("Are you there?").sees("The noise comes from")
    inspect(page, "offline-typed")
    page.context.set_offline(False)
    expect(customer.bubble("Are you there?")).to_have_attribute("data-delivery", "sent")
    expect(page.get_by_label("Message", exact=True)).to_have_value("The noise comes from")
    quietly.act(server, customer.who, session_id, "cancel")


@pytest.mark.usefixtures("offline_allowed")
def test_an_intake_survives_a_lost_connection_and_a_closed_tab(server: Server, browser_of: OpenPage) -> None:
    page = browser_of(None)
    visitor = Customer(page)
    visitor.fills_the_intake()
    keeps(page, ["/offline/"])
    visitor.goes_offline()
    visitor.button("Continue").click()
    visitor.sees("You are offline, so nothing was sent.")
    expect(page.locator("textarea[name=concern]")).to_have_value(CONCERN)
    page.goto("/book/")
    visitor.sees("A session that you are booking")
    page.context.set_offline(False)
    expect(page.locator("textarea[name=concern]")).to_have_value(CONCERN)
    expect(page.get_by_label("Make", exact=True)).to_have_value("Volvo")
    expect(page.locator("input[name=waiver]")).not_to_be_checked()  # consent is given anew
    page.goto("/offline/")
    page.wait_for_url(f"{server.url}/")  # it is no page of its own
