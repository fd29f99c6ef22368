"""Camera and microphone in a page of a real browser, with devices that open on the test's command."""

import pytest
from playwright.sync_api import Page

SCENE = """async () => {
  const { LocalMedia } = await import("room/call/local-media");
  const asked = [];
  const stream = () => document.createElement("canvas").captureStream(1);
  navigator.mediaDevices.getUserMedia = () => new Promise((resolve, reject) => {
    const each = stream();
    asked.push({ track: each.getTracks()[0], give: () => resolve(each), refuse: () => reject(new Error("busy")) });
  });
  navigator.mediaDevices.getDisplayMedia = async () => (window.shared = stream());
  const media = new LocalMedia({ mode: "video", camera: null, microphone: null, maxHeight: 720 });
  Object.assign(window, { media, asked });
}"""


@pytest.fixture
def scene(browser_page: Page) -> Page:
    browser_page.evaluate(SCENE)
    return browser_page


@pytest.mark.parametrize("comes", ["give", "refuse"])
def test_a_camera_that_opens_after_it_was_switched_off_is_stopped(scene: Page, comes: str) -> None:
    found = scene.evaluate(
        """async (comes) => {
      const opening = media.turnCamera(false);
      await media.turnCamera(true);
      asked[0][comes]();
      await opening;
      return [media.track("video"), media.isCameraOff, media.faults.video ?? null];
    }""",
        comes,
    )
    assert found == [None, True, None]
    if comes == "give":
        assert scene.evaluate("asked[0].track.readyState") == "ended"


def test_a_camera_that_opens_after_a_share_began_does_not_take_its_place(scene: Page) -> None:
    found = scene.evaluate("""async () => {
      const opening = media.turnCamera(false);
      await media.share(true);
      asked[0].give();
      await opening;
      return [media.track("video") === shared.getTracks()[0], asked[0].track.readyState];
    }""")
    assert found == [True, "ended"]


def test_of_two_cameras_opening_the_one_asked_for_last_is_kept(scene: Page) -> None:
    found = scene.evaluate("""async () => {
      const opening = [media.turnCamera(false), media.turnCamera(false)];
      asked[1].give();
      asked[0].give();
      await Promise.all(opening);
      return [media.track("video") === asked[1].track, asked[0].track.readyState, asked[1].track.readyState];
    }""")
    assert found == [True, "ended", "live"]


WANTED = """async () => {
  const { LocalMedia } = await import("room/call/local-media");
  const { DeviceWatch } = await import("room/call/device-watch");
  window.refusals = [];
  window.opened = [];
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    opened.push(wishes.video ? "video" : "audio");
    const refusal = refusals.shift();
    if (refusal) throw new DOMException("", refusal);
    return document.createElement("canvas").captureStream(1);
  };
  window.plugged = [];
  window.media = new LocalMedia({ mode: "video", camera: null, microphone: null, maxHeight: 720 });
  window.watch = new DeviceWatch(media, (kind, device) => plugged.push([kind, device.label]));
}"""
DEVICES = """(labels) => {
  navigator.mediaDevices.enumerateDevices = async () =>
    labels.map((label) => ({ kind: "audioinput", deviceId: label, label }));
}"""
CHANGE = "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"


@pytest.fixture
def watched(browser_page: Page) -> Page:
    browser_page.evaluate(WANTED)
    return browser_page


def test_a_camera_that_is_in_use_is_asked_for_again_and_is_not_off(watched: Page) -> None:
    watched.evaluate(
        "async () => { refusals.push('NotReadableError', 'NotReadableError'); await media.turnCamera(false); }"
    )
    assert watched.evaluate("[media.faults.video, media.isCameraOff]") == ["busy", False]
    watched.wait_for_function("media.track('video') && !media.faults.video")
    assert watched.evaluate("opened.length") == 3


def test_a_device_that_is_plugged_in_again_comes_back(watched: Page) -> None:
    watched.evaluate("async () => { refusals.push('NotFoundError'); await media.open(); }")
    kind = watched.evaluate("Object.entries(media.faults).find(([, fault]) => fault)[0]")
    assert watched.evaluate("kind => media.faults[kind]", kind) == "missing"
    watched.evaluate(CHANGE)
    watched.wait_for_function("kind => media.track(kind) && !media.faults[kind]", arg=kind)


def test_a_denied_camera_is_asked_for_again_only_by_a_tap(watched: Page) -> None:
    watched.evaluate("async () => { refusals.push('NotAllowedError'); await media.turnCamera(false); }")
    watched.evaluate(CHANGE)
    watched.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert watched.evaluate("[media.faults.video, opened.length]") == ["denied", 1]
    watched.evaluate("media.again('video')")
    watched.wait_for_function("media.track('video') && !media.faults.video")


def test_muting_by_the_system_is_a_fault_until_it_ends(watched: Page) -> None:
    watched.evaluate("media.turnCamera(false)")
    watched.wait_for_function("media.track('video')")
    watched.evaluate("""() => {
      window.track = media.track("video");
      Object.defineProperty(track, "muted", { configurable: true, get: () => window.isMuted });
      window.isMuted = true;
      track.dispatchEvent(new Event("mute"));
    }""")
    watched.wait_for_function("media.faults.video === 'muted'")
    watched.evaluate("isMuted = false; track.dispatchEvent(new Event('unmute'))")
    assert watched.evaluate("media.faults.video ?? null") is None


def test_a_device_that_was_switched_off_shows_no_fault(watched: Page) -> None:
    watched.evaluate(
        "async () => { refusals.push('NotFoundError'); await media.turnCamera(false); await media.turnCamera(true); }"
    )
    watched.evaluate(CHANGE)
    assert watched.evaluate("[media.faults.video ?? null, media.isCameraOff, opened.length]") == [None, True, 1]


