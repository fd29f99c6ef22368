"""Live lists in a real browser; the test plays the server."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from autodoctor.room.tests.exchange import Exchange

PAGE = '<live-list what="queue" src="/list">as it was</live-list><feed-status hidden>old?</feed-status>'
START = """async () => {
  const { FeedStatus, LiveList } = await import("lib/live-list");
  customElements.define("live-list", LiveList);
  customElements.define("feed-status", FeedStatus);
}"""


class Desk:
    """The server's side of a page with a list: sends changes, and answers on the test's command."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[Route] = []
        self.lines: list[WebSocketRoute] = []
        page.route("**/list", self._keep)
        page.route_web_socket("**/ws/feed", self._take)

    def _keep(self, route: Route) -> None:
        self.asked.append(route)

    def _take(self, line: WebSocketRoute) -> None:
        self.lines.append(line)
        line.on_message(lambda _text: None)

    def says(self, **frame: Any) -> None:
        self.until(lambda: bool(self.lines))
        self.lines[-1].send(json.dumps(frame))

    def answers(self, body: str, status: int = 200) -> None:
        """Return the oldest request without an answer."""
        self.until(lambda: bool(self.asked))
        self.asked.pop(0).fulfill(body=body, status=status, content_type="text/html")

    def is_left_alone(self) -> bool:
        self.page.evaluate("new Promise(setTimeout)")
        return not self.asked

    def until(self, holds: Callable[[], bool]) -> None:
        for _attempt in range(500):
            if holds():
                return
            self.page.evaluate("new Promise((resolve) => setTimeout(resolve, 10))")
        raise AssertionError("The page did not ask.")


@pytest.fixture
def desk(page: Page, exchange: Exchange) -> Desk:
    exchange.body = PAGE
    desk = Desk(page)
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    return desk


def shown(desk: Desk) -> Any:
    return expect(desk.page.locator("live-list"))


def test_a_list_catches_up_once_the_feed_listens(desk: Desk) -> None:
    """However long the server took between opening the socket and counting it in."""
    desk.until(lambda: bool(desk.lines))
    assert desk.is_left_alone()
    desk.says(type="listening")
    desk.answers("as it is")
    shown(desk).to_have_text("as it is")


def test_only_the_list_that_changed_is_fetched(desk: Desk) -> None:
    desk.says(type="changed", what="support")
    assert desk.is_left_alone()
    desk.says(type="changed", what="queue")
    desk.answers("as it is")
    shown(desk).to_have_text("as it is")


def test_a_list_that_changes_during_a_fetch_is_fetched_again(desk: Desk) -> None:
    desk.says(type="changed", what="queue")
    desk.until(lambda: bool(desk.asked))
    desk.says(type="changed", what="queue")
    desk.answers("in between")
    desk.answers("in the end")
    shown(desk).to_have_text("in the end")


def test_a_failed_fetch_of_a_list_is_tried_again(desk: Desk) -> None:
    desk.page.clock.install()
    desk.says(type="changed", what="queue")
    desk.answers("busy", status=503)
    desk.page.clock.run_for(4_000)
    desk.until(lambda: bool(desk.asked))
    desk.asked.pop(0).abort()
    desk.page.clock.run_for(4_000)
    desk.answers("as it is")
    shown(desk).to_have_text("as it is")


DRAFTS = "<details><summary>Not paid</summary>One</details>"
ACT = """<details id="act"{}><summary>Refund</summary><form><p>{}</p>
    <label>Why? <textarea>{}</textarea></label></form></details>"""


def test_typed_input_in_a_list_survives_its_update(desk: Desk) -> None:
    desk.says(type="changed", what="queue")
    desk.answers(DRAFTS + ACT.format("", "", ""))
    page = desk.page
    page.get_by_text("Not paid").click()
    page.get_by_text("Refund").click()
    page.get_by_label("Why?").fill("Too ")
    desk.says(type="changed", what="queue")
    desk.answers(f"<p>New</p>{DRAFTS}")  # the action is no longer possible: an attempt says so
    expect(page.get_by_text("New")).to_be_visible()
    expect(page.get_by_text("One")).to_be_visible()
    page.keyboard.type("late")
    expect(page.get_by_label("Why?")).to_have_value("Too late")


def test_a_refused_form_in_a_list_stays_open_until_it_is_closed(desk: Desk) -> None:
    desk.says(type="changed", what="queue")
    desk.answers(ACT.format(" open", "Confirm this first", "Too late"))
    page = desk.page
    expect(page.get_by_text("Confirm this first")).to_be_visible()
    desk.says(type="changed", what="queue")
    desk.answers(f"<p>New</p>{ACT.format('', '', '')}")
    expect(page.get_by_text("New")).to_be_visible()
    expect(page.get_by_label("Why?")).to_have_value("Too late")
    expect(page.get_by_text("Confirm this first")).to_be_visible()
    page.get_by_text("Refund").click()
    desk.says(type="changed", what="queue")
    desk.answers(f"<p>Newer</p>{ACT.format('', '', '')}")
    expect(page.get_by_text("Newer")).to_be_visible()
    expect(page.get_by_text("Confirm this first")).to_have_count(0)


def test_a_list_is_not_updated_under_a_pressed_pointer(desk: Desk) -> None:
    desk.page.mouse.move(20, 15)
    desk.page.mouse.down()
    desk.says(type="changed", what="queue")
    desk.answers("as it is")
    assert desk.is_left_alone()
    shown(desk).to_have_text("as it was")
    desk.page.mouse.up()
    shown(desk).to_have_text("as it is")


def test_a_list_says_that_its_feed_is_down_until_it_has_caught_up(desk: Desk) -> None:
    status = desk.page.locator("feed-status")
    desk.says(type="listening")
    desk.answers("as it was")
    desk.page.clock.install()
    desk.lines[-1].close(code=1011)
    desk.page.clock.run_for(4_000)
    expect(status).to_be_visible()
    desk.until(lambda: len(desk.lines) > 1)
    expect(status).to_be_visible()
    desk.says(type="listening")
    expect(status).to_be_hidden()
    desk.answers("as it is")
    shown(desk).to_have_text("as it is")


def test_a_list_without_a_feed_asks_now_and_then_what_is_new_while_it_is_seen(page: Page, exchange: Exchange) -> None:
    exchange.body = """<live-list id="thread" every="20" src="/list"><p>as it was</p></live-list>
      <input aria-label="draft">"""
    desk = Desk(page)
    known: list[str | None] = []

    def answer(route: Route) -> None:
        known.append(route.request.headers.get("if-none-match"))
        body = '<main><div id="thread"><p>answered</p></div></main>'
        if known[-1]:
            route.fulfill(status=304)
        else:
            route.fulfill(body=body, content_type="text/html", headers={"ETag": '"2"'})

    page.route("**/list", answer)
    page.clock.install()
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    draft = page.get_by_label("draft")
    draft.fill("I wonder")
    page.clock.run_for(20_000)
    expect(page.get_by_text("answered")).to_be_visible()
    expect(draft).to_have_value("I wonder")
    expect(draft).to_be_focused()

    page.clock.run_for(20_000)
    desk.until(lambda: known[-1] == '"2"')
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    before = len(known)
    page.clock.run_for(60_000)
    page.evaluate("new Promise(setTimeout)")
    assert len(known) == before
    page.evaluate("delete document.hidden")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    desk.until(lambda: len(known) > before)
    assert desk.lines == []
