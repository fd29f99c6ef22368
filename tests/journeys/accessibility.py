"""axe in a page: violations of WCAG 2.2 AA."""

from collections.abc import Mapping
from functools import cache

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Rules = Mapping[str, object]
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Rules whose result depends on the width of the page: sizes of targets, and overlapping elements.
LAYOUT = [
    *("bypass", "duplicate-id-aria", "heading-order", "page-has-heading-one", "region", "skip-link", "target-size"),
    *(f"landmark-{name}-is-top-level" for name in ("banner", "complementary", "contentinfo", "main")),
    *(f"landmark-no-duplicate-{name}" for name in ("banner", "contentinfo", "main")),
    *("landmark-one-main", "landmark-unique"),
]
CONTRAST = "color-contrast"
EVERYTHING: Rules = {"runOnly": LEVELS, "resultTypes": ["violations"]}
ALL_BUT_CONTRAST: Rules = {**EVERYTHING, "rules": {CONTRAST: {"enabled": False}}}
RUN = "(rules) => axe.run(rules).then(({ violations }) => violations)"  # the whole answer is long


def only(rules: list[str]) -> Rules:
    return {"runOnly": rules, "resultTypes": ["violations"]}


@cache
def _script() -> str:
    return str(Axe().axe_script)


def check(page: Page, rules: Rules = EVERYTHING, where: str = "") -> None:
    """Fail on any violation. Cheap to repeat on the same page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_script())
    results = AxeResults({"violations": page.evaluate(RUN, rules)})
    assert not results.response["violations"], f"{where} {page.url}\n{results.generate_report()}"
