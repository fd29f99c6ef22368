"""The whole session page in a real browser; the test plays the server."""

import json
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
  const { SessionRoom } = await import("room/page/session-room");
  customElements.define("ended-countdown", EndedCountdown);
  customElements.define("session-room", SessionRoom);
}"""


def panel(state: str, stage: str, title: str) -> str:
    facts = f'data-state="{state}" data-stage="{stage}" data-role="customer" data-refresh="0" data-title="Session"'
    return f"""<section id="room-panel" data-region><span hidden data-facts {facts}></span>
        <h2 id="panel-title" tabindex="-1">{title}</h2>
        <label><input type="radio" name="stars" value="3"> Fair</label></section>"""


class Desk:
    """Answers the page's requests for its panel, one after the other."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._asked: list[Route] = []
        page.route("**/panel", self._keep)

    def _keep(self, route: Route) -> None:
        self._asked.append(route)

    def answers(self, state: str, stage: str, title: str) -> None:
        for _attempt in range(int(PATIENCE * 100)):
            if self._asked:
                break
            self._page.evaluate("new Promise((resolve) => setTimeout(resolve, 10))")
        self._asked.pop(0).fulfill(body=panel(state, stage, title), content_type="text/html")
        expect(self._page.get_by_role("heading")).to_have_text(title)


@pytest.fixture
def desk(page: Page, exchange: Exchange) -> Desk:
    leaving = render_to_string("room/parts/leaving.html")
    exchange.body = f"""<style>[hidden] {{ display: none !important }}</style>
        <session-room data-stage="live" data-role="customer" data-seq="0" data-me="u" data-id="s" data-panel="/panel"
            data-states='{state_sets()}'
            data-now="2026-03-02T12:00:00Z" data-socket="/ws" data-session='{json.dumps(SESSION)}'>
        {panel("live", "live", "Live")}{leaving}<form id="actions"></form><p data-announcer></p></session-room>"""
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
