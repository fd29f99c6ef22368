"""When the picture of a call counts as poor, what is offered then, and films that a page records: in a real browser."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect

from autodoctor.room.tests.exchange import SCRIPTS, Exchange
from autodoctor.room.tests.test_scripts_files import HIDDEN

WELL: dict[str, Any] = {
    "isConnected": True,
    "bars": 3,
    "rung": 0,
    "height": 720,
    "isSending": True,
    "isReceiving": True,
    "isThin": False,
}
# Each look: for how many seconds, one a second, it is seen so.
LOOK = """async (looks) => {
  const { PoorPicture } = await import("room/call/poor-picture");
  const poor = new PoorPicture();
  let now = 1_000_000;
  return looks.flatMap(([seconds, seen]) => Array.from({ length: seconds }, () => poor.look(seen, (now += 1000))));
}"""
STYLE = f"<style>{HIDDEN} {(SCRIPTS / 'call' / 'film.css').read_text()}</style>"
START = """async (camera) => {
  const { FilmRecorder } = await import("room/call/film-recorder");
  const { ThinLine } = await import("room/call/thin-line");
  customElements.define("film-recorder", FilmRecorder);
  customElements.define("thin-line", ThinLine);
  window.said = []; window.added = [];
  document.querySelector("thin-line").follow({ say: (text) => said.push(text) });
  const drop = document.querySelector("file-drop");
  drop.add = (files) => added.push(...files);
  if (!camera) navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotAllowedError"); };
}"""
PICTURE = "isPoor => document.dispatchEvent(new CustomEvent('picture', { detail: { isPoor } }))"
# The page's clock stands still until it is moved on: how long a busy machine takes is no matter.
CLOCK = "const begun = Date.now(); window.ahead = 0; Date.now = () => begun + ahead"
SEEN = "document.querySelector('video[data-live]').getVideoPlaybackQuality().totalVideoFrames"
PLAYED = """async () => {
  const film = document.createElement("video");
  film.muted = true;
  film.src = URL.createObjectURL(added[0]);
  const seen = new Promise((done) => film.requestVideoFrameCallback(done)); // of a short film there may be one picture
  await film.play();
  await seen;
  return { width: film.videoWidth, height: film.videoHeight, type: added[0].type, size: added[0].size,
           name: added[0].name };
}"""


def looks(browser_page: Page, *seen: tuple[int, dict[str, Any]]) -> list[bool]:
    found: list[bool] = browser_page.evaluate(LOOK, [[seconds, WELL | changes] for seconds, changes in seen])
    return found


@pytest.mark.parametrize(
    "poor",
    [
        {"isThin": True},
        {"height": 180},
        {"bars": 0},
        {"bars": 1},
        {"rung": 3},
        {"isConnected": False},
    ],
    ids=str,
)
def test_ten_seconds_of_a_poor_picture_are_enough_and_nine_are_not(browser_page: Page, poor: dict[str, Any]) -> None:
    found = looks(browser_page, (5, {}), (10, poor), (1, poor))
    assert found == [False] * 15 + [True]


@pytest.mark.parametrize(
    "fine",
    [
        {"bars": 2},
        {"rung": 2},
        {"height": 0, "isReceiving": False},
        {"bars": 0, "isReceiving": False},
        {"bars": 1, "isReceiving": False, "isSending": False},
    ],
    ids=str,
)
def test_a_fair_picture_and_cameras_that_are_off_are_not_poor(browser_page: Page, fine: dict[str, Any]) -> None:
    assert not any(looks(browser_page, (60, fine)))


def test_a_call_that_is_not_connected_yet_is_not_poor(browser_page: Page) -> None:
    assert not any(looks(browser_page, (60, {"isConnected": False})))


def test_a_better_moment_begins_the_count_anew_and_the_offer_stays_until_the_picture_is_good_for_long(
    browser_page: Page,
) -> None:
    poor = {"bars": 1}
    assert not any(looks(browser_page, (9, poor), (4, {}), (9, poor)))
    found = looks(browser_page, (11, poor), (15, {}), (2, poor), (20, {}), (2, {}))
    assert found == [False] * 10 + [True] * (1 + 15 + 2 + 20) + [False] * 2


def open_page(page: Page, exchange: Exchange, role: str, *, camera: bool = True) -> Page:
    parts = [
        render_to_string("room/parts/thin_line.html", {"role": role, "name": "Casey"}),
        render_to_string("room/parts/film.html"),
    ]
    exchange.body = f"{STYLE}<main>{''.join(parts)}<button data-film>Film</button><file-drop></file-drop></main>"
    page.context.grant_permissions(["camera", "microphone"])
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START, camera)
    return page


def test_a_poor_picture_is_said_until_it_is_better_or_dismissed(page: Page, exchange: Exchange) -> None:
    page.clock.install()
    open_page(page, exchange, "customer")
    panel = page.locator("thin-line")
    expect(panel).to_be_hidden()
    page.evaluate(PICTURE, True)
    expect(panel).to_contain_text("The picture is poor. Send a photo or a 10-second film instead.")
    page.evaluate(PICTURE, False)
    expect(panel).to_be_hidden()
    page.evaluate(PICTURE, True)
    page.get_by_role("button", name="Dismiss").click()
    expect(panel).to_be_hidden()
    page.clock.fast_forward("04:59")
    page.evaluate(PICTURE, True)
    expect(panel).to_be_hidden()
    page.clock.fast_forward("00:02")
    page.evaluate(PICTURE, True)
    expect(panel).to_be_visible()


def test_the_mechanic_asks_in_the_chat(page: Page, exchange: Exchange) -> None:
    open_page(page, exchange, "mechanic")
    page.evaluate(PICTURE, True)
    expect(page.locator("thin-line")).to_contain_text("Ask Casey for a photo or a 10-second film instead.")
    page.get_by_role("button", name="Ask for a film").click()
    expect(page.locator("thin-line")).to_be_hidden()
    said = page.evaluate("said")
    assert said == ["The picture of our call is poor. Please record a 10-second film of it and send it here."]


def records(page: Page, *, until: int) -> None:
    """Record some pictures, and be told that a second has passed when the clock stands at `until` milliseconds."""
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("timer")).to_contain_text("10")
    page.wait_for_function(f"before => {SEEN} >= before + 3", arg=page.evaluate(SEEN))
    page.evaluate("time => (ahead = time)", until)
    expect(page.get_by_role("timer")).to_contain_text("9")


def test_a_film_is_recorded_shown_and_sent(page: Page, exchange: Exchange) -> None:
    open_page(page, exchange, "customer")
    page.evaluate(CLOCK)
    page.get_by_role("button", name="Film", exact=True).click()
    records(page, until=1_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_label("Your film")).to_be_visible()
    page.get_by_role("button", name="Record again").click()
    records(page, until=2_000)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Send film").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    film = page.evaluate(PLAYED)
    assert film["height"] == 720
    assert film["name"].startswith("Film.")
    assert film["type"] in {"video/mp4", "video/webm"}
    assert page.evaluate("document.querySelector('video[data-live]').srcObject") is None


def test_a_film_ends_by_itself_after_ten_seconds_and_fits(page: Page, exchange: Exchange) -> None:
    open_page(page, exchange, "customer")
    page.evaluate(CLOCK)
    page.get_by_role("button", name="Film", exact=True).click()
    records(page, until=1_000)
    page.evaluate("ahead = 10_000")
    expect(page.get_by_label("Your film")).to_be_visible()


def test_a_film_that_is_closed_goes_nowhere_and_the_camera_is_given_back(page: Page, exchange: Exchange) -> None:
    open_page(page, exchange, "customer")
    page.get_by_role("button", name="Film", exact=True).click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.evaluate("window.tracks = document.querySelector('video[data-live]').srcObject.getTracks()")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.wait_for_function("() => tracks.length === 2 && tracks.every(({ readyState }) => readyState === 'ended')")
    assert page.evaluate("added.length") == 0


def test_without_a_camera_it_is_said_what_to_do(page: Page, exchange: Exchange) -> None:
    open_page(page, exchange, "customer", camera=False)
    page.get_by_role("button", name="Film", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The camera does not open.")
    expect(page.get_by_role("button", name="Choose a film")).to_be_visible()


@pytest.mark.parametrize(("seconds", "height"), [(5, 720), (15, 720), (40, 720), (60, 480), (120, 360), (600, None)])
def test_the_rate_of_a_film_fits_into_the_limit(browser_page: Page, seconds: int, height: int | None) -> None:
    plan = browser_page.evaluate(
        "async (s) => (await import('room/files/film-format')).planFor(0.8 * 10 * 1024 * 1024, s)", seconds
    )
    assert (plan and plan["height"]) == height
    if plan:
        assert (plan["rate"] + 96_000) * seconds / 8 <= 0.8 * 10 * 1024 * 1024
