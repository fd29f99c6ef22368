"""Inspect a page: both widths, both themes, every word."""

import os
import re
from contextlib import suppress
from typing import Literal

from playwright.sync_api import Page, TimeoutError, ViewportSize

from tests.journeys.accessibility import ALL_BUT_CONTRAST, CONTRAST, EVERYTHING, LAYOUT, LEVELS, check, only
from tests.journeys.conftest import DESKTOP, PHONE
from tests.journeys.measured import MEMORY
from tests.journeys.sights import sight_of
from tests.sheet import PICTURES

TAKES_PICTURES = bool(os.environ.get("PICTURES"))  # PICTURES=1 keeps every look in .artifacts/pages/
DEBUG_WORDS = re.compile(
    r"lorem|ipsum|\bTODO\b|\bFIXME\b|undefined|\bNaN\b|\[object|\{\{|\{%|\bNone\b(?! available)|\bnull\b|�"
)
ACTION = re.compile(r"^(Join|Start|Extend|End)\b", re.IGNORECASE)
ACTIONS = {"Join Session", "Start Session", "Extend Session", "End Session"}
ACTIONS |= {"Join without camera", "Join with audio and photos"}  # the lesser ways in
Theme = Literal["light", "dark"]
# The views, each with the rules that regard the page as a whole, although its pieces were measured before.
LOOKS: tuple[tuple[ViewportSize, Theme, list[str]], ...] = (
    (PHONE, "light", LEVELS),
    (PHONE, "dark", []),
    (DESKTOP, "dark", LAYOUT),
    (DESKTOP, "light", []),
)
SETTLES = 20_000  # ms until a page has taken on its new width; it only ends a wait that is in vain
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
LEADS_NOWHERE = """() => [...document.querySelectorAll("a[href^='#']")]
  .map((each) => each.getAttribute("href").slice(1)).filter((id) => id && !document.getElementById(id))"""
LABELS = """() => [...document.querySelectorAll("button, a.button, [role=button], input[type=submit]")]
  .map((each) => (each.getAttribute("aria-label") ?? each.innerText ?? each.value).trim())"""


def inspect(page: Page, name: str, *, axe: bool = True) -> None:
    """Fail on problems of the page. `axe=False` for pages whose markup is not ours."""
    page.wait_for_load_state()  # the browser paints only after the styles are loaded, but axe would measure earlier
    _read(page)
    shown: Theme | None = None  # nobody knows what the page shows so far
    for viewport, theme, rules in LOOKS:
        where = f"{name}, {viewport['width']} px, {theme}:"
        # To set what is set already makes the browser lay the whole page out and draw it again.
        if page.viewport_size != viewport:
            page.set_viewport_size(viewport)
        if shown != theme:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        shown = theme
        problems = too_wide(page)
        assert not problems, f"{where} {problems}"
        if axe:
            _look(page, rules, where)
        if TAKES_PICTURES:
            page.screenshot(path=PICTURES / f"{name}-{viewport['width']}-{theme}.png", full_page=True)


def _look(page: Page, of_page: list[str], where: str) -> None:
    """Check every rule on new markup, contrasts of new colors, and rules of the page on a new order of elements."""
    sight = sight_of(page, MEMORY)
    is_new = sight.is_new_for(of_page)
    if sight.has_new_tags or (is_new and of_page is LEVELS):
        check(page, EVERYTHING if sight.has_new_colors else ALL_BUT_CONTRAST, where)
    elif rules := of_page * is_new + [CONTRAST] * sight.has_new_colors:
        check(page, only(rules), where)
    sight.is_good(of_page)


def too_wide(page: Page) -> list[str]:
    """Return the elements that overflow after the page has settled in its new width."""
    problems: list[str] = page.evaluate(TOO_WIDE)
    if not problems:
        return problems
    with suppress(TimeoutError):
        page.wait_for_function(f"() => !({TOO_WIDE})().length", timeout=SETTLES)
    return list(page.evaluate(TOO_WIDE))


def _read(page: Page) -> None:
    found = DEBUG_WORDS.search(page.evaluate(WORDS))
    assert not found, f"{page.url} shows {found[0]!r}: …{found.string[max(0, found.start() - 60) : found.end() + 60]}…"
    nowhere = page.evaluate(LEADS_NOWHERE)
    assert not nowhere, f"{page.url} has links to {nowhere}, which are not on the page"
    labels = {label for label in page.evaluate(LABELS) if ACTION.match(label)}
    assert labels <= ACTIONS, f"{page.url} calls it {labels - ACTIONS}"
