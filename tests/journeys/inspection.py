"""One look at a page as somebody demanding takes it: both widths, both themes, every word."""

import os
import re
from contextlib import suppress
from typing import Literal

from playwright.sync_api import Page, TimeoutError, ViewportSize

from tests.fakes.server import ARTIFACTS
from tests.journeys.accessibility import CONTRAST, EVERYTHING, Rules, check
from tests.journeys.conftest import DESKTOP, PHONE

PICTURES = ARTIFACTS / "pages"
TAKES_PICTURES = bool(os.environ.get("PICTURES"))  # PICTURES=1 keeps every look in .artifacts/pages/
DEBUG_WORDS = re.compile(
    r"lorem|ipsum|\bTODO\b|\bFIXME\b|undefined|\bNaN\b|\[object|\{\{|\{%|\bNone\b(?! available)|\bnull\b|�"
)
ACTION = re.compile(r"^(Join|Start|Extend|End)\b", re.IGNORECASE)
ACTIONS = {"Join Session", "Start Session", "Extend Session", "End Session"}
ACTIONS |= {"Join without camera", "Join with audio and photos"}  # the lesser ways in
# At each width everything once, and the colours in the other theme too.
LOOKS: tuple[tuple[ViewportSize, Literal["light", "dark"], Rules], ...] = (
    (PHONE, "light", EVERYTHING),
    (PHONE, "dark", CONTRAST),
    (DESKTOP, "dark", EVERYTHING),
    (DESKTOP, "light", CONTRAST),
)
SETTLES = 2000  # ms until a page has taken on its new width, on a busy machine
WORDS = """() => [
  document.title,
  document.body.innerText,
  ...[...document.querySelectorAll("[aria-label], [placeholder], [title], [alt]")].flatMap((each) =>
    ["aria-label", "placeholder", "title", "alt"].map((name) => each.getAttribute(name))),
].filter(Boolean).join("\\n")"""
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > width + 1);
  return [`the page is ${document.documentElement.scrollWidth} of ${width} px wide`,
    ...wide.slice(0, 5).map((each) => each.outerHTML.slice(0, 120))];
}"""
LABELS = """() => [...document.querySelectorAll("button, a.button, [role=button], input[type=submit]")]
  .map((each) => (each.getAttribute("aria-label") ?? each.innerText ?? each.value).trim())"""


def inspect(page: Page, name: str, *, axe: bool = True) -> None:
    """Fails on what nobody should see. `axe=False` for pages whose markup is not ours."""
    _read(page)
    for viewport, theme, rules in LOOKS:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        problems = _too_wide(page)
        assert not problems, f"{name}, {viewport['width']} px: {problems}"
        if axe:
            check(page, rules, f"{name}, {viewport['width']} px, {theme}:")
        if TAKES_PICTURES:
            page.screenshot(path=PICTURES / f"{name}-{viewport['width']}-{theme}.png", full_page=True)


def _too_wide(page: Page) -> list[str]:
    """What sticks out, once the page has come to rest in its new width."""
    with suppress(TimeoutError):
        page.wait_for_function(f"() => !({TOO_WIDE})().length", timeout=SETTLES)
    return list(page.evaluate(TOO_WIDE))


def _read(page: Page) -> None:
    found = DEBUG_WORDS.search(page.evaluate(WORDS))
    assert not found, f"{page.url} shows {found[0]!r}: …{found.string[max(0, found.start() - 60) : found.end() + 60]}…"
    labels = {label for label in page.evaluate(LABELS) if ACTION.match(label)}
    assert labels <= ACTIONS, f"{page.url} calls it {labels - ACTIONS}"
