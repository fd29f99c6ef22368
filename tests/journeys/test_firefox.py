"""Chat and calls in Firefox; the other side of a call is Chromium, because people meet with different browsers."""

import re
from functools import partial

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys import calls, quietly, staging
from tests.journeys.conftest import DESKTOP, Crowd
from tests.journeys.lines import Line
from tests.journeys.people import Person
from tests.journeys.shared import Come, ComeMechanic
from tests.journeys.test_extend import extends, has_left
from tests.journeys.test_files import Hands, image
from tests.journeys.test_summary import TEXTS, Desk
from tests.kit.server import Server
from tests.kit.time_travel import pass_time
from tests.kit.waiting import until

MINUTE = 60
# Pictures that were decoded, and bytes of sound that came in.
RECEIVED = """async () => {
  const report = [...(await connections.at(-1).getStats()).values()].filter(({ type }) => type === "inbound-rtp");
  return Object.fromEntries(report.map((each) => [each.kind, each.framesDecoded ?? each.bytesReceived]));
}"""
# The other side is sent the newest track that the page has got.
SENT = "(kind) => connections.at(-1).getSenders().some(({ track }) => track?.kind === kind && track === devices.at(-1))"


@pytest.fixture
def a_firefox_customer(a_customer: Come, firefox_browser: Browser) -> Come:
    return partial(a_customer, browser=firefox_browser)


@pytest.fixture
def a_firefox_mechanic(a_mechanic: ComeMechanic, firefox_browser: Browser) -> ComeMechanic:
    return partial(a_mechanic, browser=firefox_browser, viewport=DESKTOP)


