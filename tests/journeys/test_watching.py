"""A journey fails on errors in its pages that no step looks at."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.journeys.watching import Watch

AT_ONCE = "async () => { await fetch('/api/health'); }"


@pytest.fixture
def watched(browser_of: Callable[..., Page]) -> Page:
    """A page that only the test's own watch observes."""
    return browser_of(None)


@pytest.mark.parametrize("path", ["/api/health", "/sign-in/"], ids=["asked for by a script", "the page itself"])
def test_the_watch_reports_an_error_of_the_server(watched: Page, watch: Watch, path: str) -> None:
    watch.allow("status of 503")
    own = Watch()
    own.over(watched)
    watched.goto("/")
    watched.route(f"**{path}", lambda route: route.fulfill(status=503, body="busy"))
    watched.evaluate(AT_ONCE) if path == "/api/health" else watched.goto(path)
    assert [problem for problem in own.problems() if "status of 503" in problem and path in problem]


def test_the_watch_reports_an_exception_of_a_script(watched: Page, watch: Watch) -> None:
    watch.allow("deliberately")
    own = Watch()
    own.over(watched)
    watched.goto("/")
    with watched.expect_event("pageerror"):
        watched.evaluate("() => { setTimeout(() => { throw new Error('deliberately'); }); }")
    assert [problem for problem in own.problems() if "deliberately" in problem]
