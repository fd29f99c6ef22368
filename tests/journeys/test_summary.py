"""The mechanic writes the summary; the customer gets the mail, the PDF and the page."""

import io
import re
from collections.abc import Callable

import pypdfium2
import pytest
from playwright.sync_api import FilePayload, Page, expect

from autodoctor.files.tests.samples import photo
from tests.journeys import quietly, staging
from tests.journeys.conftest import Crowd, Watch
from tests.journeys.inspection import inspect
from tests.journeys.lines import without_script
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server
from tests.kit.waiting import until

CHANGED_ELSEWHERE = "This summary was changed in another window"

Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]
TEXTS = {
    "Findings": "The minus clamp is covered in white crust. Under load the voltage drops to 8 V at the starter.",
    "Steps performed": "Cleaned the clamp with hot water and a brush, and tightened it.",
    "Next steps": "Replace the clamp within two weeks. If it clicks again, do not drive.",
}
PARTS = (
    ("Battery clamp, negative", "VOL-31346572", "1", "14.50"),
    ("Terminal grease", "", "2", "3.45"),
    ("Ground strap", "30659912", "", ""),
)


class Desk:
    """The mechanic at the form."""

    def __init__(self, mechanic: Mechanic, session_id: str) -> None:
        self.page, self.mechanic, self.session_id = mechanic.page, mechanic, session_id
        self.address = f"/sessions/{session_id}/summary/"

    @property
    def state(self) -> str:
        return str(self.page.locator("[data-state]").get_attribute("data-state"))

    def opens(self) -> "Desk":
        self.page.goto(self.address)
        return self

    def writes(self, **texts: str) -> "Desk":
        for label, text in (texts or TEXTS).items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(text)
        return self

    def says_how_safe_it_is(self) -> "Desk":
        self.page.get_by_role("radio", name="Drive with care").check()
        self.page.get_by_label("Why?").fill("It may not start again once it is switched off.")
        return self

    def lists_parts(self) -> "Desk":
        for number, part in enumerate(PARTS):
            if number:
                self.page.get_by_role("button", name="Add a part").click()
            row = self.page.get_by_role("group", name="Part", exact=True).nth(number)
            for label, value in zip(("Part", "Part number", "Quantity", "Estimated price, each"), part, strict=True):
                row.get_by_label(label, exact=True).fill(value)
        return self

    def adds_photos(self) -> "Desk":
        names = ("clamp.jpg", "dashboard.jpg")
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Add files").click()
        chooser.value.set_files([FilePayload(name=name, mimeType="image/jpeg", buffer=photo()) for name in names])
        for name in names:
            expect(self.page.get_by_role("checkbox", name=name)).to_be_checked()
        return self

    def fills_it_in(self) -> "Desk":
        return self.writes().says_how_safe_it_is().lists_parts().adds_photos()

    def is_saved(self) -> "Desk":
        expect(self.page.locator("[data-state]")).to_have_attribute("data-state", "saved")
        expect(self.page.locator("[data-state]")).to_contain_text(re.compile(r"Saved \d+:\d\d"))
        return self

    def has(self, label: str, text: str) -> "Desk":
        expect(self.page.get_by_label(label, exact=True)).to_have_value(text)
        return self

    def sends(self) -> "Desk":
        self.mechanic.button("Send to the customer").click()
        return self