def test_a_customer_in_firefox_goes_from_the_intake_to_the_summary(
    server: Server, a_firefox_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer = a_firefox_customer(viewport=DESKTOP).books()
    mechanic = a_mechanic().waits_for_requests().accepts(customer.session_id)
    customer.sees("has accepted").joins()
    mechanic.joins().starts()
    customer.is_live().says("Good morning, it rattles")
    mechanic.reads("Good morning, it rattles").says("Does it change with the speed?")
    customer.reads("Does it change with the speed?")
    Hands(customer).adds(image("wheel.jpg")).sees("wheel.jpg")
    Hands(mechanic).sees("wheel.jpg")

    session_id = customer.session_id
    pass_time(server, session_id, 30 * MINUTE)
    customer.is_shown_the_end().sees("The time is up").sees("$9.99")
    customer.comes_to_the_dashboard().sees("$9.99 charged")
    desk = Desk(mechanic.comes_to_the_summary(), session_id).writes().says_how_safe_it_is().sends()
    mechanic.sees("was sent to the customer")
    customer.page.goto(desk.address)
    customer.sees("Drive with care").sees(TEXTS["Findings"])


def test_a_draft_survives_a_reload_and_a_message_a_lost_connection(
    server: Server, crowd: Crowd, a_firefox_customer: Come
) -> None:
    customer, mechanic = a_firefox_customer(), crowd.mechanic()
    line = Line(customer.page)
    with staging.live_for(server, customer, mechanic) as session_id:
        customer.types("It happens when I brake and")
        customer.page.reload()
        expect(customer.page.get_by_label("Message", exact=True)).to_have_value("It happens when I brake and")
        line.cut()
        customer.sees("You are not connected.").sends("Are you still there?")
        expect(customer.bubble("Are you still there?")).to_have_attribute("data-delivery", "sending")
        quietly.say(server, mechanic, session_id, "Your line is gone, I wait")
        line.mend()
        customer.retries().sees_no_more("You are not connected.").reads("Your line is gone, I wait")
        expect(customer.bubble("Are you still there?")).to_have_attribute("data-delivery", "sent")
        expect(customer.bubble("Are you still there?")).to_have_count(1)


def test_a_session_between_two_people_in_firefox_is_extended_and_summed_up(
    server: Server, a_firefox_customer: Come, a_firefox_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_firefox_customer(), a_firefox_mechanic()
    session_id = quietly.request(server, customer.who, keep_card=True)
    mechanic.waits_for_requests().accepts(session_id).joins()
    customer.goes_to(session_id).joins()
    mechanic.starts()
    customer.is_live()
    extends(customer)
    for person in (customer, mechanic):
        has_left(person, 45)
        person.sees("The session was extended")
    mechanic.ends().comes_to_the_summary()
    Desk(mechanic, session_id).writes().is_saved().opens().has("Findings", TEXTS["Findings"])


def flows(*people: Person) -> None:
    """Check that pictures and sound of the other side keep coming in."""
    for person in people:
        before = person.page.evaluate(RECEIVED)
        assert set(before) == {"audio", "video"}
        until(lambda: all(now > before[kind] for kind, now in person.page.evaluate(RECEIVED).items()))  # noqa: B023


def test_firefox_says_what_is_off_and_gives_devices_back_when_the_time_is_up(
    server: Server, a_customer: Come, a_firefox_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(permissions=calls.DEVICES), a_firefox_mechanic()
    session_id = calls.call_of_checked(server, customer, mechanic)
    stage = mechanic.page.locator("video-stage")
    for name, told in (("Mute", "is muted$"), ("Camera off", "has turned the camera off")):
        stage.get_by_role("button", name=name, exact=True).click()
        customer.sees(re.compile(told))
        stage.get_by_role("button", name=name, exact=True).click()
        customer.sees_no_more(re.compile(told))
    flows(customer, mechanic)
    pass_time(server, session_id, 60 * MINUTE)
    for person in (customer, mechanic):
        person.is_shown_the_end()
        person.page.wait_for_function("devices.every((each) => each.readyState === 'ended')")


def checks_devices(person: Person, session_id: str) -> None:
    """Pass the device check: Firefox never says beforehand what it allows, so the page asks before it asks."""
    for script in (calls.STEADY, calls.KEEP_ALL):
        person.page.add_init_script(script)
    person.goes_to(session_id).sees("Your browser asks for permission to use the camera")
    person.button("Check my devices").click()
    for name in ("camera", "microphone", "network"):
        calls.check(person, name, "passed")
    calls.hears_the_tone(person)


def chooses_anew(person: Person, kind: str, label: str) -> None:
    """Choose a device in the dialog of the call, and get a new track of it."""
    before = person.page.evaluate("devices.length")
    person.page.get_by_role("dialog").get_by_label(label).select_option(index=0)
    until(lambda: person.page.evaluate("devices.length") > before)
    assert person.page.evaluate("devices.at(-1).kind") == kind
    until(lambda: person.page.evaluate(SENT, kind))


def test_a_mechanic_in_firefox_checks_devices_joins_and_chooses_them_anew_in_the_call(
    server: Server, a_customer: Come, a_firefox_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(permissions=calls.DEVICES), a_firefox_mechanic()
    session_id = quietly.request(server, customer.who, "video")
    quietly.accept(server, mechanic.who, session_id)
    calls.comes_in(customer, session_id)
    checks_devices(mechanic, session_id)
    assert mechanic.page.evaluate("devices.map((each) => each.kind).sort()") == ["audio", "video"]
    mechanic.joins()
    for person in (customer, mechanic):
        calls.is_connected(person)
    mechanic.starts()
    customer.is_live()
    flows(customer, mechanic)
    mechanic.button("Microphone, camera and speaker").click()
    for kind, label in (("audio", "Microphone"), ("video", "Camera")):
        chooses_anew(mechanic, kind, label)
        flows(customer, mechanic)
    mechanic.page.get_by_role("dialog").get_by_role("button", name="Done").click()
    mechanic.page.wait_for_function("devices.filter(({ readyState }) => readyState === 'live').length === 2")
    customer.page.wait_for_function(calls.IS_HEARD)
