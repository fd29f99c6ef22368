"""Two people in two real browsers, against a real server process."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, ViewportSize, expect

from tests.journeys import accessibility, measured
from tests.journeys.display import display
from tests.journeys.evidence import HOW_TO_SEE, Evidence
from tests.journeys.people import Customer, Mechanic
from tests.journeys.shared import Begin, Borrower, Follow, Pair, SharedPair
from tests.journeys.watching import Watch
from tests.kit import chromium, firefox
from tests.kit.server import ARTIFACTS, Person, Server
from tests.kit.waiting import PATIENCE

__all__ = ["DESKTOP", "PHONE", "Crowd", "Watch"]

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
CROWD = 40  # people of each kind who come at once


@pytest.fixture(scope="session", autouse=True)
def _patience(is_seen: bool) -> None:
    expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="session", autouse=True)
def _what_was_seen(testrun_uid: str, worker_id: str) -> Iterator[None]:
    yield
    measured.keep(measured.MEMORY, f"{testrun_uid}-{worker_id}")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], is_seen: bool) -> dict[str, Any]:
    """`--headed --slowmo 300` shows the journey in a full browser."""
    return {**browser_type_launch_args, **chromium.options(whole=is_seen)}


@pytest.fixture(scope="session")
def is_seen(pytestconfig: pytest.Config) -> Iterator[bool]:
    if pytestconfig.getoption("--headed"):
        with display():
            yield True
    else:
        yield False


@pytest.fixture(scope="session")
def whole_browser(launch_browser: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch_browser(**chromium.options(whole=True))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def firefox_browser(playwright: Playwright, is_seen: bool) -> Iterator[Browser]:
    browser = playwright.firefox.launch(**firefox.options(is_seen=is_seen))
    yield browser
    browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    watcher = Watch()
    yield watcher
    problems = watcher.problems()
    assert not problems, "\n".join(problems)


@pytest.fixture
def evidence(request: pytest.FixtureRequest, watch: Watch) -> Evidence:
    """Keep evidence of failures. Traces only with `--headed` or `--tracing retain-on-failure`, because they are
    slow.
    """
    config = request.config
    traces = config.getoption("--headed") or config.getoption("--tracing") != "off"
    kept = Evidence(request.node.name, watch, traces=traces)
    request.node.stash[EVIDENCE] = kept
    return kept


@pytest.fixture
def browser_of(
    browser: Browser, watch: Watch, evidence: Evidence, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page for a signed-in person (an address, a `Person`, or None) in a new context.

    `browser_of("customer@example.com", viewport=DESKTOP, permissions=["camera"])`; `server=` for another one than the
    shared one, `browser=` for another browser than Chromium. Addresses in `goto` are relative to the server.
    """
    if request.node.get_closest_marker("asks_permission"):
        browser = request.getfixturevalue("whole_browser")
    with ExitStack() as contexts:

        def open_page(who: str | Person | None, *, server: Server | None = None, **options: Any) -> Page:
            server = server or request.getfixturevalue("server")
            page = _open(options.pop("browser", browser), contexts, server, who, **options)
            watch.over(page)
            evidence.follow(page, server)
            return page

        yield open_page


@pytest.fixture(scope="module")
def share_pair(browser: Browser, server: Server, crowd: "Crowd") -> Iterator[Callable[..., SharedPair]]:
    """Two people for several tests of a module: `share_pair(begin, is_as_found=…)`, see `SharedPair`."""
    with ExitStack() as pairs:

        def share(begin: Begin, *, is_as_found: Callable[[Pair], None]) -> SharedPair:
            def come(contexts: ExitStack, follow: Follow) -> Pair:
                def open_page(who: Person, **options: Any) -> Page:
                    page = _open(browser, contexts, server, who, **options)
                    follow(page)
                    return page

                return begin(partial(_customer, crowd, open_page), partial(_mechanic, crowd, open_page))

            pair = SharedPair(server, come, is_as_found=is_as_found)
            pairs.callback(pair.close)
            return pair

        yield share


