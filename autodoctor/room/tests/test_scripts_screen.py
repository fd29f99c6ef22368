"""What the page makes of the screen: zoom, a keyboard, and colors that the viewer forces."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from autodoctor.room.tests.exchange import Exchange

ROOM = Path(__file__).parents[1] / "static" / "room"
STYLES = Path(__file__).parents[2] / "static" / "styles"
FIT = """async ([height, scale]) => {
  const { fitToScreen } = await import("lib/scrolling");
  const view = Object.assign(new EventTarget(), { height, scale });
  Object.defineProperty(window, "visualViewport", { configurable: true, get: () => view });
  Object.defineProperty(window, "innerHeight", { configurable: true, get: () => 800 });
  const room = document.createElement("div");
  fitToScreen(room);
  return [room.style.getPropertyValue("--screen"), room.hasAttribute("data-keyboard")];
}"""


@pytest.mark.parametrize(
    ("height", "scale", "expected"),
    [(800, 1, ["800px", False]), (400, 2, ["800px", False]), (450, 1, ["450px", True]), (200, 2, ["400px", True])],
    ids=["nothing", "zoomed in", "keyboard", "keyboard and zoomed in"],
)
def test_only_a_keyboard_makes_the_room_smaller_not_a_zoom(
    browser_page: Page, height: int, scale: int, expected: list[object]
) -> None:
    assert browser_page.evaluate(FIT, [height, scale]) == expected


def test_forced_colors_leave_the_pressed_key_and_the_bars_visible(page: Page, exchange: Exchange) -> None:
    sheets = [STYLES / "states.css", ROOM / "call" / "picture.css", ROOM / "preflight.css"]
    styles = "".join(sheet.read_text() for sheet in sheets)
    exchange.body = f"""<style>{styles}</style>
        <button aria-pressed="true">Mute</button><button aria-pressed="false">Chat</button>
        <span class="bars"><i></i></span><div class="level"><i></i></div>"""
    page.emulate_media(forced_colors="active")
    page.goto(f"http://localhost:{exchange.port}/page")
    expect(page.get_by_role("button", name="Mute")).to_have_css("outline-style", "solid")
    expect(page.get_by_role("button", name="Chat")).to_have_css("outline-style", "none")
    backgrounds = "[...document.querySelectorAll('i, body')].map((each) => getComputedStyle(each).backgroundColor)"
    body, *bars = page.evaluate(backgrounds)
    assert body not in bars
