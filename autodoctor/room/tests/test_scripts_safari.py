"""What only Safari does, imitated in Chromium: Safari runs on no machine of the tests. See docs/testing.md."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Error, Page

from autodoctor.room.tests.test_scripts_media import REMOTE

# A call that comes in, or Siri, interrupts all sound of a page. Until it is over nothing can be resumed, and then only
# what the page resumes goes on.
INTERRUPTED = """() => {
  const context = new AudioContext(), tone = new OscillatorNode(context), out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  window.isInterrupted = true; window.contexts = []; window.loud = out.stream;
  window.AudioContext = class extends AudioContext {
    constructor() { super(); contexts.push(this); }
    get state() { return super.state === "closed" || this.wasResumed ? super.state : "interrupted"; }
    async resume() {
      this.wasRefused = isInterrupted;
      if (isInterrupted) throw new DOMException("Failed to start the audio device", "InvalidStateError");
      await super.resume();
      this.wasResumed = true;
    }
  };
}"""
OVER = "isInterrupted = false; contexts.at(-1).dispatchEvent(new Event('statechange'))"
SPECTROGRAM = """async () => {
  const { SoundPicture } = await import("room/call/spectrogram");
  customElements.define("sound-picture", SoundPicture);
  document.body.innerHTML = "<sound-picture><canvas width=100 height=50></canvas></sound-picture>";
  window.picture = document.querySelector("sound-picture");
  picture.show(loud.getTracks()[0]);
}"""
METER = """async () => {
  const { LevelMeter } = await import("room/call/level-meter");
  window.levels = [];
  window.meter = new LevelMeter(loud, (level) => levels.push(level), () => levels.push("cannot"));
}"""
TONE = """async () => {
  const { play } = await import("lib/sounds");
  await play("test");
}"""
ONLY_MP4 = """() => {
  window.asked = [];
  window.MediaRecorder = class extends EventTarget {
    static isTypeSupported = (type) => type.startsWith("audio/mp4") || type.startsWith("video/mp4");
    state = "inactive";
    constructor(stream, { mimeType }) {
      super();
      if (!MediaRecorder.isTypeSupported(mimeType)) throw new DOMException("", "NotSupportedError");
      this.mimeType = "audio/mp4; codecs=mp4a.40.2";
    }
    start() { this.state = "recording"; }
    stop() {
      this.state = "inactive";
      this.ondataavailable({ data: new Blob(["...."], { type: this.mimeType }) });
    }
  };
}"""


@pytest.fixture
def safari(browser_page: Page) -> Iterator[Page]:
    """A page that somebody has touched, and whose sound is interrupted; nothing in it may fail unheard."""
    thrown: list[Error] = []

    def note(error: Error) -> None:
        thrown.append(error)

    browser_page.on("pageerror", note)
    browser_page.mouse.click(5, 5)
    browser_page.evaluate(INTERRUPTED)
    yield browser_page
    browser_page.evaluate("new Promise((done) => setTimeout(done))")  # what was thrown is told by now
    assert not thrown, thrown


def test_a_spectrogram_that_safari_interrupts_goes_on_when_the_phone_call_is_over(safari: Page) -> None:
    safari.evaluate(SPECTROGRAM)
    safari.evaluate(OVER)
    safari.wait_for_function("() => contexts.at(-1).state === 'running'")


def test_a_spectrogram_that_safari_interrupts_goes_on_with_a_tap(safari: Page) -> None:
    safari.evaluate(SPECTROGRAM)
    safari.mouse.click(5, 5)
    safari.evaluate("isInterrupted = false")
    safari.mouse.click(5, 5)
    safari.wait_for_function("() => contexts.at(-1).state === 'running'")
    safari.evaluate("picture.stop()")
    safari.wait_for_function("() => contexts.at(-1).state === 'closed'")
    safari.mouse.click(5, 5)


def test_the_level_of_a_microphone_that_safari_interrupts_is_measured_when_it_is_over(safari: Page) -> None:
    safari.evaluate(METER)
    safari.wait_for_function("() => contexts.at(-1).wasRefused")
    safari.evaluate("isInterrupted = false")
    safari.wait_for_function("() => levels.some((level) => level > 0.2)")
    safari.evaluate("meter.stop()")


def test_a_tone_that_safari_interrupts_is_left_out_and_the_next_is_played(safari: Page) -> None:
    safari.evaluate(TONE)
    safari.evaluate("isInterrupted = false")
    safari.evaluate(TONE)
    assert safari.evaluate("[contexts.length, contexts[0].wasResumed]") == [1, True]


def test_a_clip_is_kept_as_mp4_where_safari_records_nothing_else(browser_page: Page) -> None:
    """Safari knows neither WebM nor Ogg."""
    browser_page.evaluate(INTERRUPTED)
    browser_page.evaluate("isInterrupted = false")
    browser_page.evaluate(ONLY_MP4)
    browser_page.evaluate(SPECTROGRAM)
    found = browser_page.evaluate("""async () => {
      const kept = picture.keep("Engine sound");
      picture.stop();
      const { name, type, size } = await kept;
      return [name, type, size];
    }""")
    assert found == ["Engine sound.m4a", "audio/mp4", 4]


NO_PLAY = """() => {
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    return window.isTapped ? play.call(this) : Promise.reject(new DOMException("Not without a tap", "NotAllowedError"));
  };
  document.querySelector("video").pause();
}"""


def test_a_video_that_safari_paused_and_will_not_play_is_played_with_one_press(browser_page: Page) -> None:
    browser_page.evaluate(REMOTE)
    browser_page.evaluate(NO_PLAY)
    browser_page.wait_for_function("() => asked.at(-1) === true")
    browser_page.evaluate("isTapped = true; remote.play()")  # as the button does
    browser_page.wait_for_function("() => asked.at(-1) === false && !document.querySelector('video').paused")
