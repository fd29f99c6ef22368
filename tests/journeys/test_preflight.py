"""The device check before a video session: permissions, failures, and joining with less."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import quietly
from tests.journeys.calls import DEVICES, NETWORK, STEADY, check, chosen, hears_the_tone, stub
from tests.journeys.conftest import Crowd, Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic, Person
from tests.kit.server import Person as SignedIn
from tests.kit.server import Server

NO_MICROPHONE = "Microphone is not working yet"

asks = pytest.mark.asks_permission  # the whole browser: the headless shell never refuses a device and offers no choice
OpenPage = Callable[..., Page]
# The browser's error instead of a device, by the requested kind of track.
REFUSES = """([wish, name, message]) => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    if (window.mended !== true && wishes[wish]) throw new DOMException(message, name);
    return open(wishes);
  };
}"""
UNDECIDED = """() => {
  navigator.permissions.query = async () => ({ state: "prompt" });
}"""

# The browser takes its time to tell the names of the devices: until `tell()` is called.
NAMES_COME_LATE = """
const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
const told = new Promise((tell) => (window.tell = tell));
navigator.mediaDevices.enumerateDevices = () => told.then(list);
"""

# Like a device without a speaker.
PLAYS_NOTHING = """
window.AudioContext = class extends AudioContext {
  get state() { return "suspended"; }
  resume() { return new Promise(() => {}); }
};"""


class Scene:
    """A video session that was just accepted."""

    def __init__(self, server: Server, customer: SignedIn, mechanic: SignedIn, browser_of: OpenPage) -> None:
        self.server, self._who, self._browser_of = server, {"customer": customer, "mechanic": mechanic}, browser_of
        self.id = quietly.request(server, customer, "video")
        quietly.accept(server, mechanic, self.id)

    def customer(self, *scripts: str, permissions: list[str] | None = None) -> Customer:
        return Customer(self._open("customer", scripts, permissions), self._who["customer"]).goes_to(self.id)

    def mechanic(self, *scripts: str, permissions: list[str] | None = None) -> Mechanic:
        return Mechanic(self._open("mechanic", scripts, permissions), self._who["mechanic"]).goes_to(self.id)

    def _open(self, role: str, scripts: tuple[str, ...], permissions: list[str] | None) -> Page:
        allowed = DEVICES if permissions is None else permissions
        page = self._browser_of(self._who[role], permissions=allowed)
        for script in scripts or (STEADY,):
            page.add_init_script(script)
        return page

    def reports(self) -> list[dict[str, Any]]:
        rows = self.server.sql(
            "SELECT data FROM autodoctor_sessions_sessionevent WHERE kind = 'preflight.reported' AND session_id = %s "
            "ORDER BY seq",
            self.id.replace("-", ""),
        )
        return [json.loads(data) for (data,) in rows]


@pytest.fixture
def scene(server: Server, crowd: Crowd, browser_of: OpenPage) -> Scene:
    return Scene(server, crowd.customer(), crowd.mechanic(), browser_of)


def refuses(wish: str, name: str, message: str = "") -> str:
    return stub(REFUSES, [wish, name, message])


def is_in(person: Person) -> None:
    expect(person.page.locator(".room-seat", has_text="(you)")).to_contain_text(re.compile(r"In\s*$"))
    expect(person.page.locator("device-preflight")).to_be_hidden()


# As if the person had refused both, in a browser that never asks.
BLOCKED = tuple(refuses(wish, "NotAllowedError", "Permission denied") for wish in ("video", "audio"))


def test_both_check_their_devices_and_join(scene: Scene) -> None:
    customer, mechanic = scene.customer(), scene.mechanic()
    for person in (customer, mechanic):
        expect(person.button("Join Session")).to_have_count(0)
        for name in ("camera", "microphone", "network"):
            check(person, name, "passed")
        waiting = person.button("Checking your devices")
        expect(waiting).to_be_disabled()
        hears_the_tone(person)
        person.joins()
        is_in(person)
        assert chosen(person)["mode"] == "video"
        assert chosen(person)["camera"]
        assert chosen(person)["microphone"]
        assert person.page.evaluate("document.querySelector('device-preflight video').srcObject") is None
    mechanic.starts()
    customer.is_live()
    assert [(said["mode"], said["passed"]) for said in scene.reports()] == [("video", True)] * 2


def test_a_joined_participant_has_no_second_preflight(scene: Scene) -> None:
    customer = scene.customer()
    for name in ("camera", "microphone", "network"):
        check(customer, name, "passed")
    hears_the_tone(customer)
    customer.joins()
    is_in(customer)
    customer.page.reload()
    is_in(customer)
    expect(customer.button("Join Session")).to_have_count(0)


@asks
def test_a_denied_camera_does_not_fail_the_check_of_the_microphone(scene: Scene) -> None:
    customer = scene.customer(STEADY, permissions=["microphone"])
    check(customer, "camera", "failed")
    check(customer, "microphone", "passed")
    check(customer, "network", "passed")
    expect(customer.button("Fix Issues to Continue")).to_be_disabled()
    customer.sees("Click the icon at the left of the address")
    expect(customer.button("Join without camera")).to_be_hidden()
    customer.sees("play the test tone above first")
    hears_the_tone(customer)
    customer.button("Join without camera").click()
    is_in(customer)
    assert chosen(customer) | {"microphone": "any"} == {
        "mode": "audio",
        "camera": None,
        "microphone": "any",
        "maxHeight": chosen(customer)["maxHeight"],
    }
    mechanic = scene.mechanic()
    mechanic.sees("Joins without camera")
    assert scene.reports()[-1]["checks"]["camera"] == "failed"


@asks
def test_a_customer_with_a_denied_microphone_can_choose_chat_at_its_price(scene: Scene) -> None:
    customer = scene.customer(STEADY, permissions=["camera"])
    check(customer, "camera", "passed")
    check(customer, "microphone", "failed")
    hears_the_tone(customer)
    mechanic = scene.mechanic()
    mechanic.sees(NO_MICROPHONE).sees("Preparing")
    expect(customer.button("Join without camera")).to_be_hidden()
    customer.button("Use chat: $9.99 instead of $29.99").click()
    customer.sees("the session lasts 30 minutes").button("Use chat for $9.99").click()
    is_in(customer)
    customer.sees("We charge $9.99 at most")
    mechanic.sees("chose chat").joins().starts()
    customer.is_live().ends().is_shown_the_end()
    expect(customer.page.locator(".receipt__total")).to_contain_text("$9.99")
    due = scene.server.sql("SELECT due_cents FROM payments_payment WHERE owner_id = %s", scene.id.replace("-", ""))
    assert due == [(999,)]


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("NotFoundError", "Requested device not found", "No camera was found"),
        ("NotReadableError", "Device in use", "Another program is using the camera"),
        ("NotAllowedError", "Permission denied by system", "privacy settings"),
    ],
)
def test_each_reason_of_a_failed_camera_has_words_and_can_be_mended(
    scene: Scene, name: str, message: str, words: str
) -> None:
    customer = scene.customer(refuses("video", name, message), STEADY)
    check(customer, "camera", "failed")
    check(customer, "microphone", "passed")
    customer.sees(words)
    customer.page.evaluate("window.mended = true")
    customer.button(re.compile("^Try again.*Camera")).click()
    check(customer, "camera", "passed")
    customer.sees_no_more(words)


def test_a_device_plugged_in_during_the_preflight_is_noticed(scene: Scene) -> None:
    customer = scene.customer(refuses("audio", "NotFoundError"), STEADY)
    check(customer, "microphone", "failed")
    customer.sees("No microphone was found")
    customer.page.evaluate("window.mended = true; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    check(customer, "microphone", "passed")


def test_a_customer_on_a_slow_network_can_join_with_audio_and_photos(scene: Scene) -> None:
    customer = scene.customer(stub(NETWORK, 3_000))
    check(customer, "network", "failed")
    customer.sees("Your upload speed is too low")
    hears_the_tone(customer)
    expect(customer.button("Join without camera")).to_be_hidden()
    mechanic = scene.mechanic()
    mechanic.sees("Connection is still too weak")
    customer.button("Join with audio and photos").click()
    is_in(customer)
    assert (chosen(customer)["mode"], chosen(customer)["maxHeight"]) == ("photos", 360)
    mechanic.sees("Joins with audio and photos")


def test_a_participant_on_a_weak_network_joins_with_a_smaller_picture(scene: Scene) -> None:
    customer = scene.customer(stub(NETWORK, 1_000))  # 64 KB in a second: 500 kbit/s
    check(customer, "network", "passed")
    customer.sees("Good enough, with a smaller picture")
    hears_the_tone(customer)
    customer.joins()
    assert (chosen(customer)["mode"], chosen(customer)["maxHeight"]) == ("video", 360)


def test_the_check_of_a_blocked_network_can_be_tried_again(scene: Scene) -> None:
    customer = scene.customer(stub(NETWORK, None))
    check(customer, "network", "failed")
    customer.sees("We cannot reach our server")
    customer.page.evaluate("window.mended = true")
    customer.button(re.compile("^Try again.*Connection")).click()
    check(customer, "network", "passed")


def test_a_mechanic_who_does_not_hear_the_test_tone_can_join_without_sound(scene: Scene) -> None:
    mechanic = scene.mechanic()
    check(mechanic, "network", "passed")
    mechanic.button("Play test tone").click()
    mechanic.button("No").click()
    mechanic.sees("Turn the volume up").sees("give the request back")
    expect(mechanic.button(re.compile("^Use chat"))).to_have_count(0)
    mechanic.button("Continue without sound").click()
    mechanic.joins()
    is_in(mechanic)
    assert scene.reports()[-1]["checks"]["speaker"] == "skipped"


def test_a_browser_that_cannot_play_a_tone_does_not_keep_its_person_out(scene: Scene) -> None:
    """On a machine without a speaker some browsers cannot measure a level."""
    mechanic = scene.mechanic(STEADY, PLAYS_NOTHING)
    check(mechanic, "camera", "passed")
    check(mechanic, "microphone", "checking")
    mechanic.button("Play test tone").click()
    mechanic.button("No").click()
    check(mechanic, "microphone", "passed")
    mechanic.sees("On, but this browser cannot show the level")
    mechanic.button("Continue without sound").click()
    mechanic.joins()
    is_in(mechanic)


def test_both_participants_can_chat_during_a_preflight(scene: Scene) -> None:
    customer, mechanic = scene.customer(*BLOCKED, STEADY), scene.mechanic()
    customer.says("My camera is blocked, one moment")
    mechanic.reads("My camera is blocked, one moment").says("Take your time")
    customer.reads("Take your time")
    mechanic.sees("Camera is not working yet").sees(NO_MICROPHONE)
    customer.sees("Follow the steps for the camera")


@asks
def test_a_chosen_microphone_is_remembered_after_a_reload(scene: Scene) -> None:
    customer = scene.customer()
    check(customer, "microphone", "passed")
    picker = customer.page.get_by_label("Choose a microphone")
    expect(picker.locator("option").nth(1)).to_be_attached()
    other = picker.locator("option").last.get_attribute("value") or ""
    assert picker.input_value() != other
    picker.select_option(other)
    check(customer, "microphone", "passed")
    customer.page.reload()
    check(customer, "microphone", "passed")
    expect(customer.page.get_by_label("Choose a microphone")).to_have_value(other)


def test_the_test_tone_stays_under_the_finger_when_devices_are_named(scene: Scene) -> None:
    customer = scene.customer(STEADY, NAMES_COME_LATE)
    for name in ("camera", "microphone", "network"):
        check(customer, name, "passed")
    before = customer.button("Play test tone").bounding_box()
    customer.page.evaluate("tell()")
    expect(customer.page.get_by_label("Choose a microphone")).to_be_visible()
    assert customer.button("Play test tone").bounding_box() == before


def test_a_remembered_device_that_is_gone_is_replaced(scene: Scene) -> None:
    customer = scene.customer(STEADY, "localStorage.setItem('devices:camera', 'gone')")
    check(customer, "camera", "passed")
    check(customer, "microphone", "passed")


def test_the_check_page_explains_permissions_before_the_browser_asks(browser_of: OpenPage) -> None:
    page = browser_of(None, permissions=DEVICES)
    page.add_init_script(stub(UNDECIDED, None))
    page.add_init_script(STEADY)
    page.goto("/check/")
    visitor = Person(page)
    visitor.sees("Your browser asks for permission to use the camera")
    expect(visitor.button("Play test tone")).to_be_hidden()
    inspect(page, "check-idle")
    visitor.button("Check my devices").click()
    check(visitor, "camera", "passed")
    check(visitor, "network", "passed")
    inspect(page, "check-tone")
    hears_the_tone(visitor)
    visitor.sees("You are ready for a video session")
    inspect(page, "check-ready")


@asks
def test_anybody_can_check_their_devices_before_paying(browser_of: OpenPage) -> None:
    page = browser_of(None, permissions=[])
    page.add_init_script(STEADY)
    page.goto("/")
    page.get_by_role("link", name="Check your camera first").first.click()
    visitor = Person(page)
    check(visitor, "camera", "failed")
    check(visitor, "network", "passed")
    visitor.sees("You can still book")
    inspect(page, "check-denied")
    page.get_by_role("link", name="Book a video session").click()
    expect(page).to_have_url(re.compile(r"/book/\?plan=video"))


def test_every_state_of_the_preflight_looks_right(scene: Scene, watch: Watch) -> None:
    customer = scene.customer(BLOCKED[0], stub(NETWORK, 3_000))
    customer.sees("Checking")
    inspect(customer.page, "preflight-checking")
    check(customer, "network", "failed")
    hears_the_tone(customer)
    inspect(customer.page, "preflight-failed")
    customer.button(re.compile("^Use chat")).click()
    inspect(customer.page, "preflight-chat-instead")
    customer.page.keyboard.press("Escape")
    mechanic = scene.mechanic()
    check(mechanic, "network", "passed")
    hears_the_tone(mechanic)
    inspect(mechanic.page, "preflight-ready")
