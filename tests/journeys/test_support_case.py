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


def test_acts_of_support_follow_the_state_but_not_during_input(
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


def test_support_refunds_part_of_a_charge_and_downloads_the_evidence(
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
    form.get_by_role("button", name="Issue the refund").click()
    expect(money).to_contain_text("−$4.00")
    expect(money).to_contain_text("Issued")
    customer.goes_to(f"{session_id}/receipt").sees("−$4.00").sees("Paid in the end").sees("$5.99")

    with desk.expect_download() as waiting:
        desk.get_by_role("link", name="Evidence with all files").click()
    with zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes())) as archive:
        assert archive.read("evidence.pdf").startswith(b"%PDF")


LET_PROOF_AGE = """
from importlib import import_module
from django.conf import settings
store = import_module(settings.SESSION_ENGINE).SessionStore("{key}")
store["account_authentication_methods"] = [{{**one, "at": 0}} for one in store["account_authentication_methods"]]
store.save()
"""


def test_a_refund_asks_support_for_a_password_and_is_done_as_it_was_typed(
    server: Server, crowd: Crowd, browser_of: Callable[..., Page], axe: Callable[[Page], None]
) -> None:
    session_id = quietly.request(server, crowd.customer())
    support = server.sign_in_by_form("support@example.com")
    key = support.cookies["sessionid"]
    server.shell(LET_PROOF_AGE.format(key=key))
    desk = browser_of(support, viewport=DESKTOP)
    desk.goto(f"/support/sessions/{session_id}/")

    opens(desk, "Cancel the session")
    form = desk.locator("#act-cancel")
    form.get_by_label("Why?").fill("The car was towed")
    form.get_by_label("Cancel the session for both participants").check()
    form.get_by_role("button", name="Cancel the session").click()
    expect(desk.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    expect(desk.get_by_text("Nothing is lost")).to_be_visible()
    axe(desk)
    desk.get_by_label("Password", exact=True).fill("demo")
    desk.get_by_role("button", name="Confirm").click()

    expect(desk.locator(".case__state")).to_contain_text("Canceled")
    expect(desk.get_by_text("The car was towed").first).to_be_visible()

    server.shell(LET_PROOF_AGE.format(key=key))
    desk.get_by_role("link", name="PDF").first.click()
    desk.get_by_label("Password", exact=True).fill("demo")
    desk.get_by_role("button", name="Confirm").click()
    with desk.expect_download() as download:
        desk.get_by_role("link", name="PDF").first.click()
    assert download.value.suggested_filename == f"evidence-{session_id}.pdf"
