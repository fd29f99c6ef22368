"""What does not answer is given up: requests, and what a browser keeps."""

import pytest
from playwright.sync_api import Page

from autodoctor.room.tests.exchange import Exchange

# A second of patience is ten milliseconds.
IN_A_HURRY = """() => {
  const unhurried = setTimeout;
  window.setTimeout = (act, wait, ...more) => unhurried(act, wait / 100, ...more);
  AbortSignal.timeout = (wait) => {
    const over = new AbortController();
    window.waited = wait;
    setTimeout(() => over.abort(), wait);
    return over.signal;
  };
}"""
SEND = """async (file) => {
  const { send } = await import("lib/sending");
  const body = new FormData();
  if (file) body.append("file", new File(["brake"], "brake.txt"));
  const { ok, status, detail } = await send("/hangs", { body });
  return [ok, status, detail, window.waited];
}"""
KEEP = """async () => {
  indexedDB.open = () => ({});
  const { keepFile, recallFile } = await import("lib/kept-files");
  return [await keepFile("key", new File(["brake"], "brake.txt")), await recallFile("key")];
}"""


@pytest.fixture
def hurried(page: Page, exchange: Exchange) -> Page:
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(IN_A_HURRY)
    page.route("**/hangs", lambda route: None)
    return page


@pytest.mark.parametrize(("file", "seconds"), [(False, 30), (True, 180)])
def test_a_request_that_nobody_answers_is_given_up(hurried: Page, file: bool, seconds: int) -> None:
    assert hurried.evaluate(SEND, file) == [False, 0, "", seconds * 1000]


def test_a_browser_that_opens_no_store_keeps_nothing_and_goes_on(hurried: Page) -> None:
    assert hurried.evaluate(KEEP) == [False, None]