@pytest.fixture
def session(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> tuple[Customer, Desk]:
    """A session that is just over; no page is open."""
    customer, mechanic = a_customer(), a_mechanic()
    return customer, Desk(mechanic, staging.over(server, customer.who, mechanic.who))


@pytest.fixture
def desk(server: Server, crowd: Crowd, a_mechanic: ComeMechanic) -> Desk:
    """Like `session`, with a browser for the mechanic only."""
    mechanic = a_mechanic()
    return Desk(mechanic, staging.over(server, crowd.customer(), mechanic.who))


def letter(customer: Customer, subject: str) -> Page:
    """Open the mail in the outbox."""
    page = customer.page
    about = f"{subject}.*{re.escape(customer.who.email)}"
    until(lambda: bool(re.search(about, page.request.get("/outbox/").text(), re.DOTALL)))
    page.goto("/outbox/")
    page.locator(".row", has_text=customer.who.email).filter(has_text=subject).get_by_role("link").first.click()
    return page


def pdf_of(page: Page, address: str) -> list[str]:
    """Return the words of each page; fails if the PDF cannot be rendered."""
    document = pypdfium2.PdfDocument(io.BytesIO(page.request.get(address).body()))
    try:
        for sheet in document:
            darkest, lightest = sheet.render(scale=1).to_pil().convert("L").getextrema()
            assert (darkest < 128, lightest) == (True, 255)
        return [sheet.get_textpage().get_text_range() for sheet in document]
    finally:
        document.close()


def test_a_summary_is_written_after_the_end_and_mailed_to_the_customer(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    with staging.live_for(server, mechanic, customer.who) as session_id:
        quietly.act(server, customer.who, session_id, "end")
    desk = Desk(mechanic.comes_to_the_summary(), session_id)
    desk.fills_it_in().is_saved()
    inspect(desk.page, "summary-form")
    desk.mechanic.button("Preview").click()
    desk.mechanic.sees("This is the preview.").sees("Battery clamp, negative")
    inspect(desk.page, "summary-preview")
    desk.mechanic.button("Send to the customer").click()
    desk.mechanic.sees("was sent to the customer").sees("Need to correct something?")

    letter(customer, "Your summary").get_by_text("summary.pdf").first.wait_for()
    words = " ".join(pdf_of(customer.page, f"{desk.address}summary.pdf"))
    for expected in ("2014 Volvo V60", "Drive with care", "VOL-31346572", "$21.40", "Replace the clamp"):
        assert expected in words.replace("\r\n", " ")

    customer.page.goto("/dashboard/")
    customer.page.get_by_role("link", name="Summary").click()
    customer.sees("Drive with care").sees(TEXTS["Next steps"]).sees("$21.40")
    pictures = customer.page.locator(".report__photos img")
    expect(pictures).to_have_count(2)
    until(lambda: all(pictures.evaluate_all("all => all.map((each) => each.naturalWidth > 0)")))
    inspect(customer.page, "summary-customer")
    inspect(desk.page, "summary-mechanic")


def test_a_second_submission_of_a_summary_shows_the_first(desk: Desk, watch: Watch) -> None:
    watch.allow("status of 409")
    desk.opens().writes().says_how_safe_it_is().is_saved()
    other = Desk(Mechanic(desk.page.context.new_page()), desk.session_id)
    other.opens().has("Findings", TEXTS["Findings"])
    desk.sends().mechanic.sees("was sent to the customer")

    other.writes(Findings="Written in the other window")
    other.mechanic.sees("This summary was sent from another window")
    other.has("Findings", "Written in the other window").sends()
    other.mechanic.sees("This summary was already sent. The first version counts.")
    expect(other.page.get_by_label("Findings", exact=True)).to_have_value("Written in the other window")
    other.mechanic.sees(TEXTS["Findings"])
    inspect(other.page, "summary-already")


def test_a_summary_draft_survives_a_reload_and_a_lost_connection(desk: Desk, watch: Watch) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED|WebSocket")
    desk.opens().writes().lists_parts().is_saved()
    desk.page.reload()
    desk.has("Findings", TEXTS["Findings"])
    expect(desk.page.get_by_label("Part number", exact=True).first).to_have_value("VOL-31346572")

    desk.mechanic.goes_offline()
    desk.writes(Findings="Typed without a line")
    expect(desk.page.locator("[data-state]")).to_contain_text("Not saved yet: no connection")
    inspect(desk.page, "summary-form-offline")
    desk.sends()
    desk.has("Findings", "Typed without a line")
    desk.page.context.set_offline(False)
    desk.is_saved().opens().has("Findings", "Typed without a line")


def test_a_summary_begun_before_the_script_of_its_page_is_there_is_saved(desk: Desk) -> None:
    with without_script(desk.page, "summaries/write"):
        desk.page.goto(desk.address, wait_until="commit")
        desk.writes(Findings=TEXTS["Findings"])
    desk.is_saved().opens().has("Findings", TEXTS["Findings"])


def test_summary_text_typed_offline_survives_a_crash(desk: Desk, watch: Watch) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket")
    desk.opens().writes().is_saved()
    desk.page.route(re.compile("/draft/$"), lambda route: route.abort())
    desk.writes(Findings="Typed just before it crashed")
    expect(desk.page.locator("[data-state]")).to_contain_text("Not saved yet")
    desk.page.close(run_before_unload=False)

    later = Desk(Mechanic(desk.page.context.new_page()), desk.session_id)
    later.opens().mechanic.sees("This device has unsaved text")
    later.has("Findings", TEXTS["Findings"])
    later.mechanic.button("Use it").click()
    later.has("Findings", "Typed just before it crashed").is_saved()


def test_two_windows_with_a_summary_draft_ask_which_one_counts(desk: Desk, watch: Watch) -> None:
    watch.allow("status of 409")
    desk.opens()
    other = Desk(Mechanic(desk.page.context.new_page()), desk.session_id)
    other.opens()
    desk.writes(Findings="From the one").is_saved()
    other.writes(Findings="From the other")
    other.mechanic.sees(CHANGED_ELSEWHERE)
    inspect(other.page, "summary-form-changed")
    other.mechanic.button("Keep this version").click()
    other.is_saved().page.reload()
    other.has("Findings", "From the other")

    desk.writes(Steps_performed="More from the one")
    desk.mechanic.sees(CHANGED_ELSEWHERE)
    desk.page.get_by_role("link", name="Use the other version").click()
    desk.has("Findings", "From the other")


def test_a_missing_field_of_a_summary_is_named_at_its_place(desk: Desk, watch: Watch) -> None:
    watch.allow("status of 422")
    desk.opens().writes().lists_parts()
    desk.page.get_by_label("Quantity", exact=True).first.fill("many")
    desk.page.evaluate("document.getElementById('summary-form').noValidate = true")
    desk.sends().mechanic.sees("Please check the fields below").sees("Choose one of the three answers.")
    inspect(desk.page, "summary-form-errors")


def test_parts_of_a_summary_are_added_and_removed(desk: Desk) -> None:
    rows = desk.opens().page.get_by_role("group", name="Part", exact=True)
    expect(rows).to_have_count(1)
    desk.lists_parts()
    expect(rows).to_have_count(3)
    rows.nth(1).get_by_role("button", name="Remove this part").click()
    desk.is_saved().page.reload()
    expect(rows.nth(1).get_by_label("Part", exact=True)).to_have_value("Ground strap")


def test_a_correction_of_a_summary_is_mailed(session: tuple[Customer, Desk]) -> None:
    customer, desk = session
    desk.opens().writes().says_how_safe_it_is().sends()
    desk.mechanic.sees("Need to correct something?")
    desk.page.get_by_label("What do you want to correct or add?").fill("It is the plus clamp, not the minus one.")
    desk.mechanic.button("Send the correction").click()
    desk.mechanic.sees("Corrections").sees("It is the plus clamp")
    letter(customer, "Correction to your summary").get_by_text("summary.pdf").first.wait_for()
    customer.page.goto(desk.address)
    customer.sees("It is the plus clamp, not the minus one.").sees(TEXTS["Findings"])
    inspect(customer.page, "summary-corrected")


def test_both_participants_see_on_their_dashboards_that_a_summary_is_due(session: tuple[Customer, Desk]) -> None:
    customer, desk = session
    customer.goes_to(desk.session_id).is_shown_the_end().sees("writes you a summary")
    customer.page.goto(desk.address)
    customer.sees("Your summary is being written")
    inspect(customer.page, "summary-awaited")
    customer.page.goto("/dashboard/")
    customer.sees("Summary due")
    desk.page.goto("/dashboard/")
    desk.mechanic.sees("Summaries to write")
    inspect(desk.page, "dashboard-summaries")
