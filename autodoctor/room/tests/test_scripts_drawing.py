"""Two people who draw on one photo, with the page's own markup, in a real browser; the test plays the other side."""

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, Route, expect

from autodoctor.room.tests.exchange import Exchange

PHOTO = "**/files/f/"
START = """async () => {
  const { PicturePen } = await import("room/call/photo-annotator");
  const { SharedDrawing } = await import("room/call/shared-drawing");
  customElements.define("picture-pen", PicturePen);
  customElements.define("shared-drawing", SharedDrawing);
  window.sent = [];
  const passOn = ({ act }) => sent.push(act);
  const on = (name, hears) => Object.assign(window, { [`hear_${name}`]: hears });
  document.querySelector("shared-drawing").follow({ on, passOn });
}"""
MARKUP = """<button data-draw="f" data-name="Photo.jpg">Draw on it</button>
<shared-drawing data-files="/files/" data-side="mechanic" hidden><canvas></canvas>
  <template data-words="removed">Deleted.</template></shared-drawing>"""


@pytest.fixture
def board(page: Page, exchange: Exchange) -> Page:
    exchange.body = f"<style>[hidden] {{ display: none }}</style>{MARKUP}{render_to_string('room/parts/pen.html')}"
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    return page


def photo(page: Page) -> bytes:
    picture = page.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(32, 24);
          canvas.getContext("2d").fillRect(0, 0, 32, 24);
          return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
        }"""
    )
    return bytes(picture)


def removes(page: Page, file: str) -> None:
    page.evaluate("(id) => hear_event({ kind: 'file.removed', data: { file: { id } } })", file)


def test_nobody_goes_on_drawing_on_a_photo_that_was_deleted(board: Page) -> None:
    body = photo(board)
    board.route(PHOTO, lambda route: route.fulfill(body=body, content_type="image/png"))
    board.get_by_role("button", name="Draw on it").click()
    expect(board.locator("picture-pen canvas")).to_be_visible()
    removes(board, "another one")
    expect(board.locator("picture-pen canvas")).to_be_visible()
    removes(board, "f")
    expect(board.get_by_role("dialog")).to_be_hidden()
    board.wait_for_function("() => sent.at(-1) === 'close'")


def test_a_photo_that_was_deleted_is_shown_no_more(board: Page) -> None:
    body = photo(board)
    board.route(PHOTO, lambda route: route.fulfill(body=body, content_type="image/png"))
    board.evaluate("hear_drawing({ file: 'f', act: 'open', role: 'customer' })")
    expect(board.locator("shared-drawing")).to_be_visible()
    removes(board, "f")
    expect(board.locator("shared-drawing")).to_be_hidden()


def test_a_photo_that_loads_slowly_and_is_pressed_twice_is_opened_once(board: Page) -> None:
    """A second opening would never end: the other side would be told for good that it is drawn on."""
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    board.route(PHOTO, hold)
    button = board.get_by_role("button", name="Draw on it")
    button.click()
    button.click()
    while not asked:
        board.wait_for_timeout(20)
    for route in asked:
        route.fulfill(body=photo(board), content_type="image/png")
    expect(board.locator("picture-pen canvas")).to_be_visible()
    board.wait_for_function("sent.includes('open')")
    board.keyboard.press("Escape")
    expect(board.get_by_role("dialog")).to_be_hidden()
    board.wait_for_function("sent.at(-1) === 'close'")
    assert board.evaluate("sent.filter((act) => act === 'open').length") == 1
    assert len(asked) == 1
