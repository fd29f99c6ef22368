"""Photos on demand in a call, the customer on a low phone: consent, photo, light and zoom, and drawing together."""

import io
import re
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.journeys import calls
from tests.journeys.calls import DEVICES
from tests.journeys.conftest import DESKTOP, Watch
from tests.journeys.people import Person
from tests.journeys.shared import Come, ComeMechanic, Pair, SharedPair
from tests.journeys.test_summary import Desk, letter
from tests.kit.server import Server
from tests.kit.waiting import until

LOW_PHONE: ViewportSize = {"width": 390, "height": 664}
QUESTION = re.compile(r"^May .+ take photos with your camera, and use its light and zoom\?$")
# The test device has neither light nor zoom: this camera has both, and remembers what it was asked for.
LIGHT_AND_ZOOM = """
window.wished = [];
{
  const { getCapabilities, getSettings, applyConstraints } = MediaStreamTrack.prototype;
  const now = { torch: false, zoom: 1 };
  const isCamera = (track) => track.kind === "video";
  MediaStreamTrack.prototype.getCapabilities = function () {
    const can = getCapabilities.call(this);
    return isCamera(this) ? { ...can, torch: true, zoom: { min: 1, max: 4, step: 0.1 } } : can;
  };
  MediaStreamTrack.prototype.getSettings = function () {
    return isCamera(this) ? { ...getSettings.call(this), ...now } : getSettings.call(this);
  };
  MediaStreamTrack.prototype.applyConstraints = async function (wishes) {
    const [wish] = wishes?.advanced ?? [];
    if (!wish || !("torch" in wish || "zoom" in wish)) return applyConstraints.call(this, wishes);
    Object.assign(now, wish);
    wished.push(wish);
  };
}"""
# How many points of this color a canvas shows.
COLORED = """([selector, red, green, blue]) => {
  const canvas = document.querySelector(selector);
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    count += Math.hypot(data[at] - red, data[at + 1] - green, data[at + 2] - blue) < 30;
  }
  return count;
}"""
ORANGE, BLUE = (255, 122, 31), (76, 194, 255)
OVERLAY, PEN = "shared-drawing canvas", "picture-pen canvas"


@pytest.fixture(scope="module")
def pair(share_pair: Callable[..., SharedPair], server: Server) -> SharedPair:
    """Two people in a running video session; the customer allows photos."""

    def begin(come: Come, come_mechanic: ComeMechanic) -> Pair:
        customer = come(permissions=DEVICES, viewport=LOW_PHONE)
        mechanic = come_mechanic(permissions=DEVICES, viewport=DESKTOP)
        customer.page.add_init_script(LIGHT_AND_ZOOM)
        calls.call_of_checked(server, customer, mechanic)
        customer.button("Allow").click()
        expect(mechanic.page.locator("video-stage[data-camera-allowed]")).to_have_count(1)
        return customer, mechanic

    return share_pair(begin, is_as_found=is_as_found)


def is_as_found(people: Pair) -> None:
    calls.is_undisturbed(people)
    customer, mechanic = people
    expect(customer.page.locator("video-stage")).to_have_attribute("data-consent", "given")
    expect(mechanic.page.locator("video-stage[data-camera-allowed]")).to_have_count(1)
    expect(mechanic.page.locator("[data-new-photo]")).to_be_hidden()
    for person in people:
        expect(person.page.locator("shared-drawing")).to_be_hidden()


def press(person: Person, name: str) -> None:
    person.page.locator("video-stage").get_by_role("button", name=name, exact=True).click()


def takes_a_photo(mechanic: Person) -> str:
    """Take a photo; return the id of its file."""
    press(mechanic, "Take photo")
    row = mechanic.page.locator("[data-new-photo]")
    expect(row).to_be_visible()
    return row.locator("[data-draw]").get_attribute("data-draw") or ""


def dismiss(mechanic: Person) -> None:
    mechanic.page.locator("[data-act=dismiss-photo]").click()


def shared(person: Person) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = person.page.request.get(f"/api/sessions/{person.session_id}/files").json()["files"]
    return files


def draw(page: Page, canvas: str = PEN) -> None:
    box = page.locator(canvas).bounding_box()
    assert box
    corners = [(0.3, 0.6), (0.5, 0.5), (0.6, 0.3)]
    for place, (x, y) in enumerate(corners):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
        if place == 0:
            page.mouse.down()


def colored(page: Page, canvas: str, color: tuple[int, int, int]) -> int:
    found: int = page.evaluate(COLORED, [canvas, *color])
    return found


