"""Support acts on a session; both participants see the result."""

import io
import zipfile
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import quietly, staging
from tests.journeys.conftest import DESKTOP, Crowd, Watch
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server

Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]
WHY = "Your picture froze, so we end this here. You pay only for the time you had."


def opens(desk: Page, act: str) -> None:
    desk.locator("summary").filter(has_text=act).click()


def test_support_ends_a_stuck_session_and_both_see_why(
    server: Server,
    a_customer: Come,
    a_mechanic: ComeMechanic,
    browser_of: Callable[..., Page],
    axe: Callable[[Page], None],
    watch: Watch,
) -> None:
    watch.allow(r"/end/ logged error .*status of 422")  # the form that is not ticked
    customer, mechanic = a_customer(), a_mechanic()
    session_id = staging.live(server, customer, mechanic)

    desk = browser_of("support@example.com", viewport=DESKTOP)
    desk.goto(f"/support/sessions/{session_id}/")
    expect(desk.locator(".case__state")).to_contain_text("Live")
    customer.says("I see nothing any more")
    expect(desk.locator(".log__line").first).to_contain_text(
        "I see nothing any more"
    )  # by itself, as messages do not poke lists

    opens(desk, "Send a message")
    form = desk.locator("#act-message")
    form.get_by_label("Message").fill("We are looking into it")
    form.get_by_role("button", name="Send").click()
    for person in (customer, mechanic):
        person.reads("We are looking into it")

    opens(desk, "End the session")
    form = desk.locator("#act-end")
    form.get_by_label("Why?").fill(WHY)
    form.get_by_role("button", name="End the session").click()
    expect(form).to_contain_text("Confirm this first")
    expect(form.get_by_label("Why?")).to_have_value(WHY)
    axe(desk)
    form.get_by_label("End the session for both participants").check()
    form.get_by_role("button", name="End the session").click()
    expect(desk.locator(".case__state")).to_contain_text("Completed")
    for each in (customer, mechanic):
        each.sees("Our support team ended the session").sees(WHY)


def test_actions_follow_the_session_but_not_during_input(
    server: Server, crowd: Crowd, browser_of: Callable[..., Page], watch: Watch
) -> None:
    watch.allow(r"/release/ logged error .*status of 409")  # the error stands at the form
    mechanic = crowd.mechanic()
    session_id = quietly.request(server, crowd.customer())
    desk = browser_of("support@example.com", viewport=DESKTOP)
    desk.goto(f"/support/sessions/{session_id}/")
    expect(desk.locator("#act-cancel")).to_be_visible()
    expect(desk.locator("#act-release")).to_have_count(0)
    quietly.accept(server, mechanic, session_id)
    expect(desk.locator("#act-release")).to_be_visible()

    opens(desk, "Back to the queue")
    why = desk.locator("#act-release").get_by_label("Why?")
    why.fill("He has not come")
    quietly.act(server, mechanic, session_id, "release", reason="no_time")
    expect(desk.locator(".case__state")).to_contain_text("Waiting for a mechanic")
    expect(why).to_have_value("He has not come")
    desk.locator("#act-release").get_by_role("checkbox").check()
    desk.locator("#act-release").get_by_role("button").click()
    expect(desk.locator("#act-release")).to_contain_text("Meanwhile this has changed")
    expect(why).to_have_value("He has not come")


def test_part_of_the_charge_goes_back_and_the_evidence_downloads(
    server: Server, crowd: Crowd, a_customer: Come, browser_of: Callable[..., Page]
) -> None:
    customer = a_customer()
    session_id = staging.started(server, customer.who, crowd.mechanic())
    quietly.say(server, customer.who, session_id, "It rattles")
    quietly.act(server, customer.who, session_id, "end")

    desk = browser_of("support@example.com")
    desk.goto(f"/support/sessions/{session_id}/")
    money = desk.locator(".case__money")
    expect(money).to_contain_text("Charged")
    opens(desk, "Issue a refund")
    form = desk.locator("#act-refund")
    form.get_by_label("Amount").fill("4.00")
    form.get_by_label("Why?").fill("Ten minutes without a picture")
    form.get_by_label("Issue the refund").check()
    form.get_by_role("button", name="Give request back").click()
    expect(money).to_contain_text("−$4.00")
    expect(money).to_contain_text("Issued")
    customer.goes_to(f"{session_id}/receipt").sees("−$4.00").sees("Paid in the end").sees("$5.99")

    with desk.expect_download() as waiting:
        desk.get_by_role("link", name="Evidence with all files").click()
    with zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes())) as archive:
        assert archive.read("evidence.pdf").startswith(b"%PDF")
