"""Drawing on a frozen picture, in a real browser."""

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect

from autodoctor.room.tests.exchange import Exchange

DRAW = """async () => {
  const { PicturePen } = await import("room/call/photo-annotator");
  customElements.define("picture-pen", PicturePen);
  const picture = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  window.drawn = "open";
  const done = document.querySelector("picture-pen").draw(picture, "Engine");
  done.then((file) => (window.drawn = file?.name ?? "given up"));
}"""


@pytest.fixture
def pen(page: Page, exchange: Exchange) -> Page:
    exchange.body = f"<style>[hidden] {{ display: none }}</style>{render_to_string('room/parts/pen.html')}"
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(DRAW)
    return page


def draw(pen: Page) -> None:
    box = pen.locator("canvas").bounding_box()
    assert box
    pen.mouse.move(box["x"] + 20, box["y"] + 20)
    pen.mouse.down()
    pen.mouse.move(box["x"] + 60, box["y"] + 60)
    pen.mouse.up()


@pytest.mark.parametrize("way", ["Escape", "Discard", "back"])
def test_closing_a_picture_with_a_drawing_asks_for_a_confirmation(pen: Page, way: str) -> None:
    draw(pen)
    for answer in ("Keep drawing", "Discard drawing"):
        if way == "Escape":
            pen.keyboard.press("Escape")
        elif way == "Discard":
            pen.get_by_role("button", name="Discard", exact=True).click()
        else:
            pen.evaluate("document.querySelector('dialog').requestClose()")
        expect(pen.get_by_role("button", name="Keep drawing")).to_be_focused()
        assert pen.evaluate("drawn") == "open"
        pen.get_by_role("button", name=answer).click()
    expect(pen.get_by_role("dialog")).to_be_hidden()
    pen.wait_for_function("drawn === 'given up'")


def test_escape_closes_a_picture_without_a_drawing(pen: Page) -> None:
    pen.keyboard.press("Escape")
    expect(pen.get_by_role("dialog")).to_be_hidden()
    pen.wait_for_function("drawn === 'given up'")