def test_a_new_device_is_offered_and_one_that_was_there_is_not(watched: Page) -> None:
    watched.evaluate(DEVICES, ["Built-in"])
    watched.evaluate("async () => { await watch.begin(); }")
    watched.evaluate(DEVICES, ["Built-in", "Headset", "default"])
    watched.evaluate(CHANGE)
    watched.wait_for_function("plugged.length === 1")
    assert watched.evaluate("plugged") == [["audio", "Headset"]]


REMOTE = """async () => {
  const { RemoteMedia } = await import("room/call/remote-media");
  document.body.innerHTML = "<div><video data-remote></video></div>";
  window.asked = [];
  const marks = { askForTap: ({ sound }) => asked.push(sound), engine() {} };
  window.remote = new RemoteMedia(document.querySelector("div"), marks);
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").fillRect(0, 0, 9, 9);
  remote.show(canvas.captureStream(5).getTracks()[0], false);
  document.querySelector("video").muted = true; // no page was touched here
  await document.querySelector("video").play();
}"""


def test_a_remote_picture_paused_by_the_browser_resumes_once_and_then_asks(browser_page: Page) -> None:
    browser_page.evaluate(REMOTE)
    browser_page.evaluate("asked.length = 0; document.querySelector('video').pause()")
    browser_page.wait_for_function("!document.querySelector('video').paused && asked.includes(false)")
    browser_page.evaluate("document.querySelector('video').pause()")
    browser_page.wait_for_function("asked.at(-1) === true")


def test_the_speaker_is_turned_down_beside_an_open_microphone(browser_page: Page) -> None:
    browser_page.evaluate(REMOTE)
    assert browser_page.evaluate("remote.hush(true) ?? document.querySelector('video').volume") < 0.3
    assert browser_page.evaluate("remote.hush(false) ?? document.querySelector('video').volume") == 1
    browser_page.evaluate(
        "Object.defineProperty(document.querySelector('video'), 'volume', { get: () => 1, set() {} })"
    )
    assert browser_page.evaluate("remote.hush(true) ?? document.querySelector('video').muted") is True
    assert browser_page.evaluate("remote.hush(false) ?? document.querySelector('video').muted") is False


# A page that was loaded anew may play no sound before it is touched, or before its own microphone is open.
UNTOUCHED = """async () => {
  const { RemoteMedia } = await import("room/call/remote-media");
  const { StageCall } = await import("room/call/stage-call");
  document.body.innerHTML = `<div><video data-remote></video><video data-own muted></video>
    <button data-act="rejoin">Tap to rejoin</button><input></div>`;
  const [stage, remoteVideo, ownVideo] = document.querySelectorAll("div, video");
  const play = remoteVideo.play;
  window.mayPlay = false; window.asked = [];
  remoteVideo.muted = true; // what the browser says of sound is said here
  remoteVideo.play = () =>
    mayPlay ? play.call(remoteVideo) : Promise.reject(new DOMException("Not without a tap", "NotAllowedError"));
  const stream = () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 9, 9);
    return canvas.captureStream(5);
  };
  navigator.mediaDevices.getUserMedia = async () => stream();
  const marks = { askForTap: ({ sound }) => asked.push(sound), engine() {}, other() {} };
  window.remote = new RemoteMedia(stage, marks);
  const choice = { mode: "video", camera: null, microphone: null, maxHeight: 720 };
  window.call = new StageCall({ session: "1", isOwner: false, choice, marks, remote, ownVideo }, {});
  remote.show(stream().getTracks()[0], false);
}"""
IS_ASKED, IS_NOT_ASKED = "asked.at(-1) === true", "asked.at(-1) === false && !document.querySelector('video').paused"


@pytest.fixture
def untouched(browser_page: Page) -> Page:
    browser_page.evaluate(UNTOUCHED)
    browser_page.wait_for_function(IS_ASKED)
    browser_page.evaluate("mayPlay = true")
    return browser_page


def test_no_tap_is_asked_for_once_the_own_devices_are_open_and_sound_may_play(untouched: Page) -> None:
    untouched.evaluate("call.media.open()")
    untouched.wait_for_function(IS_NOT_ASKED)


@pytest.mark.parametrize("touch", ["a tap", "a key"])
def test_a_touch_of_the_page_anywhere_takes_the_request_for_a_tap_away(untouched: Page, touch: str) -> None:
    if touch == "a tap":
        untouched.mouse.click(300, 300)
    else:
        untouched.locator("input").press("a")
    untouched.wait_for_function(IS_NOT_ASKED)


def test_a_tap_is_asked_for_as_long_as_the_browser_refuses(untouched: Page) -> None:
    untouched.evaluate("mayPlay = false; asked.length = 0")
    untouched.evaluate("call.media.open()")
    untouched.wait_for_function(IS_ASKED)
    assert not untouched.evaluate("asked.includes(false)")


def test_the_button_for_a_tap_stays_until_it_was_pressed(untouched: Page) -> None:
    """It does more than play, and what lies below it is not pressed in its place."""
    untouched.evaluate("asked.length = 0")
    untouched.locator("button").hover()
    untouched.mouse.down()
    untouched.mouse.up()
    untouched.locator("button").press("Space")
    assert untouched.evaluate("asked") == []


def test_what_plays_is_not_played_again_with_each_touch(untouched: Page) -> None:
    untouched.mouse.click(300, 300)
    untouched.wait_for_function(IS_NOT_ASKED)
    untouched.evaluate("asked.length = 0")
    untouched.mouse.click(300, 300)
    assert untouched.evaluate("asked") == []
