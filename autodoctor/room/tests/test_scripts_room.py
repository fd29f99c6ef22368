"""The whole session page in a real browser; the test plays the server."""

import json
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from autodoctor.core import formatting
from autodoctor.room.templatetags.script_facts import state_sets
from autodoctor.room.tests.exchange import SESSION, Exchange, Line
from tests.kit.waiting import PATIENCE

START = """async () => {
  const { EndedCountdown } = await import("room/clock/ended-countdown");
  await import("lib/toasts");
  const { SessionRoom } = await import("room/page/session-room");
  customElements.define("ended-countdown", EndedCountdown);
  customElements.define("session-room", SessionRoom);
}"""


WORDS = """<template data-announce="over">The session is over</template>
    <template data-call="session.accepted">Join now</template>
    <template data-announce="message.posted"><b data-slot="who"></b>: <span data-slot="text"></span></template>"""


def panel(state: str, stage: str, title: str, more: str = "") -> str:
    facts = f'data-state="{state}" data-stage="{stage}" data-role="customer" data-refresh="0" data-title="Session"'
    return f"""<section id="room-panel" data-region><span hidden data-facts {facts}></span>
        <h2 id="panel-title" tabindex="-1">{title}</h2>
        <label><input type="radio" name="stars" value="3"> Fair</label>{more}</section>"""


class Desk:
    """Answers the page's requests for its panel, one after the other."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._asked: list[Route] = []
        page.route("**/panel", self._keep)

    def _keep(self, route: Route) -> None:
        self._asked.append(route)

    def answers(self, state: str, stage: str, title: str, more: str = "") -> None:
        for _attempt in range(int(PATIENCE * 100)):
            if self._asked:
                break
            self._page.evaluate("new Promise((resolve) => setTimeout(resolve, 10))")
        self._asked.pop(0).fulfill(body=panel(state, stage, title, more), content_type="text/html")
        expect(self._page.get_by_role("heading")).to_have_text(title)


@pytest.fixture
def desk(page: Page, exchange: Exchange) -> Desk:
    leaving = render_to_string("room/parts/leaving.html")
    exchange.body = f"""<style>[hidden] {{ display: none !important }}</style>
        <session-room data-stage="live" data-role="customer" data-seq="0" data-me="u" data-id="s" data-panel="/panel"
            data-states='{state_sets()}'
            data-now="2026-03-02T12:00:00Z" data-socket="/ws" data-session='{json.dumps(SESSION)}'>
        {panel("live", "live", "Live")}{leaving}<form id="actions"></form><p data-announcer></p>{WORDS}</session-room>
        {render_to_string("partials/toasts.html")}"""
    return Desk(page)


@pytest.fixture
def line(page: Page, exchange: Exchange, desk: Desk) -> Line:
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    line = exchange.answers().welcomes()
    desk.answers("live", "live", "Still live")
    return line


def test_touching_the_page_at_the_end_stops_the_countdown(page: Page, desk: Desk, line: Line) -> None:
    """Also while the page still reads the events before the end."""
    line.tells(1, "session.ended", data={"session": SESSION | {"state": "completed"}})
    line.tells(2, "rating.given")
    desk.answers("completed", "over", "You ended the session")
    expect(page.locator("ended-countdown")).to_be_visible()
    page.get_by_label("Fair").check()
    expect(page.locator("ended-countdown")).to_be_hidden()
    desk.answers("completed", "over", "You ended the session.")
    page.evaluate("new Promise((resolve) => setTimeout(resolve))")
    expect(page.locator("ended-countdown")).to_be_hidden()
    expect(page.get_by_label("Fair")).to_be_checked()


def test_a_page_whose_log_became_shorter_is_loaded_anew(page: Page, exchange: Exchange, line: Line) -> None:
    """A backup has taken the log's place: the next events have numbers that the page knows already."""
    line.tells(1)
    line.tells(2)
    line.hangs_up(1001)
    again = exchange.answers()
    assert again.after == 2
    with page.expect_navigation():
        again.welcomes(seq=1)


def test_scripts_write_times_as_the_server_does(browser_page: Page) -> None:
    zone, at = "America/New_York", datetime(2026, 9, 5, 1, 4, tzinfo=UTC)
    written = browser_page.evaluate(
        """async ([zone, at]) => {
          document.body.dataset.zone = zone;
          const { dayOf, timeOfDay } = await import("lib/format-time");
          return [timeOfDay(at), dayOf(at)];
        }""",
        [zone, at.isoformat()],
    )
    with timezone.override(ZoneInfo(zone)):
        assert written == [formatting.time_of_day(at), formatting.weekday(at)]


def test_a_zone_that_is_younger_than_the_browser_stops_no_script(browser_page: Page) -> None:
    written = browser_page.evaluate(
        """async (at) => {
          document.body.dataset.zone = "Nowhere/Yet";
          const { timeOfDay } = await import("lib/format-time");
          return timeOfDay(at);
        }""",
        datetime(2026, 9, 5, 1, 4, tzinfo=UTC).isoformat(),
    )
    assert re.fullmatch(r"\d?\d:04\s[AP]M", written)


def test_the_room_announces_the_end_before_the_server_has_rendered_it(page: Page, desk: Desk, line: Line) -> None:
    line.tells(1, "session.ended", data={"session": SESSION | {"state": "completed"}})
    expect(page.locator("toast-list")).to_contain_text("The session is over")
    expect(page.get_by_role("heading")).to_have_text("Still live")
    desk.answers("completed", "over", "You ended the session")


def test_the_countdown_stops_when_the_customer_is_asked_whether_it_is_solved(
    page: Page, desk: Desk, line: Line
) -> None:
    line.tells(1, "session.ended", data={"session": SESSION | {"state": "completed"}})
    desk.answers("completed", "over", "You ended the session")
    expect(page.locator("ended-countdown")).to_be_visible()
    line.tells(2, "session.charged")
    desk.answers("completed", "over", "Is the problem solved?", "<form data-asks></form>")
    expect(page.locator("ended-countdown")).to_be_hidden()


def test_a_call_to_act_disappears_with_the_state_it_was_for(page: Page, desk: Desk, line: Line) -> None:
    notices = page.locator("toast-list .toast")
    page.locator("session-room").evaluate("room => { room.dataset.stage = 'queue'; }")
    line.tells(1, "session.accepted", data={"session": SESSION | {"state": "accepted"}})
    expect(notices).to_have_text(["Join now"])
    line.tells(2, "session.cancelled", data={"session": SESSION | {"state": "cancelled"}})
    expect(notices).to_have_count(0)