def test_the_customer_is_asked_once_and_a_photo_needs_their_consent(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, watch: Watch
) -> None:
    watch.allow("status of 403")
    customer = a_customer(permissions=DEVICES, viewport=LOW_PHONE)
    mechanic = a_mechanic(permissions=DEVICES, viewport=DESKTOP)
    calls.call_of_checked(server, customer, mechanic)
    customer.sees(QUESTION)
    press(mechanic, "Take photo")
    refused = mechanic.page.locator(".toast", has_text="Your customer has not allowed you")
    refused.click()
    expect(refused).to_have_count(0)
    customer.button("Not now").click()
    customer.sees_no_more(QUESTION)
    comes_back(customer)
    chip = customer.button("Photos not allowed")
    expect(chip).to_be_visible()
    customer.sees_no_more(QUESTION)
    chip.click()
    customer.confirms("Allow")
    expect(customer.button("Photos allowed")).to_be_visible()
    mechanic.sees(re.compile("allowed photos with their camera$"))
    takes_a_photo(mechanic)
    customer.button("Photos allowed").click()
    customer.confirms("Do not allow it any more")
    expect(mechanic.page.locator("video-stage[data-camera-allowed]")).to_have_count(0)
    press(mechanic, "Take photo")
    expect(refused).to_be_visible()
    kinds = [event["kind"] for event in events(mechanic)]
    assert [kind for kind in kinds if kind.startswith(("camera.", "still."))] == [
        "camera.refused",
        "camera.allowed",
        "still.requested",
        "camera.refused",
    ]


def comes_back(customer: Person) -> None:
    """Load the page anew. The browser may play no sound before the next tap: the page asks for one."""
    customer.page.reload()
    calls.is_connected(customer)
    calls.is_heard_after_a_tap(customer)


