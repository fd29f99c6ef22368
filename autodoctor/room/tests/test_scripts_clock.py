"""The end of a session and the wait for its start, in a real browser with a clock of the test's."""

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect

from autodoctor.room.tests.exchange import Exchange

START = """async () => {
  const { EndedCountdown } = await import("room/clock/ended-countdown");
  customElements.define("ended-countdown", EndedCountdown);
  document.querySelector("ended-countdown").start();
}"""


def test_the_ended_view_leads_on_by_itself(page: Page, exchange: Exchange) -> None:
    exchange.body = render_to_string("room/parts/leaving.html")
    page.clock.install()
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    expect(page.locator("ended-countdown [data-slot=left]")).to_have_text("10")
    page.clock.run_for(9_000)
    assert page.url.endswith("/page")
    page.clock.run_for(1_500)
    page.wait_for_url("**/dashboard/")


def test_stay_here_keeps_the_ended_view(page: Page, exchange: Exchange) -> None:
    exchange.body = render_to_string("room/parts/leaving.html")
    page.clock.install()
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    page.get_by_role("button", name="Stay here").click()
    expect(page.get_by_role("button", name="Stay here")).to_be_hidden()
    page.clock.run_for(60_000)
    assert page.url.endswith("/page")


@pytest.mark.parametrize("touch", ["new WheelEvent('wheel')", "new Event('touchmove')"])
def test_a_person_who_reads_the_ended_view_stays_on_it(page: Page, exchange: Exchange, touch: str) -> None:
    exchange.body = render_to_string("room/parts/leaving.html")
    page.clock.install()
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    page.evaluate(f"document.dispatchEvent({touch})")
    page.clock.run_for(60_000)
    assert page.url.endswith("/page")


def test_a_sound_calls_the_mechanic_while_the_customer_waits_for_the_start(page: Page, exchange: Exchange) -> None:
    exchange.body = "<button>Join Session</button>"
    page.clock.install(time="2026-03-02T12:00:00Z")
    page.goto(f"http://localhost:{exchange.port}/page")
    page.get_by_role("button").click()  # browsers let a page sound once it was touched
    page.evaluate("""async () => {
        window.tones = 0;
        window.OscillatorNode = class {
            constructor() { tones += 1 }
            connect(next) { return next }
            start() {}
            stop() {}
        };
        const { WaitingSound } = await import("room/clock/waiting-sound");
        customElements.define("waiting-sound", WaitingSound);
        const sound = document.createElement("waiting-sound");
        sound.dataset.from = "2026-03-02T12:01:00Z";
        document.body.append(sound);
    }""")
    page.clock.run_for(55_000)
    assert page.evaluate("tones") == 0
    page.clock.run_for(6_000)
    page.wait_for_function("tones === 3")
    page.clock.run_for(15_000)
    page.wait_for_function("tones === 6")
    page.evaluate("document.querySelector('waiting-sound').remove()")
    page.clock.run_for(60_000)
    assert page.evaluate("tones") == 6
