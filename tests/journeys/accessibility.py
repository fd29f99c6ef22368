"""axe in a page: what keeps people out of it, at WCAG 2.2 AA."""

from collections.abc import Mapping

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Rules = Mapping[str, object]
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING: Rules = {"runOnly": LEVELS, "resultTypes": ["violations"]}
CONTRAST: Rules = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}


def check(page: Page, rules: Rules = EVERYTHING, where: str = "") -> None:
    """Fails on any violation. Cheap to call again on the same page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    results = AxeResults(page.evaluate("rules => axe.run(rules)", rules))
    assert not results.response["violations"], f"{where} {page.url}\n{results.generate_report()}"
