"""Lines from the conversation, proposed beside the form of the summary: on a phone, with the places they come from."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.journeys import quietly, staging
from tests.journeys.conftest import Crowd
from tests.journeys.inspection import TAKES_PICTURES, inspect
from tests.journeys.people import Mechanic
from tests.kit.server import Server
from tests.kit.waiting import until
from tests.sheet import PICTURES

SCREENS = ((360, 640), (390, 664), (390, 844), (844, 390), (1280, 800))
SAID = (
    "Hello, can you hear me?",
    "Please open the hood and look at the battery.",
    "The minus clamp is corroded.",
    "You should replace the battery clamp within two weeks.",
)


def look(page: Page, name: str) -> None:
    """Save pictures for a visual review."""
    if not TAKES_PICTURES:
        return
    before = page.viewport_size
    for width, height in SCREENS:
        for theme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=PICTURES / f"proposals-{name}-{width}x{height}-{theme}.png", animations="disabled")
    page.set_viewport_size(before or {"width": 390, "height": 844})
    page.emulate_media(color_scheme="light")


def lines_for(page: Page, field: str) -> Locator:
    proposed = page.locator(f"proposed-lines[for={field}]")
    proposed.locator("summary").click()
    return proposed.get_by_role("button")


def test_the_mechanic_takes_proposed_lines_edits_and_sends(
    server: Server, crowd: Crowd, a_mechanic: Callable[..., Mechanic]
) -> None:
    customer, mechanic = crowd.customer(), a_mechanic()
    session_id = staging.started(server, customer, mechanic.who)
    with quietly.open_page(server, customer, session_id), quietly.open_page(server, mechanic.who, session_id):
        for text in SAID:
            quietly.say(server, mechanic.who, session_id, text)
    quietly.act(server, customer, session_id, "end")
    page = mechanic.page
    page.goto(f"/sessions/{session_id}/summary/")
    for field in ("findings", "steps", "next_steps"):
        expect(page.locator(f"#{field}")).to_have_value("")
    _takes_lines(page)
    look(page, "form")
    inspect(page, "summary-proposals")
    _follows_a_place(page)
    page.get_by_label("Findings").press("End")
    page.get_by_label("Findings").press_sequentially(" Badly.")
    page.get_by_role("radio", name="Safe to drive", exact=True).check()
    until(lambda: page.locator("[data-state]").get_attribute("data-state") == "saved")
    page.get_by_role("button", name="Send to the customer").click()
    expect(page.get_by_text("Your summary was sent to the customer.")).to_be_visible()
    summary = quietly.client(server, customer).get(f"/api/sessions/{session_id}/summary").json()
    assert summary["findings"] == "The minus clamp is corroded. Badly."
    assert summary["next_steps"] == SAID[3]
    assert [part["name"] for part in summary["parts"]] == ["Battery clamp"]


def _takes_lines(page: Page) -> None:
    for field, text in (("findings", SAID[2]), ("steps", SAID[1]), ("next_steps", SAID[3])):
        button = lines_for(page, field).filter(has_text=text)
        button.click()
        expect(page.locator(f"#{field}")).to_have_value(text)
        expect(button).to_have_attribute("aria-pressed", "true")
    again = page.locator("proposed-lines[for=steps]").get_by_role("button")
    again.click()
    expect(page.locator("#steps")).to_have_value("")
    again.click()
    part = page.locator("[data-part]")
    for _twice in range(2):
        part.click()
    expect(page.locator("[name=part_name]").first).to_have_value("Battery clamp")
    typed = page.locator("[name=part_name]").evaluate_all("all => all.map((one) => one.value).filter(Boolean)")
    assert typed == ["Battery clamp"], "once, however often it is pressed"


def _follows_a_place(page: Page) -> None:
    """The place opens beside the form, at the very line."""
    place = page.locator("proposed-lines[for=findings]").get_by_role("link")
    with page.context.expect_page() as opened:
        place.click()
    transcript = opened.value
    expect(transcript).to_have_url(re.compile(r"/transcript/\?page=1#e\d+$"))
    expect(transcript.locator("li:target")).to_contain_text(SAID[2])
    transcript.close()