def events(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.page.request.get(f"/api/sessions/{person.session_id}/events").json()["events"]
    return found


def test_a_photo_is_taken_in_sight_of_the_customer_and_lands_in_the_files_of_both(call: Pair) -> None:
    customer, mechanic = call
    file_id = takes_a_photo(mechanic)
    expect(customer.page.locator(".toast", has_text="took a photo").first).to_be_visible()
    for person in call:
        assert shared(person)[0]["id"] == file_id
        assert shared(person)[0]["asked_by"]
    expect(mechanic.page.locator(f"#room-files [data-file='{file_id}']")).to_contain_text("Photo taken by")
    expect(mechanic.page.locator(f".bubble[data-file='{file_id}']")).to_contain_text("Photo taken by")
    mechanic.page.locator("[data-new-photo]").get_by_role("button", name="Close").click()


def largest(customer: Person) -> tuple[int, int]:
    """Return the largest picture that the camera sends; the test device takes no larger photos."""
    can = customer.page.evaluate("devices.findLast((each) => each.kind === 'video').getCapabilities()")
    return can["width"]["max"], can["height"]["max"]


@pytest.mark.parametrize("way", ["", "delete window.ImageCapture", "ImageCapture.prototype.takePhoto = null"])
def test_a_photo_has_the_full_size_of_the_camera_and_the_call_goes_on(call: Pair, way: str) -> None:
    customer, mechanic = call
    keeps = "window.kept = ImageCapture; window.takes = ImageCapture.prototype.takePhoto; true"
    customer.page.evaluate(f"{keeps}; {way}; true")
    press(mechanic, "Camera off")  # the two share the test device, which has one size at a time
    customer.sees(re.compile("has turned the camera off$"))
    with calls.at_leisure(customer, mechanic):
        takes_a_photo(mechanic)
    assert size(shared(customer)[0]) == largest(customer)
    assert customer.page.evaluate("devices.findLast((each) => each.kind === 'video').getSettings().height") == 720
    press(mechanic, "Camera off")
    customer.page.evaluate("window.ImageCapture = kept; kept.prototype.takePhoto = takes; true")
    calls.see_moving_pictures(mechanic)
    dismiss(mechanic)


def test_a_camera_that_is_off_says_so_at_once(call: Pair) -> None:
    customer, mechanic = call
    press(customer, "Camera off")
    mechanic.sees(re.compile("has turned the camera off"))
    press(mechanic, "Take photo")
    mechanic.sees(re.compile("camera is off.$"))
    press(customer, "Camera off")
    mechanic.sees_no_more(re.compile("has turned the camera off"))
    calls.has_read_the_toasts(mechanic)


def test_light_and_zoom_are_the_mechanics_as_far_as_the_camera_has_them(call: Pair) -> None:
    customer, mechanic = call
    light, zoom = mechanic.button("Light of the customer’s camera"), mechanic.page.get_by_role("slider")
    expect(light).to_be_visible()
    light.click()
    customer.sees(re.compile("has turned on the light of your camera$"))
    expect(light).to_have_attribute("aria-pressed", "true")
    assert customer.page.evaluate("wished.at(-1)") == {"torch": True}
    customer.button("Turn the light off").click()
    expect(light).to_have_attribute("aria-pressed", "false")
    expect(customer.button("Turn the light off")).to_be_hidden()
    zoom.fill("2.5")
    until(lambda: customer.page.evaluate("wished.at(-1)") == {"zoom": 2.5})
    expect(customer.page.locator("[data-zoom-by]")).to_have_value("2.5")


def test_a_light_that_the_mechanic_switched_on_goes_out_with_the_consent(call: Pair) -> None:
    customer, mechanic = call
    light = mechanic.button("Light of the customer’s camera")
    light.click()
    expect(light).to_have_attribute("aria-pressed", "true")
    customer.button("Photos allowed").click()
    customer.confirms("Do not allow it any more")
    expect(light).to_be_hidden()
    until(lambda: customer.page.evaluate("wished.at(-1)") == {"torch": False})
    customer.button("Photos not allowed").click()
    customer.confirms("Allow")
    expect(light).to_have_attribute("aria-pressed", "false")


def test_both_draw_on_a_photo_and_see_each_other_draw(call: Pair) -> None:
    customer, mechanic = call
    before = len(shared(customer))
    takes_a_photo(mechanic)
    mechanic.button("Draw on it").click()
    expect(mechanic.page.locator(PEN)).to_be_visible()
    mechanic.button("Pen").click()
    draw(mechanic.page)  # and holds the finger down
    customer.sees(re.compile("is drawing on a photo$"))
    customer.button("Photos allowed").click(trial=True)  # nothing lies over it
    until(lambda: colored(customer.page, OVERLAY, ORANGE) > 100)
    mechanic.page.mouse.up()
    customer.button("Draw too").click()
    expect(customer.page.locator("shared-drawing")).to_be_hidden()
    until(lambda: colored(customer.page, PEN, ORANGE) > 100)
    draw(customer.page)
    until(lambda: colored(mechanic.page, PEN, BLUE) > 100)
    customer.page.mouse.up()
    mechanic.button("Undo").click()
    until(lambda: colored(customer.page, PEN, ORANGE) < 20)
    draw(mechanic.page)
    mechanic.page.mouse.up()
    until(lambda: colored(customer.page, PEN, ORANGE) > 100)
    customer.button("Save to files").click()
    until(lambda: len(shared(customer)) == before + 2)
    assert shared(customer)[0]["name"] == "Drawing.jpg"
    assert size(shared(customer)[0]) == size(shared(customer)[1])
    mechanic.page.keyboard.press("Escape")
    mechanic.button("Discard drawing").click()
    dismiss(mechanic)


def size(file: dict[str, Any]) -> tuple[int, int]:
    return file["width"], file["height"]


def test_a_page_that_comes_later_sees_the_strokes_of_the_moment(call: Pair) -> None:
    customer, mechanic = call
    takes_a_photo(mechanic)
    mechanic.button("Draw on it").click()
    expect(mechanic.page.locator(PEN)).to_be_visible()
    draw(mechanic.page)
    mechanic.page.mouse.up()
    customer.sees(re.compile("is drawing on a photo$"))
    comes_back(customer)
    until(lambda: colored(customer.page, OVERLAY, ORANGE) > 100)
    customer.button("Hide").click()
    expect(customer.page.locator("shared-drawing")).to_be_hidden()
    mechanic.page.keyboard.press("Escape")
    mechanic.button("Discard drawing").click()
    dismiss(mechanic)


def test_a_photo_and_the_drawing_on_it_stand_in_the_summary(last_call: Pair) -> None:
    customer, mechanic = last_call
    session_id = mechanic.session_id
    takes_a_photo(mechanic)
    mechanic.button("Draw on it").click()
    mechanic.button("Pen").click()
    draw(mechanic.page)
    mechanic.page.mouse.up()
    mechanic.button("Save to files").click()
    until(lambda: [file["name"] for file in shared(mechanic)[:2]] == ["Drawing.jpg", "Photo.jpg"])
    mechanic.page.keyboard.press("Escape")
    mechanic.ends()
    customer.is_shown_the_end()
    desk = Desk(mechanic.is_shown_the_end().comes_to_the_summary(), session_id).writes().says_how_safe_it_is()
    for name in ("Photo.jpg", "Drawing.jpg"):
        mechanic.page.get_by_role("checkbox", name=name).last.check()
    desk.is_saved().sends().mechanic.sees("was sent to the customer")
    mailed = letter(customer, "Your summary").frame_locator("iframe")
    expect(mailed.get_by_alt_text(re.compile("jpg$"))).to_have_count(2)
    assert pictures_in_pdf(customer, f"{desk.address}summary.pdf") == 2
    customer.page.goto("/dashboard/")
    customer.page.get_by_role("link", name="Summary").click()
    pictures = customer.page.get_by_alt_text(re.compile(r"^(Photo|Drawing)\.jpg$"))
    expect(pictures).to_have_count(2)
    until(lambda: pictures.evaluate_all("all => all.every((each) => each.naturalWidth > 0)"))


def pictures_in_pdf(person: Person, address: str) -> int:
    document = pypdfium2.PdfDocument(io.BytesIO(person.page.request.get(address).body()))
    try:
        kind = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
        return sum(thing.type == kind for sheet in document for thing in sheet.get_objects())
    finally:
        document.close()


def test_a_photo_that_does_not_arrive_can_be_asked_for_again(last_call: Pair, watch: Watch) -> None:
    customer, mechanic = last_call
    watch.allow("net::ERR_FAILED")
    customer.page.route("**/stills/*/failure", lambda route: route.abort())
    press(customer, "Camera off")
    mechanic.sees(re.compile("has turned the camera off"))
    with calls.in_a_hurry(mechanic.page):
        press(mechanic, "Take photo")
        mechanic.sees("The photo did not arrive. Ask again.")
    expect(mechanic.page.locator("video-stage")).not_to_have_attribute("data-still", re.compile(""))
