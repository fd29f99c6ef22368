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
def test_a_camera_that_opens_after_it_was_switched_off_stays_dark(scene: Page, comes: str) -> None:
    found = scene.evaluate(
        """async (comes) => {
      const opening = media.turnCamera(false);
      await media.turnCamera(true);
      asked[0][comes]();
      await opening;
      return [media.track("video"), media.isCameraOff, media.problems.video ?? null];
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


def test_of_two_that_open_the_last_one_asked_for_is_kept(scene: Page) -> None:
    found = scene.evaluate("""async () => {
      const opening = [media.turnCamera(false), media.turnCamera(false)];
      asked[1].give();
      asked[0].give();
      await Promise.all(opening);
      return [media.track("video") === asked[1].track, asked[0].track.readyState, asked[1].track.readyState];
    }""")
    assert found == [True, "ended", "live"]
