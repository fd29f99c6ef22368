"""What is said in a call becomes text: asked for, agreed to, recorded, recognized by a real model, and read."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from autodoctor.transcripts.tests import sounds
from tests.journeys import accessibility, calls, quietly
from tests.journeys.calls import DEVICES, in_a_hurry
from tests.journeys.conftest import PHONE
from tests.journeys.inspection import TAKES_PICTURES, inspect
from tests.journeys.people import Customer, Mechanic, Person
from tests.journeys.watching import Watch
from tests.kit import chromium
from tests.kit.scene import key
from tests.kit.server import Server
from tests.kit.time_travel import pass_time
from tests.kit.waiting import PATIENCE, until
from tests.sheet import PICTURES

SCREENS = ((360, 640), (390, 664), (390, 844), (844, 390), (1280, 800))
ON = "Being transcribed"
PIECES = """
SELECT count(*) FROM transcripts_piece AS p JOIN transcripts_voice AS v ON v.id = p.voice_id
WHERE v.session_id = %s AND v.role = %s
"""
REFUSED = r"status of 409 .*/voice\)"  # a piece on its way when somebody stopped the transcript, or the call
ENOUGH = 6  # pieces of one and a half seconds each: longer than what is said once
LATER = 60  # seconds: the job has waited for the last words
RECOGNIZED = 5 * PATIENCE  # a process of its own computes for twenty seconds, and a busy machine gives it an eighth


@pytest.fixture(scope="module")
def speaking_browser(launch_browser: Callable[..., Browser]) -> Iterator[Browser]:
    """A browser whose microphone hears somebody speak, over and over."""
    options = chromium.options()
    options["args"] = [*options["args"], f"--use-file-for-fake-audio-capture={sounds.WAV}"]
    browser = launch_browser(**options)
    yield browser
    browser.close()


@pytest.fixture
def pair(
    a_customer: Callable[..., Customer],
    a_mechanic: Callable[..., Mechanic],
    server: Server,
    speaking_browser: Browser,
    watch: Watch,
) -> tuple[Customer, Mechanic]:
    """Two people in a running call; the customer speaks."""
    watch.allow(REFUSED)
    customer = a_customer(permissions=DEVICES, browser=speaking_browser)
    mechanic = a_mechanic(permissions=DEVICES)
    calls.call_of_checked(server, customer, mechanic)
    return customer, mechanic


def look(page: Page, name: str) -> None:
    """Save pictures for a visual review."""
    if not TAKES_PICTURES:
        return
    for width, height in SCREENS:
        for theme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=PICTURES / f"words-{name}-{width}x{height}-{theme}.png", animations="disabled")
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="light")


def asks(person: Person) -> None:
    """Offer a transcript, as on a phone: by the way of what is known about the session."""
    person.button("The car").click()
    person.page.locator("#about").get_by_role("button", name="Write down the call").click()
    look(person.page, "dialog")
    person.page.locator("#words-dialog").get_by_role("button", name="Ask ").click()
    expect(person.page.locator("#words-dialog")).to_be_hidden()
    person.page.locator("#about").get_by_role("button", name="Close").click()


def agrees(person: Person) -> None:
    person.button("Answer").click()
    look(person.page, "answer")
    person.page.locator("#words-dialog").get_by_role("button", name="I agree").click()


def agree(server: Server, person: Person, session_id: str) -> None:
    """Agree without the page."""
    address = f"/sessions/{session_id}/transcript/agreement/"
    assert quietly.client(server, person.who).post(address, data={"act": "agree"}).status_code in {200, 303}


def count(server: Server, session_id: str, role: str) -> int:
    return int(server.sql(PIECES, key(server, UUID(session_id)), role)[0][0])


def test_what_is_said_in_a_call_can_be_read_and_searched_after_it(
    pair: tuple[Customer, Mechanic], server: Server
) -> None:
    customer, mechanic = pair
    session_id = customer.session_id
    asks(mechanic)
    mechanic.sees("Transcript: waiting for")
    look(mechanic.page, "waiting")
    customer.sees("would like a transcript")
    look(customer.page, "asked")
    assert count(server, session_id, "customer") == 0
    with in_a_hurry(customer.page), in_a_hurry(mechanic.page):
        agrees(customer)
        for person in pair:
            person.sees(ON)
        look(customer.page, "on")
        until(lambda: customer.page.evaluate("true") and count(server, session_id, "customer") >= ENOUGH)
        until(lambda: mechanic.page.evaluate("true") and count(server, session_id, "mechanic") >= 1)
        with customer.page.expect_response(_is_taken), mechanic.page.expect_response(_is_taken):
            customer.ends()
    pass_time(server, session_id, LATER)
    until(lambda: _transcript(customer, session_id)["stage"] == "ready", RECOGNIZED)
    lines = _transcript(customer, session_id)["lines"]
    assert "battery" in " ".join(line["text"] for line in lines if line["role"] == "customer")
    # The sound goes right after the words are there, and its rows go last.
    until(lambda: count(server, session_id, "customer") == count(server, session_id, "mechanic") == 0)
    assert not [path for path in (server.data / "files" / "stored" / "voices").rglob("*") if path.is_file()]
    _reads(mechanic, session_id)


def _is_taken(answer: Response) -> bool:
    return answer.url.endswith("/voice") and answer.ok


def _transcript(person: Person, session_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = person.page.request.get(f"/api/sessions/{session_id}/transcript").json()
    return answer


def _reads(person: Person, session_id: str) -> None:
    """Read the transcript between the lines of the log, and search in it."""
    page = person.page
    page.goto(f"/sessions/{session_id}/transcript/")
    expect(page.locator(".transcript__spoken", has_text="battery").first).to_contain_text("into the session")
    expect(page.locator(".transcript__lines")).to_contain_text("The transcript of the call is there.")
    inspect(page, "transcript-spoken")
    look(page, "transcript")
    page.get_by_role("searchbox").fill("Báttery")
    page.get_by_role("button", name="Search").click()
    found = page.locator(".transcript__found li")
    expect(found.first).to_contain_text("battery")
    look(page, "found")
    inspect(page, "transcript-found")
    found.first.get_by_role("link").click()
    expect(page.locator(".transcript__spoken:target")).to_contain_text("battery")
    page.goto(f"/sessions/{session_id}/transcript/?q=zeppelin")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()


@pytest.mark.parametrize("who", [0, 1])
def test_whoever_stops_it_stops_it_at_once_on_both_sides(
    pair: tuple[Customer, Mechanic], server: Server, who: int
) -> None:
    customer, mechanic = pair
    session_id = customer.session_id
    for person in pair:
        agree(server, person, session_id)
    for person in pair:
        person.sees(ON)
    customer.page.reload()
    customer.is_live().sees(ON)
    with in_a_hurry(customer.page), in_a_hurry(mechanic.page):
        until(lambda: customer.page.evaluate("true") and count(server, session_id, "customer") >= 1)
        if who == 0:
            accessibility.check(mechanic.page)
        pair[who].button("Stop").click()
        for person in pair:
            person.sees_no_more(ON)
            expect(person.page.get_by_text("a transcript: nothing is recorded now")).to_be_attached()
        before = [count(server, session_id, role) for role in ("customer", "mechanic")]
        customer.page.wait_for_timeout(500)
    assert [count(server, session_id, role) for role in ("customer", "mechanic")] == before
