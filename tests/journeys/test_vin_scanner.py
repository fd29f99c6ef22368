"""The VIN by camera: read off a barcode on a phone, and every way on where that does not work."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.journeys.conftest import Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer
from tests.kit import chromium
from tests.kit.barcodes import VIN, as_jpeg, barcode, film, seen
from tests.kit.waiting import until

OTHER = "1M8GDM9AXKP042788"
OpenPage = Callable[..., Page]
SCAN = "Scan the barcode"
# Which cameras were opened, so that a test sees whether all of them were given back.
REMEMBERS = """{
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.tracks = [];
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    window.wishes = wishes;
    const stream = await open(wishes);
    tracks.push(...stream.getTracks());
    return stream;
  };
}"""
GIVEN_BACK = "() => tracks.length > 0 && tracks.every((track) => track.readyState === 'ended')"
# A browser that reads barcodes itself; `codes` are what each of its next looks finds, the last one over and over.
READS = """{
  window.codes = [[]];
  window.BarcodeDetector = class {
    static getSupportedFormats = async () => ["code_39", "data_matrix", "qr_code", "aztec"];
    detect = async () => (codes.length > 1 ? codes.shift() : codes[0]).map((rawValue) => ({ rawValue }));
  };
}"""
REFUSES = "() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', '%s'); }; }"
HIDE = """() => {
  Object.defineProperty(document, "hidden", { get: () => true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def filming_browser(
    launch_browser: Callable[..., Browser], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A browser in front of whose camera somebody holds the sticker of a door frame, not quite still."""
    turns = (2.0, 2.6, 1.5, 3.0, 2.2)
    pictures = [seen(barcode(), size=(1280, 720), turned=turned, blur=0.8, noise=16) for turned in turns]
    path: Path = film(tmp_path_factory.mktemp("camera") / "door.y4m", pictures)
    options = chromium.options()
    browser = launch_browser(**options | {"args": [*options["args"], f"--use-file-for-fake-video-capture={path}"]})
    yield browser
    browser.close()


def visitor(page: Page, *scripts: str) -> Customer:
    for script in (REMEMBERS, *scripts):
        page.add_init_script(script)
    page.goto("/book/?plan=chat")
    return Customer(page)


def picture(text: str = VIN) -> FilePayload:
    return {"name": "vin.jpg", "mimeType": "image/jpeg", "buffer": as_jpeg(seen(barcode(text)))}


def test_the_vin_of_a_door_sticker_is_read_on_the_server(filming_browser: Browser, browser_of: OpenPage) -> None:
    page = browser_of(None, browser=filming_browser, permissions=["camera"])
    customer = visitor(page)
    frames: list[int] = []
    page.on("request", lambda request: frames.append(1) if request.url.endswith("/api/vin") else None)
    customer.button(SCAN).click()
    expect(page.locator("#id_vin")).to_have_value(VIN)
    expect(page.get_by_role("dialog")).to_be_hidden()
    customer.sees("We read the VIN in the barcode").sees("2003 Honda")
    assert len(frames) >= 3
    assert page.evaluate("wishes.video.facingMode") == {"ideal": "environment"}
    page.wait_for_function(GIVEN_BACK)


def test_three_pictures_have_to_agree_and_what_was_typed_is_asked_about(browser_of: OpenPage) -> None:
    page = browser_of(None, permissions=["camera"])
    customer = visitor(page, READS)
    field = page.locator("#id_vin")
    field.fill(OTHER)
    customer.button(SCAN).click()
    customer.sees("Hold the barcode inside the frame.")
    inspect(page, "vin-scanner-looking")
    page.evaluate("(codes) => (window.codes = codes)", [[VIN], [VIN], [OTHER], ["8P4"], [VIN], [VIN], []])
    page.wait_for_function("() => codes.length === 1")
    assert field.input_value() == OTHER
    expect(page.get_by_text("You have typed another VIN")).to_be_hidden()

    page.evaluate("(codes) => (window.codes = codes)", [["8P4", f"I{VIN}"]])
    customer.sees("You have typed another VIN")
    page.wait_for_function(GIVEN_BACK)
    inspect(page, "vin-scanner-asking")
    customer.button("Keep what I typed").click()
    expect(field).to_have_value(OTHER)
    customer.button(SCAN).click()
    customer.button("Use the barcode’s").click()
    expect(field).to_have_value(VIN)
    customer.sees("2003 Honda")


def test_the_camera_is_given_back_on_every_way_out(browser_of: OpenPage) -> None:
    page = browser_of(None, permissions=["camera"])
    customer = visitor(page, READS)

    def scan() -> None:
        page.evaluate("tracks.splice(0)")
        customer.button(SCAN).click()
        customer.sees("Hold the barcode inside the frame.")

    for leave in (
        lambda: customer.button("Close").click(),
        lambda: customer.button("Type it instead").click(),
        lambda: page.keyboard.press("Escape"),
        lambda: page.evaluate("document.querySelector('vin-scanner dialog').close()"),
        lambda: page.evaluate("tracks[0].stop(), tracks[0].onended()"),
        lambda: page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))"),
        lambda: page.evaluate(HIDE),
    ):
        scan()
        leave()
        page.wait_for_function(GIVEN_BACK)
        if page.get_by_role("dialog").is_visible():
            customer.sees("We found no camera.")
            customer.button("Close").click()


def test_a_camera_that_opens_after_the_dialog_was_closed_is_given_back(browser_of: OpenPage) -> None:
    page = browser_of(None, permissions=["camera"])
    customer = visitor(page)
    page.evaluate("""() => {
      const open = navigator.mediaDevices.getUserMedia;
      navigator.mediaDevices.getUserMedia = (wishes) =>
        new Promise((resolve) => (window.give = () => resolve(open(wishes))));
    }""")
    customer.button(SCAN).click()
    customer.sees("Starting the camera").button("Close").click()
    page.evaluate("give()")
    page.wait_for_function(GIVEN_BACK)


@pytest.mark.parametrize(
    ("error", "words"),
    [("NotAllowedError", "This site may not use your camera."), ("NotFoundError", "We found no camera.")],
)
def test_without_a_camera_a_photo_is_there_to_type_from(
    browser_of: OpenPage, error: str, words: str, watch: Watch
) -> None:
    page = browser_of(None)
    customer = visitor(page)
    page.evaluate(REFUSES % error)
    customer.button(SCAN).click()
    customer.sees(words)
    if error == "NotAllowedError":
        inspect(page, "vin-scanner-refused")
    with page.expect_file_chooser() as chooser:
        customer.button("Take a photo").click()
    chooser.value.set_files([picture()])
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_alt_text("The photo that you took of the VIN")).to_be_visible()
    expect(page.locator("#id_vin")).to_be_focused()
    if error == "NotAllowedError":
        inspect(page, "vin-photo")
    shown = page.get_by_alt_text("The photo that you took of the VIN")
    width = shown.evaluate("image => image.clientWidth")
    customer.button("Enlarge").click()
    until(lambda: shown.evaluate("image => image.clientWidth") > 2 * width)
    customer.button("Remove the photo").click()
    expect(page.get_by_alt_text("The photo that you took of the VIN")).to_be_hidden()


def test_a_light_is_offered_where_the_camera_has_one(browser_of: OpenPage) -> None:
    page = browser_of(None, permissions=["camera"])
    customer = visitor(page, READS)
    page.evaluate("""() => {
      MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
      MediaStreamTrack.prototype.applyConstraints = async ({ advanced }) => (window.asked = advanced[0]);
    }""")
    customer.button(SCAN).click()
    light = customer.button("Light")
    light.click()
    expect(light).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("asked") == {"torch": True}


def test_without_a_connection_the_scanner_says_so(browser_of: OpenPage, watch: Watch) -> None:
    page = browser_of(None, permissions=["camera"])
    watch.allow("ERR_INTERNET_DISCONNECTED")
    customer = visitor(page)
    customer.goes_offline().button(SCAN).click()
    customer.sees("There is no connection, and this browser needs one")
