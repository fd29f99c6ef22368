"""Fails a test that hangs, with its stack: a browser's call that is never answered would leave a run without a report.

pytest's own `faulthandler_timeout` shows the event loop of Playwright instead of the test; and it can end the run only
by ending the process, after which pytest-xdist starts the whole file again, four times for each worker.
"""

import asyncio
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from greenlet import getcurrent  # type: ignore[import-untyped] # Playwright's own

LONGEST = 900.0  # seconds of a test's set-up, call or end: on a busy machine some take minutes


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("hanging").addoption(
        "--longest",
        metavar="SECONDS",
        type=float,
        default=LONGEST,
        help="a test that takes longer hangs, and has failed",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    with limited(item.config.getoption("longest")):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    with limited(item.config.getoption("longest")):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    with limited(item.config.getoption("longest")):
        yield


def pytest_enter_pdb() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)  # a person takes longer


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Fail where the test stands after so many seconds; and again, should its clean-up hang as well."""
    if 0 < signal.getitimer(signal.ITIMER_REAL)[0] < seconds:
        yield  # somebody else ends it sooner, as `bin/mutate` does
        return

    def fail(*_: object) -> None:
        _fail(f"hangs: it was not over after {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, fail)
    before = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, handler)


def _fail(why: str) -> None:
    """Raise in the test, also while Playwright waits in a greenlet of its own: that one goes on with the next call, and
    has to be woken then, because it still waits for what arrives.
    """
    test = here = getcurrent()
    while test.parent:
        test = test.parent
    if test is here:
        pytest.fail(why)
    asyncio.get_running_loop().call_soon_threadsafe(lambda: None)
    test.throw(pytest.fail.Exception(why))
