"""The same mechanic again: two people who have met, on phones."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import quietly, staging
from tests.journeys.conftest import Crowd
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server

Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]
SUMMARY = {
    "findings": "The heat shield at the front right has come loose.",
    "steps": "Tightened the clamp by hand.",
    "next_steps": "Replace the clamp.",
    "safe": "yes",
}
ASKING = re.compile("^Asking Mechanic")


@pytest.fixture
def met(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> tuple[Customer, Mechanic]:
    """A customer with a session and its summary behind them."""
    customer, mechanic = a_customer(), a_mechanic()
    session_id = staging.over(server, customer.who, mechanic.who)
    written = quietly.client(server, mechanic.who).post(f"/api/sessions/{session_id}/summary", json=SUMMARY)
    assert written.is_success, written.text
    return customer, mechanic


def send_the_intake(page: Page) -> None:
    page.get_by_role("radio", name=re.compile("^Yes")).check()
    page.locator("textarea[name=concern]").fill("It rattles again, this time on the left.")
    page.locator("input[name=waiver]").check()
    page.get_by_role("button", name="Go to payment").click()
    page.get_by_role("button", name=re.compile(r"^Pay \$")).click()
    expect(page.get_by_role("heading", name=ASKING)).to_be_visible()


def test_a_mechanic_is_asked_again_first_and_passes_to_everybody(
    server: Server, met: tuple[Customer, Mechanic], crowd: Crowd
) -> None:
    customer, mechanic = met
    mechanic.waits_for_requests()
    page, other = customer.page, crowd.mechanic()
    page.goto("/dashboard/")
    inspect(page, "history-ask-again")
    page.get_by_role("link", name=re.compile("^Ask Mechanic.* again$")).click()
    customer.sees("Your request is theirs alone for 2 minutes after your payment.")
    inspect(page, "intake-ask-free")
    send_the_intake(page)
    inspect(page, "queue-asking")
    session_id = customer.session_id

    request = mechanic.request(session_id)
    expect(request).to_contain_text("Asked for you")
    expect(request).to_contain_text("The heat shield at the front right has come loose.")
    inspect(mechanic.page, "queue-asked-for-you")
    assert quietly.client(server, other).get(f"/sessions/{session_id}/").status_code == 404
    request.get_by_role("button", name=re.compile("^Pass")).click()
    mechanic.sees("You passed. It does not count as a missed request.")
    expect(request).to_have_count(0)

    customer.sees("Now every mechanic sees it.")
    expect(page.get_by_role("heading", name=ASKING)).to_have_count(0)
    quietly.accept(server, other, session_id)
    expect(page.get_by_role("button", name="Join Session")).to_be_visible()


def test_a_mechanic_who_is_away_takes_what_is_for_them_alone(server: Server, met: tuple[Customer, Mechanic]) -> None:
    customer, mechanic = met
    page = customer.page
    mechanic.waits_for_requests().page.get_by_role("switch").click()
    mechanic.sees("You are not taking sessions")

    page.goto(f"/mechanics/{mechanic.who.id}/")
    inspect(page, "mechanic-page-away")
    page.get_by_role("button", name=re.compile("^Tell me when")).click()
    customer.sees("Do not tell me any more")
    inspect(page, "mechanic-page-told")
    page.goto("/dashboard/")
    customer.sees("We tell you when they are back")
    inspect(page, "favorites")

    page.get_by_role("region", name="Your mechanics").get_by_role("link", name=re.compile("^Ask")).click()
    expect(page.get_by_role("combobox", name=re.compile("^Only for"))).to_be_visible()
    page.get_by_role("radio", name=re.compile("^Only Mechanic")).check()
    inspect(page, "intake-ask-away")
    send_the_intake(page)
    customer.sees("If they do not take it, it ends and you pay nothing.")

    mechanic.page.goto(f"/sessions/{customer.session_id}/")
    mechanic.sees("asks for you")
    inspect(mechanic.page, "offer-asked-for-you")
    mechanic.button("Accept").click()
    expect(page.get_by_role("button", name="Join Session")).to_be_visible()