@pytest.fixture
def borrower(watch: Watch, evidence: Evidence, request: pytest.FixtureRequest) -> Borrower:
    """Return this test as a borrower of its module's pair: `with pair.lent(borrower) as (customer, mechanic)`."""
    return Borrower(watch, evidence, lambda: request.node.stash.get(FAILED, False))


@pytest.fixture
def call(pair: SharedPair, borrower: Borrower) -> Iterator[Pair]:
    """The pair of this test's module, which is in a call, and is given back as it was."""
    with pair.lent(borrower) as people:
        yield people


@pytest.fixture
def last_call(pair: SharedPair, borrower: Borrower) -> Iterator[Pair]:
    """Return a call, for a test that ends it."""
    with pair.lent(borrower, spent=True) as people:
        yield people


class Crowd:
    """People of the shared server without open sessions; each is used by one test only."""

    def __init__(self, server: Server) -> None:
        self._server, self._batches = server, 0
        self._customers: list[Person] = []
        self._mechanics: list[Person] = []

    def customer(self) -> Person:
        self._customers = self._customers or self._more("customer")
        return self._customers.pop()

    def mechanic(self) -> Person:
        self._mechanics = self._mechanics or self._more("mechanic", mechanics=True)
        return self._mechanics.pop()

    def _more(self, name: str, *, mechanics: bool = False) -> list[Person]:
        self._batches += 1
        return self._server.enroll(CROWD, f"{name}-{self._batches}-", mechanics=mechanics)


@pytest.fixture(scope="session")
def crowd(server: Server) -> Crowd:
    return Crowd(server)


def _customer(crowd: Crowd, open_page: Callable[..., Page], **options: Any) -> Customer:
    who = crowd.customer()
    return Customer(open_page(who, **options), who)


def _mechanic(crowd: Crowd, open_page: Callable[..., Page], **options: Any) -> Mechanic:
    who = crowd.mechanic()
    return Mechanic(open_page(who, **options), who)


@pytest.fixture
def a_customer(crowd: Crowd, browser_of: Callable[..., Page]) -> Callable[..., Customer]:
    """A new customer in a browser of their own; options go to `browser_of`."""
    return partial(_customer, crowd, browser_of)


@pytest.fixture
def a_mechanic(crowd: Crowd, browser_of: Callable[..., Page]) -> Callable[..., Mechanic]:
    return partial(_mechanic, crowd, browser_of)


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Fail on any violation of WCAG 2.2 AA."""
    return accessibility.check


@pytest.fixture
def screenshot() -> Callable[[Page, str], Path]:
    """Save a picture of the whole page in .artifacts/."""

    def take(page: Page, name: str) -> Path:
        path = ARTIFACTS / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take


FAILED = pytest.StashKey[bool]()
EVIDENCE = pytest.StashKey[Evidence]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep a failed test's evidence while its pages are open, and name it in the report."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    evidence = item.stash.get(EVIDENCE, None)
    if evidence and (report.when == "call" or (report.when == "setup" and report.failed)):
        kept = evidence.close(keep=report.failed)
        if kept:
            report.sections.append(("Kept", "\n".join([*map(str, kept), HOW_TO_SEE])))
    return report


def _open(browser: Browser, contexts: ExitStack, server: Server, who: str | Person | None, **options: Any) -> Page:
    context = browser.new_context(**{"base_url": server.url, "viewport": PHONE, "reduced_motion": "reduce", **options})
    contexts.callback(context.close)
    context.set_default_timeout(PATIENCE * 1000)
    context.add_cookies(_cookies(server, who))
    return context.new_page()


def _cookies(server: Server, who: str | Person | None) -> list[Any]:
    if who is None:
        return []
    cookies = who.cookies if isinstance(who, Person) else server.sign_in(who).cookies
    return [{"name": name, "value": value, "url": server.url} for name, value in cookies.items()]
