"""A thin line: files go on where they were, and films and photos stand in for a poor picture."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, ViewportSize, expect

from autodoctor.files.tests.samples import film
from autodoctor.room.tests.test_scripts_uploads import HIDE
from tests.journeys import accessibility, calls, staging
from tests.journeys.calls import DEVICES
from tests.journeys.conftest import DESKTOP, Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.journeys.shared import Come, ComeMechanic
from tests.journeys.test_files import PLAY, Hands, fetched
from tests.journeys.test_stage import POOR_LINK
from tests.kit import films
from tests.kit.server import Server
from tests.kit.waiting import until

SMALL_PHONE: ViewportSize = {"width": 390, "height": 664}
PIECES = re.compile(r"/uploads/[0-9a-f-]{36}$")
MEGABYTE = 1024 * 1024
FILM = film(filling=4 * MEGABYTE)
# The page's clock, to be moved on.
CLOCK = "const now = Date.now; window.ahead = 0; Date.now = () => now() + ahead;"
# How many files this browser keeps.
KEPT = """() => new Promise((done) => {
  const opening = indexedDB.open("kept-files");
  opening.onupgradeneeded = () => opening.result.createObjectStore("files");
  opening.onsuccess = () => {
    const counting = opening.result.transaction("files").objectStore("files").count();
    counting.onsuccess = () => { opening.result.close(); done(counting.result); };
  };
})"""


class Pieces:
    """The pieces of files that a page sends: the line can be cut at any of them."""

    def __init__(self, page: Page, cut_at: set[int]) -> None:
        self.offsets: list[int] = []
        self._cut_at = cut_at
        self.held: list[Route] = []
        self.holds_from: int | None = None
        self._page = page
        page.route(PIECES, self._sent)

    def are_held(self) -> None:
        while not self.held:
            self._page.wait_for_timeout(20)

    def _sent(self, route: Route, request: Request) -> None:
        if request.method != "PATCH":
            route.continue_()
            return
        self.offsets.append(int(request.headers["upload-offset"]))
        if self.holds_from is not None and len(self.offsets) >= self.holds_from:
            self.held.append(route)
        elif len(self.offsets) in self._cut_at:
            route.abort()
        else:
            route.continue_()


def named(name: str, content: bytes) -> Any:
    return {"name": name, "mimeType": "video/mp4", "buffer": content}


def test_a_file_goes_on_after_cut_lines_and_a_killed_server(
    start_server: Callable[..., Server], browser_of: Callable[..., Page], watch: Watch
) -> None:
    watch.allow("ERR_FAILED|ERR_CONNECTION|ERR_SOCKET|WebSocket|Failed to load resource|NetworkError|status of 50")
    server = start_server()
    (one,), (other,) = server.enroll(1, "owner-"), server.enroll(1, "helper-", mechanics=True)
    customer = Customer(browser_of(one, server=server, viewport=SMALL_PHONE), one)
    mechanic = Mechanic(browser_of(other, server=server, viewport=DESKTOP), other)
    staging.live(server, customer, mechanic)
    pieces = Pieces(customer.page, {2, 4})
    pieces.holds_from = 6
    hands = Hands(customer)
    hands.adds(named("brake.mp4", FILM))
    pieces.are_held()
    server.kill()
    pieces.held.pop().abort()
    expect(customer.page.get_by_text("Waiting for the connection ·")).to_be_visible()
    server.start()
    pieces.holds_from = None
    hands.sees("brake.mp4")
    Hands(mechanic).sees("brake.mp4")
    assert pieces.offsets == sorted(pieces.offsets)
    link = Hands(mechanic).shared("brake.mp4").locator("video, a").first
    address = link.get_attribute("src") or link.get_attribute("href")
    assert len(fetched(mechanic.page, address).body()) == len(FILM)


def test_a_reloaded_page_goes_on_with_its_file(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, watch: Watch
) -> None:
    watch.allow("ERR_FAILED|ERR_ABORTED")
    customer, mechanic = a_customer(viewport=SMALL_PHONE), a_mechanic(viewport=DESKTOP)
    staging.live(server, customer, mechanic)
    pieces = Pieces(customer.page, set())
    pieces.holds_from = 3
    Hands(customer).adds(named("brake.mp4", FILM))
    pieces.are_held()
    until(lambda: customer.page.evaluate(KEPT) == 1)
    inspect(customer.page, "a file on its way")
    pieces.holds_from = None
    customer.page.reload()
    customer.sees(re.compile(r"Going on with brake\.mp4 · [1-9]\d?%"))
    Hands(customer).sees("brake.mp4")
    Hands(mechanic).sees("brake.mp4")
    assert pieces.offsets[3] == pieces.offsets[2] > 0
    expect(mechanic.page.locator(".bubble--file")).to_have_count(1)
    until(lambda: customer.page.evaluate(KEPT) == 0)


def test_a_film_that_is_too_large_is_made_smaller_and_plays(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, tmp_path: Path
) -> None:
    customer, mechanic = a_customer(viewport=SMALL_PHONE), a_mechanic(viewport=DESKTOP)
    staging.live(server, customer, mechanic)
    large = tmp_path / "brake.webm"
    large.write_bytes(films.padded(films.recorded(customer.page), 11 * MEGABYTE))
    customer.page.get_by_role("button", name="Add a photo or file").click()
    with customer.page.expect_file_chooser() as chooser:
        customer.page.get_by_role("button", name="Photo or video").click()
    customer.page.evaluate(HIDE, True)  # then it rests
    chooser.value.set_files(large)
    expect(customer.page.get_by_text("Making the film smaller ·")).to_be_visible()
    customer.page.evaluate(HIDE, False)
    Hands(customer).sees("brake")
    plays(mechanic, "brake")


@pytest.fixture
def call(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> tuple[Customer, Mechanic]:
    customer = a_customer(viewport=SMALL_PHONE, permissions=DEVICES)
    mechanic = a_mechanic(viewport=DESKTOP, permissions=DEVICES)
    for person in (customer, mechanic):
        person.page.add_init_script(CLOCK)
    calls.call_of_checked(server, customer, mechanic)
    return customer, mechanic


def test_a_poor_picture_offers_photos_and_films_to_both_and_a_recorded_film_plays(
    call: tuple[Customer, Mechanic],
) -> None:
    customer, mechanic = call
    panels = [person.page.locator("thin-line") for person in call]
    customer.page.evaluate(POOR_LINK)
    expect(customer.page.locator("video-stage")).to_have_attribute("data-bars", "1")
    customer.page.evaluate("ahead += 11_000")
    for panel in panels:
        expect(panel).to_contain_text("The picture is poor.")
    for person in call:
        accessibility.check(person.page)

    mechanic.page.get_by_role("button", name="Ask for a film").click()
    expect(panels[1]).to_be_hidden()
    customer.page.locator(".stage__key--chat").click()
    customer.sees(re.compile("Please record a 10-second film"))
    customer.page.locator(".stage__key--chat").click()

    customer.page.get_by_role("button", name="Record a film").click()
    customer.page.get_by_role("button", name="Record", exact=True).click()
    expect(customer.page.get_by_role("timer", name="").filter(has_text=re.compile(r"\b[1-9]\b"))).to_be_visible()
    accessibility.check(customer.page)
    customer.page.evaluate("ahead += 10_000")
    expect(customer.page.get_by_label("Your film")).to_be_visible()
    accessibility.check(customer.page)
    customer.page.get_by_role("button", name="Send film").click()
    plays(mechanic, "Film")

    panels[0].get_by_role("button", name="Dismiss").click()
    expect(panels[0]).to_be_hidden()


def plays(person: Mechanic, name: str) -> None:
    """The film has arrived, and this browser plays it."""
    film_ = Hands(person).shared(name).locator("video")
    expect(film_).to_be_visible()
    film_.evaluate("player => (player.muted = true)")
    film_.evaluate(PLAY)
