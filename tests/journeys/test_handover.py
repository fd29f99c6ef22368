"""Pay on the laptop, film with the phone: three browsers, and a call that moves between two of them.

A laptop and a mechanic stay in one call for most tests; each has a phone of its own, and leaves the call without it.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import calls, handing_over, quietly, staging
from tests.journeys.calls import DEVICES, is_connected, see_moving_pictures
from tests.journeys.conftest import DESKTOP, Watch
from tests.journeys.handing_over import Phone, a_phone, allows, hand_over, shows_the_code
from tests.journeys.inspection import inspect
from tests.journeys.lines import without_script
from tests.journeys.people import Customer, Mechanic
from tests.journeys.reach import walk
from tests.journeys.shared import Come, ComeMechanic, Pair, SharedPair
from tests.kit.server import Server

Three = tuple[Customer, Mechanic, Phone]
# How long the picture stands still when the call moves is measured by `bin/bench call`; here it is never taken away.
WATCH = """() => {
  const video = document.querySelector("video[data-remote]");
  window.moments = window.gaps = 0;
  const look = () => {
    const tracks = video.srcObject?.getVideoTracks() ?? [];
    moments += 1;
    if (!tracks.some(({ readyState }) => readyState === "live")) gaps += 1;
    requestAnimationFrame(look);
  };
  look();
}"""
WITHOUT_A_GAP = "moments > 10 && gaps === 0"


@pytest.fixture(scope="module")
def pair(share_pair: Callable[..., SharedPair], server: Server) -> SharedPair:
    """A customer at a laptop and a mechanic, in a call."""

    def begin(come: Come, come_mechanic: ComeMechanic) -> Pair:
        people = come(viewport=DESKTOP, permissions=DEVICES), come_mechanic(viewport=DESKTOP, permissions=DEVICES)
        calls.call_of_checked(server, *people)
        return people

    return share_pair(begin, is_as_found=is_as_found)


def is_as_found(people: Pair) -> None:
    calls.is_undisturbed(people)
    for person in people:
        expect(person.page.locator(".handover-note")).to_have_count(0)


@pytest.fixture
def three(call: Pair, browser_of: Callable[..., Page]) -> Three:
    """The two in their call, and a new phone beside the laptop."""
    return *call, a_phone(browser_of)


def goes_on_without(phone: Phone, laptop: Customer) -> None:
    """Disconnect the phone, which may be gone: the call is on the laptop."""
    laptop.button("Disconnect the phone").click()
    laptop.sees_no_more("Disconnect the phone")
    if not phone.page.is_closed():
        phone.sees("This phone is disconnected")
    is_connected(laptop)


def test_from_the_payment_on_the_laptop_to_the_end_with_the_phone(
    server: Server,
    a_customer: Come,
    a_mechanic: ComeMechanic,
    browser_of: Callable[..., Page],
    axe: Callable[[Page], None],
) -> None:
    laptop, phone = a_customer(viewport=DESKTOP), a_phone(browser_of)
    mechanic = a_mechanic(viewport=DESKTOP, permissions=DEVICES)
    laptop.books("video").sees("Film with your phone?")
    shows_the_code(laptop)
    axe(laptop.page)
    phone.scans(laptop)
    laptop.sees("A phone wants to join")
    assert not walk(laptop.page, "a phone asks")
    expect(laptop.page.locator(".toast", has_text="A phone wants to join")).to_have_count(0)  # the dialog says it
    laptop.page.set_viewport_size(DESKTOP)
    inspect(phone.page, "handover-asked")
    axe(laptop.page)
    allows(laptop, phone)
    phone.sees("This phone is connected").sees("We are looking for your mechanic.")
    laptop.sees("Your phone is connected.")
    quietly.accept(server, mechanic.who, laptop.session_id)
    calls.comes_in(mechanic, laptop.session_id)
    phone.sees("Film with this phone").films()
    laptop.sees("Your phone has the camera.")
    is_connected(mechanic)
    mechanic.starts()
    for person in (laptop, phone, mechanic):
        person.is_live()
    see_moving_pictures(mechanic, phone)
    axe(phone.page)
    laptop.says("I hold it over the engine").button("Extend Session").is_visible()
    mechanic.reads("I hold it over the engine")
    phone.button("Back to the computer").is_visible()
    for name in ("Extend Session", "End Session", "Get help"):
        expect(phone.button(name)).to_have_count(0)
    laptop.ends().is_shown_the_end()
    phone.sees("The session is over").sees("Everything else is on your computer.")
    mechanic.is_shown_the_end()


def test_the_code_comes_although_it_was_asked_for_before_the_script_was_there(server: Server, a_customer: Come) -> None:
    laptop = a_customer(viewport=DESKTOP)
    session_id = quietly.request(server, laptop.who, plan="video")
    with without_script(laptop.page, "room/page/room"):
        laptop.page.goto(f"/sessions/{session_id}/", wait_until="commit")
        laptop.button("Use your phone").click()
        laptop.sees("Scan this code")
    expect(laptop.page.locator("#handover-dialog")).to_have_attribute("data-state", "offered")
    quietly.act(server, laptop.who, session_id, "cancel")


def test_the_call_moves_to_the_phone_without_a_gap_and_back(three: Three) -> None:
    laptop, mechanic, phone = three
    mechanic.page.evaluate(WATCH)
    hand_over(laptop, phone)
    see_moving_pictures(mechanic, phone)
    assert mechanic.page.evaluate(WITHOUT_A_GAP)
    expect(laptop.page.locator("video-stage")).to_have_attribute("data-call", "idle")
    laptop.sees_no_more("You continued in another window.")
    laptop.button("Take the call back here").click()
    is_connected(laptop)
    phone.sees("Film with this phone")
    see_moving_pictures(mechanic, laptop)
    assert mechanic.page.evaluate(WITHOUT_A_GAP)
    phone.films()
    laptop.sees("Your phone has the camera.")
    goes_on_without(phone, laptop)


def test_the_phone_gives_the_call_back_and_the_session_goes_on(three: Three) -> None:
    laptop, mechanic, phone = three
    hand_over(laptop, phone)
    phone.button("Back to the computer").click()
    phone.sees("This phone is disconnected")
    is_connected(laptop)
    see_moving_pictures(mechanic, laptop)
    phone.goes_to(laptop.session_id).sees("This phone is disconnected")


def test_the_laptop_disconnects_the_phone(three: Three) -> None:
    laptop, _, phone = three
    hand_over(laptop, phone)
    goes_on_without(phone, laptop)
    laptop.is_live()


def test_a_phone_that_is_lost_ends_nothing(three: Three) -> None:
    laptop, mechanic, phone = three
    hand_over(laptop, phone)
    phone.page.close()
    laptop.sees("Your phone is gone.").is_live()
    mechanic.is_live().sees("Here")
    laptop.button("Take the call back here").click()
    is_connected(laptop)
    see_moving_pictures(mechanic, laptop)
    goes_on_without(phone, laptop)


def test_a_laptop_that_loads_anew_leaves_the_call_on_the_phone(three: Three) -> None:
    laptop, mechanic, phone = three
    hand_over(laptop, phone)
    laptop.page.reload()
    laptop.sees("Your phone has the camera.").says("Still here")
    is_connected(phone)
    see_moving_pictures(mechanic, phone)
    phone.page.close()
    laptop.sees("Your phone is gone.")  # and nobody is missing: the page that never joined is theirs, too
    mechanic.sees("Here").sees_no_more(re.compile("has lost the connection"))
    goes_on_without(phone, laptop)


def test_a_phone_that_loads_anew_films_on(three: Three) -> None:
    laptop, mechanic, phone = three
    hand_over(laptop, phone)
    phone.page.reload()
    is_connected(phone)
    see_moving_pictures(mechanic, phone)
    laptop.sees("Your phone has the camera.")
    goes_on_without(phone, laptop)


def test_the_code_can_be_typed_and_the_phone_turned_away(three: Three, watch: Watch) -> None:
    watch.allow("status of 404")
    laptop, _, phone = three
    shows_the_code(laptop)
    phone.types_the_code(laptop)
    laptop.sees("A phone wants to join").button("No, turn it away").click()
    phone.sees("This phone is not connected").sees("Your computer did not let this phone join")
    expect(laptop.page.locator("#handover-dialog")).to_be_hidden()
    is_connected(laptop)


def test_a_second_phone_is_refused_in_a_sentence(three: Three, browser_of: Callable[..., Page], watch: Watch) -> None:
    watch.allow("status of 409")
    laptop, _, phone = three
    shows_the_code(laptop)
    code = handing_over.code_of(laptop).replace(" ", "")
    phone.scans(laptop)
    second = a_phone(browser_of)
    second.page.goto(f"/handover/{code}/")
    second.sees("This phone is not connected").sees("Another phone has opened this code.")
    allows(laptop, phone)
    goes_on_without(phone, laptop)


def test_a_phone_shares_photos_in_a_chat(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, browser_of: Callable[..., Page]
) -> None:
    laptop, mechanic, phone = a_customer(viewport=DESKTOP), a_mechanic(viewport=DESKTOP), a_phone(browser_of)
    staging.live(server, laptop, mechanic)
    shows_the_code(laptop)
    phone.scans(laptop)
    allows(laptop, phone)
    laptop.sees("Your phone is connected.")
    phone.says("From the phone")
    mechanic.reads("From the phone")
    laptop.says("From the laptop")
