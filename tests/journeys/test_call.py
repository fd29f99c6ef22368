"""Two people in a call: real browsers, peer to peer, with fake devices."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import calls, staging
from tests.journeys.calls import DEVICES, is_connected, see_moving_pictures
from tests.journeys.conftest import DESKTOP, PHONE, Watch
from tests.journeys.inspection import TAKES_PICTURES
from tests.journeys.people import Customer, Person
from tests.journeys.shared import Come, ComeMechanic, Pair, SharedPair
from tests.kit.server import Server
from tests.kit.time_travel import pass_time
from tests.kit.waiting import until
from tests.sheet import PICTURES

CONTINUED_ELSEWHERE = "You continued in another window."
PAUSED_WITHOUT_MEDIA = "Paused: sound and picture are interrupted"

MINUTE = 60
NO_WAY = """() => {
  for (const each of connections) each.close();
  window.RTCPeerConnection = class { constructor() { throw new Error("no way"); } };
}"""
# The test device beeps once a second: more than one loudness, at more than one time.
IS_DRAWN = """() => {
  const canvas = document.querySelector("sound-picture canvas");
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  return new Set(data.filter((_value, place) => place % 4 === 0)).size > 20;
}"""
ARE_GIVEN_BACK = "devices.length > 0 && devices.every((each) => each.readyState === 'ended')"
IS_DARK = "devices.filter(({ kind }) => kind === 'video').every(({ readyState }) => readyState === 'ended')"
SIZE = "(({ width, height }) => [width, height])(document.querySelector('picture-pen canvas'))"


@pytest.fixture(scope="module")
def pair(share_pair: Callable[..., SharedPair], server: Server) -> SharedPair:
    """Two people in a running video session."""

    def begin(come: Come, come_mechanic: ComeMechanic) -> Pair:
        customer, mechanic = come(permissions=DEVICES), come_mechanic(permissions=DEVICES, viewport=DESKTOP)
        calls.call_of_checked(server, customer, mechanic)
        return customer, mechanic

    return share_pair(begin, is_as_found=calls.is_undisturbed)


def look(person: Person, name: str) -> None:
    """Save pictures for a visual review."""
    page, before = person.page, person.page.viewport_size
    if not TAKES_PICTURES or before is None:
        return
    for viewport in (PHONE, DESKTOP):
        for theme in ("light", "dark"):
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=PICTURES / f"call-{name}-{viewport['width']}-{theme}.png", animations="disabled")
    page.set_viewport_size(before)


def press(person: Person, name: str) -> None:
    person.page.locator("video-stage").get_by_role("button", name=name, exact=True).click()


def test_both_participants_of_a_call_see_and_hear_each_other(call: Pair) -> None:
    see_moving_pictures(*call)
    for person in call:
        assert person.page.evaluate(calls.IS_HEARD)
        look(person, f"both-{type(person).__name__}".lower())


def test_mute_and_camera_off_are_shown_to_the_peer(call: Pair) -> None:
    customer, mechanic = call
    press(customer, "Mute")
    mechanic.sees(re.compile("is muted$"))
    press(customer, "Mute")
    mechanic.sees_no_more(re.compile("is muted$"))
    press(customer, "Camera off")
    mechanic.sees(re.compile("has turned the camera off"))
    assert customer.page.evaluate(IS_DARK)
    look(mechanic, "camera-off")
    press(customer, "Camera off")
    mechanic.sees_no_more(re.compile("has turned the camera off"))
    see_moving_pictures(mechanic)


def test_a_snapshot_with_a_drawing_lands_in_the_files(call: Pair) -> None:
    customer, mechanic = call
    see_moving_pictures(mechanic, more=20)
    press(mechanic, "Snapshot")
    canvas = mechanic.page.locator("picture-pen canvas")
    expect(canvas).to_be_visible()
    size = mechanic.page.evaluate(SIZE)
    assert size[0] >= 320
    draw(mechanic.page)
    mechanic.button("Circle").click()
    draw(mechanic.page)
    mechanic.button("Pen").click()
    draw(mechanic.page)
    look(mechanic, "pen")
    mechanic.button("Undo").click()
    mechanic.button("Save to files").click()
    expect(canvas).to_be_hidden()
    expect(mechanic.page.locator("#room-files .file-row", has_text="Snapshot")).to_be_visible()
    expect(mechanic.page.locator(".room-chat .bubble--file")).to_have_count(1)
    files = customer.page.request.get(f"/api/sessions/{customer.session_id}/files").json()["files"]
    assert [(file["name"], file["width"], file["height"]) for file in files] == [("Snapshot.jpg", *size)]


def draw(page: Page) -> None:
    box = page.locator("picture-pen canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.6)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5, steps=4)
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.35, steps=4)
    page.mouse.up()


def test_engine_sound_is_sent_unprocessed_and_a_clip_is_stored(call: Pair) -> None:
    customer, mechanic = call
    press(mechanic, "Engine sound")
    for person in call:
        button = person.page.locator("video-stage button[data-act=engine]")
        expect(button).to_have_attribute("aria-pressed", "true")
    mechanic.sees("Engine sound, unfiltered")
    customer.sees("Your mechanic is quieter while the engine sound is on")
    settings = customer.page.evaluate("devices.at(-1).getSettings()")
    assert not settings["echoCancellation"]
    assert not settings["noiseSuppression"]
    assert not settings["autoGainControl"]
    mechanic.page.wait_for_function(IS_DRAWN)
    look(mechanic, "engine")
    mechanic.page.evaluate("window.works = MediaRecorder; MediaRecorder = null; true")
    mechanic.button("Keep 15 seconds").click()
    mechanic.sees("That did not work on this device.")
    mechanic.page.evaluate("void (MediaRecorder = works)")
    with calls.in_a_hurry(mechanic.page):
        mechanic.button("Keep 15 seconds").click()
    row = mechanic.page.locator("#room-files .file-row", has_text="Engine sound")
    expect(row).to_be_visible()
    press(customer, "Engine sound")
    mechanic.sees_no_more("Engine sound, unfiltered")


def test_a_page_reloaded_in_a_call_returns_without_a_preflight(call: Pair) -> None:
    customer, _mechanic = call
    for person in call:
        person.page.reload()
        is_connected(person)
        for each in call:
            is_connected(each)
        see_moving_pictures(*call)
    assert not customer.page.locator("session-clock.countdown--paused").is_visible()


def test_a_lost_connection_of_a_call_returns_by_itself(call: Pair) -> None:
    customer, mechanic = call
    before = mechanic.page.evaluate("connections.length")
    customer.page.evaluate("connections.at(-1).close()")
    until(lambda: mechanic.page.evaluate("connections.length") > before)
    for person in call:
        is_connected(person)
    see_moving_pictures(*call)


def test_closing_the_page_pauses_a_call_and_reopening_returns_to_it(call: Pair) -> None:
    customer, mechanic = call
    session_id = mechanic.session_id
    mechanic.page.goto("about:blank")
    customer.sees("has lost the connection").sees("Paused: the mechanic is away")
    look(customer, "missing")
    mechanic.goes_to(session_id).is_live()
    customer.sees_no_more("has lost the connection")
    for person in call:
        is_connected(person)
    see_moving_pictures(*call)


def test_lost_media_pause_the_clock(server: Server, call: Pair, watch: Watch) -> None:
    customer, mechanic = call
    watch.allow("no way")
    mechanic.page.evaluate(NO_WAY)
    customer.sees("Sound and picture are interrupted. We are reconnecting.")
    pass_time(server, customer.session_id, 10)
    for person in call:
        person.sees(PAUSED_WITHOUT_MEDIA)
    look(customer, "lost")
    mechanic.page.reload()
    for person in call:
        is_connected(person)
        person.sees_no_more(PAUSED_WITHOUT_MEDIA)


def test_a_running_call_can_be_switched_to_chat_and_back(call: Pair, watch: Watch) -> None:
    customer, mechanic = call
    watch.allow("no way")
    customer.page.evaluate("void (window.way = RTCPeerConnection)")
    with calls.in_a_hurry(customer.page):
        customer.page.evaluate(NO_WAY)
        customer.page.locator("video-stage").get_by_role("button", name="Use chat", exact=True).click()
    customer.sees("The price and your time stay the same.")
    customer.page.get_by_role("dialog").get_by_role("button", name="Use chat", exact=True).click()
    for person in call:
        person.sees("use the chat")
        assert person.page.evaluate(ARE_GIVEN_BACK)
        person.says(f"Only words, says the {type(person).__name__}")
    look(customer, "declined")
    expect(mechanic.page.get_by_role("button", name="Try the call again")).to_be_hidden()
    customer.page.evaluate("void (RTCPeerConnection = way)")
    customer.button("Try the call again").click()
    for person in call:
        is_connected(person)
    see_moving_pictures(*call)


@pytest.mark.parametrize("is_another_device", [False, True])
def test_a_call_moves_to_another_window_or_device_and_back(
    call: Pair, watch: Watch, browser_of: Callable[..., Page], is_another_device: bool
) -> None:
    customer, mechanic = call
    if is_another_device:
        other = Customer(browser_of(customer.who, permissions=DEVICES, viewport=DESKTOP), customer.who)
    else:
        other = Customer(customer.page.context.new_page(), customer.who)
        watch.over(other.page)
    other.goes_to(customer.session_id)
    is_connected(other)
    customer.sees(CONTINUED_ELSEWHERE)
    until(lambda: customer.page.evaluate("devices.every((each) => each.readyState === 'ended')"))
    see_moving_pictures(mechanic)
    customer.button("Use this window").click()
    is_connected(customer)
    other.sees(CONTINUED_ELSEWHERE)
    see_moving_pictures(mechanic)
    other.page.close()


def test_the_end_of_a_call_releases_camera_and_microphone(last_call: Pair) -> None:
    customer, _mechanic = last_call
    customer.ends()
    for person in last_call:
        person.is_shown_the_end()
        assert person.page.evaluate(ARE_GIVEN_BACK)
        assert person.page.evaluate("connections.every((each) => each.connectionState === 'closed')")


def test_chat_offered_for_a_call_that_never_connected_says_its_price(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, watch: Watch
) -> None:
    customer, mechanic = a_customer(permissions=DEVICES), a_mechanic(permissions=DEVICES, viewport=DESKTOP)
    watch.allow("no way")
    for person in (customer, mechanic):
        person.page.add_init_script(f"window.connections = []; ({NO_WAY})(); ({calls.PACE})(10)")
    staging.joined(server, customer, mechanic, "video")
    offer = customer.page.get_by_role("button", name="Use chat: $9.99 instead of $29.99")
    expect(offer).to_be_visible()
    for person in (customer, mechanic):
        person.page.evaluate(calls.UNHURRIED)
    offer.click()
    customer.sees("the session lasts 30 min")
    look(customer, "use-chat")
    customer.button("Back to the call").click()
    offer.click()
    customer.button("Use chat for $9.99").click()
    mechanic.sees("chose chat").starts()
    customer.is_live()
