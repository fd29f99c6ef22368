"""All controls of a call: sound, picture and page."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys import calls
from tests.journeys.calls import DEVICES, see_moving_pictures
from tests.journeys.conftest import DESKTOP
from tests.journeys.inspection import TAKES_PICTURES
from tests.journeys.people import Person
from tests.journeys.shared import Borrower, Come, ComeMechanic, Pair, SharedPair
from tests.kit.server import Server
from tests.kit.waiting import until
from tests.sheet import PICTURES

SCREEN = [800, 600]  # pixels; no camera of the tests has this shape
SHARE = """([width, height]) => {
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const pen = canvas.getContext("2d");
    setInterval(() => { pen.fillStyle = `hsl(${Date.now() % 360} 90% 50%)`; pen.fillRect(0, 0, width, height); }, 50);
    const stream = canvas.captureStream(15);
    window.shared = stream.getVideoTracks()[0];
    return stream;
  };
}"""
# Like the browser's own "stop sharing": the track ends without an action on the page.
STOP_SHARING = "shared.stop(); shared.dispatchEvent(new Event('ended'))"
SHAPE = "(({ videoWidth, videoHeight }) => videoWidth / videoHeight)(document.querySelector('video[data-remote]'))"
PHONE_CAMERAS = """() => {
  window.applied = []; window.facing = "environment";
  const media = navigator.mediaDevices;
  const [ask, list] = [media.getUserMedia.bind(media), media.enumerateDevices.bind(media)];
  media.enumerateDevices = async () => [...(await list()), { kind: "videoinput", deviceId: "rear", label: "" }];
  media.getUserMedia = async (wishes) => {
    if (wishes.video) facing = wishes.video.facingMode?.ideal ?? facing;
    return ask(wishes);
  };
  const track = MediaStreamTrack.prototype;
  const settings = track.getSettings;
  track.getSettings = function () { return { ...settings.call(this), facingMode: facing, zoom: 1 }; };
  track.getCapabilities = () => (facing === "environment" ? { torch: true, zoom: { min: 1, max: 5, step: 0.5 } } : {});
  track.applyConstraints = async (wishes) => void applied.push(wishes.advanced[0]);
}"""
IN_FULL = "document.fullscreenElement?.localName ?? ''"
# What the page measures of the line: a machine with too much to do loses packets, too.
POOR_LINK = """() => {
  const real = RTCPeerConnection.prototype.getStats;
  window.isPoor = true;
  RTCPeerConnection.prototype.getStats = async function () {
    const measured = [...(await real.call(this)).entries()];
    const report = new Map(measured.filter(([, { type }]) => !["remote-inbound-rtp", "candidate-pair"].includes(type)));
    return report.set("line", { type: "remote-inbound-rtp", fractionLost: isPoor ? 0.3 : 0 });
  };
}"""
# Twenty seconds later: a picture is tried again only after a while.
LATER = "isPoor = false; const real = Date.now; Date.now = () => real() + 20_000;"
LOCKS = """
window.locks = [];
Object.defineProperty(navigator, "wakeLock", { value: { request: async (kind) => {
  const lock = { kind, released: false, release: async () => void (lock.released = true) };
  locks.push(lock);
  return lock;
} } });"""
AWAKE = "locks.filter(({ released }) => !released).length"
# A phone is locked: the page is hidden, the system ends sound and picture, and gives nothing back without a tap.
LOCK_THE_PHONE = """() => {
  window.isAway = true; window.isTapped = false;
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isAway });
  document.dispatchEvent(new Event("visibilitychange"));
  for (const lock of locks) lock.released = true;
  for (const track of devices.filter(({ readyState }) => readyState === "live")) {
    track.stop();
    track.dispatchEvent(new Event("ended"));
  }
  addEventListener("pointerdown", () => (isTapped = true), { capture: true, once: true });
  const refuse = () => Promise.reject(new DOMException("Not without a tap", "NotAllowedError"));
  const [play, ask] = [HTMLMediaElement.prototype.play, navigator.mediaDevices.getUserMedia];
  HTMLMediaElement.prototype.play = function () { return isTapped ? play.call(this) : refuse(); };
  navigator.mediaDevices.getUserMedia = (wishes) => (isTapped ? ask(wishes) : refuse());
  document.querySelector("video[data-remote]").pause();
}"""
OWN_MICROPHONE = """devices.findLast(({ kind, readyState }) => kind === "audio" && readyState === "live")
  ?.label ?? null"""
UNPLUG = """() => {
  window.ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    if (wishes.audio) throw new DOMException("", "NotFoundError");
    return ask(wishes);
  };
  for (const track of devices.filter(({ kind, readyState }) => kind === "audio" && readyState === "live")) {
    track.stop();
    track.dispatchEvent(new Event("ended"));
  }
}"""
PLUG = """() => {
  navigator.mediaDevices.getUserMedia = ask;
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
UNLOCK = "isAway = false; document.dispatchEvent(new Event('visibilitychange'))"
PLAYS = "() => !document.querySelector('video[data-remote]').paused"


@pytest.fixture(scope="module")
def pair(share_pair: Callable[..., SharedPair], server: Server) -> SharedPair:
    """Two people in a running video session: a phone and a desktop."""

    def begin(come: Come, come_mechanic: ComeMechanic) -> Pair:
        customer, mechanic = come(permissions=DEVICES), come_mechanic(permissions=DEVICES, viewport=DESKTOP)
        customer.page.add_init_script(LOCKS)
        calls.call_of_checked(server, customer, mechanic)
        return customer, mechanic

    return share_pair(begin, is_as_found=calls.is_undisturbed)


@pytest.fixture
def changed_phone(pair: SharedPair, borrower: Borrower) -> Iterator[Pair]:
    """Return a call on a phone, for a test that changes the page until its next load."""
    with pair.lent(borrower) as people:
        yield people
        if not borrower.has_failed():
            people[0].page.reload()


def stage(person: Person) -> Locator:
    return person.page.locator("video-stage")


def key(person: Person, name: str) -> Locator:
    return stage(person).get_by_role("button", name=name, exact=True)


def is_pressed(person: Person, name: str, pressed: bool = True) -> None:
    expect(key(person, name)).to_have_attribute("aria-pressed", str(pressed).lower())


def sees_a_shape(person: Person, ratio: float) -> None:
    person.page.wait_for_function(f"ratio => Math.abs({SHAPE} - ratio) < 0.02", arg=ratio)
    see_moving_pictures(person)


def test_a_shared_screen_replaces_the_camera_until_sharing_ends(call: Pair) -> None:
    customer, mechanic = call
    see_moving_pictures(customer, more=1)
    camera, screen = customer.page.evaluate(SHAPE), SCREEN[0] / SCREEN[1]
    assert abs(camera - screen) > 0.1
    mechanic.page.evaluate(SHARE, SCREEN)
    key(mechanic, "Share screen").click()
    is_pressed(mechanic, "Share screen")
    sees_a_shape(customer, screen)
    assert customer.page.evaluate("document.querySelector('video[data-remote]').videoWidth") == SCREEN[0]
    mechanic.page.evaluate(STOP_SHARING)
    is_pressed(mechanic, "Share screen", False)
    sees_a_shape(customer, camera)
    key(mechanic, "Share screen").click()
    sees_a_shape(customer, screen)
    key(mechanic, "Share screen").click()
    is_pressed(mechanic, "Share screen", False)
    sees_a_shape(customer, camera)
    mechanic.page.wait_for_function("shared.readyState === 'ended'")


def test_a_screen_can_be_shared_with_the_camera_off(call: Pair) -> None:
    customer, mechanic = call
    mechanic.page.evaluate(SHARE, SCREEN)
    key(mechanic, "Camera off").click()
    customer.sees(re.compile("has turned the camera off"))
    key(mechanic, "Share screen").click()
    customer.sees_no_more(re.compile("has turned the camera off"))
    sees_a_shape(customer, SCREEN[0] / SCREEN[1])
    key(mechanic, "Share screen").click()
    customer.sees(re.compile("has turned the camera off"))
    is_pressed(mechanic, "Camera off")
    key(mechanic, "Camera off").click()
    customer.sees_no_more(re.compile("has turned the camera off"))


def test_a_phone_offers_its_cameras_light_and_zoom_in_a_call(changed_phone: Pair) -> None:
    customer, mechanic = changed_phone
    page = customer.page
    zoom = stage(customer).get_by_role("slider", name="Zoom")
    offered = [key(customer, "Switch camera"), key(customer, "Light"), zoom]
    for each in offered:
        expect(each).to_be_hidden()
    page.evaluate(PHONE_CAMERAS)
    for _ in range(2):
        key(customer, "Mute").click()
    for each in offered:
        expect(each).to_be_visible()
    expect(zoom).to_have_value("1")
    key(customer, "Light").click()
    is_pressed(customer, "Light")
    key(customer, "Light").click()
    is_pressed(customer, "Light", False)
    key(customer, "Light").click()
    zoom.fill("3.5")
    is_pressed(customer, "Light")
    assert page.evaluate("applied") == [{"torch": True}, {"torch": False}, {"torch": True}, {"zoom": 3.5}]
    key(customer, "Switch camera").click()
    until(lambda: page.evaluate("facing") == "user")
    for gone in offered[1:]:
        expect(gone).to_be_hidden()
    see_moving_pictures(mechanic)
    key(customer, "Switch camera").click()
    expect(key(customer, "Light")).to_be_visible()
    is_pressed(customer, "Light", False)
    see_moving_pictures(mechanic)


def test_full_screen_own_picture_and_quality_can_be_changed_in_a_call(call: Pair) -> None:
    _customer, mechanic = call
    page = mechanic.page
    key(mechanic, "Full screen").click()
    until(lambda: page.evaluate(IN_FULL) == "session-room")
    for shown in ("session-clock", "#room-controls", "video[data-remote]"):
        expect(page.locator(shown)).to_be_in_viewport()
    expect(page.get_by_label("Message", exact=True)).to_be_hidden()
    if TAKES_PICTURES:
        page.screenshot(path=PICTURES / "call-full-screen.png")
    key(mechanic, "Full screen").click()
    until(lambda: page.evaluate(IN_FULL) == "")

    own = page.locator("own-picture")
    expect(own).to_have_attribute("data-corner", "bottom-right")
    own.focus()
    for name, corner in (("Enter", "bottom-left"), ("Space", "top-left")):
        page.keyboard.press(name)
        expect(own).to_have_attribute("data-corner", corner)
    drag(page, own, to=(0.9, 0.85))
    expect(own).to_have_attribute("data-corner", "bottom-right")
    own.click()
    expect(own).to_have_attribute("data-corner", "bottom-left")

    expect(stage(mechanic)).to_have_attribute("data-bars", re.compile("^[123]$"))
    figures = page.locator("video-stage [data-slot=quality]")
    expect(figures).to_have_text(re.compile(r"^\d+ ms · [1-9]\d* kbit/s · [1-9]\d+p$"))
    quality = stage(mechanic).get_by_role("button", name=re.compile("^Quality of the connection: (good|fair|weak)"))
    quality.hover()
    expect(figures).to_be_visible()
    page.mouse.move(0, 0)
    expect(figures).to_be_hidden()
    quality.press("Enter")
    expect(figures).to_be_visible()
    quality.press("Enter")
    expect(figures).to_be_hidden()


def drag(page: Page, what: Locator, *, to: tuple[float, float]) -> None:
    """Drag to a position, as a share of the picture's width and height."""
    what.hover()  # at rest: a moment ago it stood elsewhere
    picture = page.locator(".stage__picture").bounding_box()
    assert picture
    page.mouse.down()
    page.mouse.move(picture["x"] + picture["width"] * to[0], picture["y"] + picture["height"] * to[1], steps=5)
    page.mouse.up()


def test_a_call_on_a_poor_link_is_sound_only_until_the_link_is_better(changed_phone: Pair) -> None:
    customer, mechanic = changed_phone
    calls.is_heard_after_a_tap(customer)
    customer.page.evaluate(POOR_LINK)
    expect(stage(mechanic)).to_have_attribute("data-other-thin", "")
    mechanic.sees("The connection is weak, so you have sound only.")
    expect(stage(customer)).to_have_attribute("data-own-thin", "")
    customer.sees("Not sent: weak connection")
    expect(stage(customer).locator("[data-own=off]")).to_be_hidden()
    assert customer.page.evaluate("connections.at(-1).getSenders()[1].getParameters().encodings[0].active") is False
    is_pressed(customer, "Camera off", False)
    customer.page.evaluate(LATER)
    mechanic.sees_no_more("The connection is weak, so you have sound only.")
    see_moving_pictures(mechanic)
    assert not mechanic.page.get_by_text("interrupted").filter(visible=True).count()


def test_sound_returns_without_a_tap_after_a_locked_phone_where_allowed(changed_phone: Pair) -> None:
    customer, mechanic = changed_phone
    customer.page.evaluate(LOCK_THE_PHONE)
    customer.page.evaluate("isTapped = true")
    customer.page.evaluate(UNLOCK)
    customer.page.wait_for_function(PLAYS)
    see_moving_pictures(mechanic)
    mechanic.sees_no_more(re.compile("has turned the camera off|is muted"))
    expect(key(customer, "Tap to rejoin")).to_be_hidden()


def test_chat_and_files_are_a_sheet_beside_the_picture_of_a_phone(call: Pair) -> None:
    customer, mechanic = call
    page = customer.page
    chat = page.locator(".stage__key--chat")
    badge = chat.locator("[data-unread]")
    expect(page.get_by_label("Message", exact=True)).to_be_hidden()
    mechanic.says("Point the camera at the belt").says("And rev it once")
    expect(badge).to_have_text("2")
    expect(chat).to_have_attribute("aria-expanded", "false")
    chat.click()
    expect(chat).to_have_attribute("aria-expanded", "true")
    customer.reads("Point the camera at the belt").reads("And rev it once")
    expect(badge).to_be_hidden()
    customer.says("Is this it?")
    mechanic.reads("Is this it?")
    expect(page.locator("video[data-remote]")).to_be_in_viewport()
    mechanic.says("Yes").page.wait_for_load_state()
    customer.reads("Yes")
    expect(badge).to_be_hidden()
    chat.click()
    expect(page.get_by_label("Message", exact=True)).to_be_hidden()
    customer.button("Files").click()
    files = page.get_by_role("region", name="Files")
    expect(files).to_be_visible()
    files.get_by_role("button", name="Close").click()
    expect(files).to_be_hidden()


def test_one_tap_rejoins_a_call_after_a_locked_phone(last_call: Pair) -> None:
    customer, mechanic = last_call
    page = customer.page
    assert page.evaluate("locks[0].kind") == "screen"
    assert page.evaluate(AWAKE) == 1
    page.evaluate(LOCK_THE_PHONE)
    page.evaluate(UNLOCK)
    tap = key(customer, "Tap to rejoin")
    expect(tap).to_be_visible()
    expect(page.locator("device-preflight")).to_be_hidden()
    assert page.evaluate(AWAKE) == 1
    tap.click()
    expect(tap).to_be_hidden()
    page.wait_for_function(PLAYS)
    for person in last_call:
        calls.is_connected(person)
    see_moving_pictures(*last_call)
    mechanic.sees_no_more(re.compile("has turned the camera off|is muted"))
    assert page.evaluate("devices.filter(({ readyState }) => readyState === 'live').length") == 2
    customer.ends().is_shown_the_end()
    assert page.evaluate(AWAKE) == 0


@pytest.mark.asks_permission
def test_a_denied_microphone_can_be_allowed_during_the_call(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(permissions=["camera"]), a_mechanic(permissions=DEVICES, viewport=DESKTOP)
    calls.call_of_checked(server, customer, mechanic)
    mechanic.sees(re.compile("microphone does not work now"))
    see_moving_pictures(mechanic)
    is_pressed(customer, "Mute")
    notice = stage(customer).locator("[data-fault-of=audio]")
    expect(notice).to_contain_text("This browser blocks your microphone.")
    key(customer, "Mute").click()
    expect(customer.page.locator("toast-list")).to_contain_text("This browser blocks your microphone.")
    is_pressed(customer, "Mute")
    customer.page.context.grant_permissions(DEVICES)
    is_pressed(customer, "Mute", False)  # without a tap
    expect(notice).to_be_hidden()
    mechanic.sees_no_more(re.compile("microphone does not work now"))
    mechanic.page.wait_for_function(calls.IS_HEARD)


def test_another_microphone_can_be_chosen_during_the_call(call: Pair) -> None:
    customer, mechanic = call
    stage(mechanic).get_by_role("button", name="Microphone, camera and speaker").click()
    dialog = mechanic.page.get_by_role("dialog", name="Microphone, camera and speaker")
    before = mechanic.page.evaluate(OWN_MICROPHONE)
    microphones = dialog.get_by_label("Microphone")
    expect(microphones.locator("option").nth(1)).to_be_attached()  # the browser offers another one
    names = microphones.locator("option").all_text_contents()
    expect(dialog.get_by_label("Camera")).to_be_visible()
    microphones.select_option(label=next(name for name in reversed(names) if name != before))
    until(lambda: mechanic.page.evaluate(OWN_MICROPHONE) not in {before, None})
    dialog.get_by_role("button", name="Done").click()
    customer.page.wait_for_function(calls.IS_HEARD)


def test_an_unplugged_microphone_is_shown_to_both_and_returns(changed_phone: Pair) -> None:
    customer, mechanic = changed_phone
    customer.page.evaluate(UNPLUG)
    notice = stage(customer).locator("[data-fault-of=audio]")
    expect(notice).to_contain_text("Your microphone is disconnected.")
    mechanic.sees(re.compile("microphone does not work now"))
    customer.page.evaluate(PLUG)
    expect(notice).to_be_hidden()
    mechanic.sees_no_more(re.compile("microphone does not work now"))
    mechanic.page.wait_for_function(calls.IS_HEARD)
