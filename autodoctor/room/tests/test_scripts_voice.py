"""The recorder of one's own microphone, in a real browser; the test plays the session's log."""

import pytest
from playwright.sync_api import Page

from autodoctor.room.templatetags.script_facts import state_sets
from autodoctor.room.tests.exchange import Exchange

START = """async () => {
  const { VoiceRecorder } = await import("room/call/voice-recorder");
  customElements.define("voice-recorder", VoiceRecorder);
  window.recorders = [];
  window.MediaRecorder = class extends MediaRecorder {
    constructor(...options) { super(...options); recorders.push(this); }
  };
  const [track] = new AudioContext().createMediaStreamDestination().stream.getTracks();
  const heard = {};
  const channel = {
    session: { state: "live", paused_at: null },
    clock: { now: () => Date.now() },
    on: (name, listener) => (heard[name] = listener),
  };
  document.querySelector("voice-recorder").follow(channel, () => track);
  window.tell = (kind, state) => {
    channel.session = { ...channel.session, state };
    heard.event({ kind });
  };
}"""
RECORDS = "recorders.some(({ state }) => state === 'recording')"


@pytest.fixture
def recorder(page: Page, exchange: Exchange) -> Page:
    exchange.body = f"<div data-states='{state_sets()}'><voice-recorder data-to='/voice'></voice-recorder></div>"
    page.goto(f"http://localhost:{exchange.port}/page")
    page.evaluate(START)
    return page


def test_nothing_is_recorded_with_another_mechanic_until_both_agree_anew(recorder: Page) -> None:
    recorder.evaluate("tell('transcript.agreed', 'live')")
    assert recorder.evaluate(RECORDS)
    recorder.evaluate("tell('session.handing_over', 'handing_over')")
    recorder.wait_for_function(f"!({RECORDS})")
    recorder.evaluate("tell('session.taken_over', 'reconnecting'); tell('session.resumed', 'live')")
    assert recorder.evaluate("recorders.length") == 1
    recorder.evaluate("tell('transcript.agreed', 'live')")
    assert recorder.evaluate(RECORDS)
