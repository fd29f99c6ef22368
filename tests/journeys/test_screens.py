"""Every state of the session's page on small, flat and zoomed screens: every control can be reached."""

import re
import time
from collections.abc import Callable, Sequence

from playwright.sync_api import Page, expect

from tests.journeys import calls, quietly, staging
from tests.journeys.calls import DEVICES
from tests.journeys.people import CONCERN, Customer, Mechanic, Person
from tests.journeys.reach import ON_THE_SIDE, PHONES, SCREENS, State, rounded, screens_of, walk, walk_on
from tests.journeys.room_states import (
    ALERT,
    CALL,
    CAMERA_ABOVE,
    CAMERA_LEFT,
    DIALOGS,
    FOLD,
    IN_CALL,
    INTERRUPTED,
    NEAR_THE_END,
    OPEN,
    SAID_NEAR_THE_END,
    TALK,
    WRITE,
    banners,
    dialog,
)
from tests.journeys.test_call import NO_WAY, PAUSED_WITHOUT_MEDIA
from tests.journeys.watching import Watch
from tests.kit.server import Server
from tests.kit.time_travel import pass_time

MINUTE = 60
TO_A_MECHANIC = "all notices", "engine heard", "engine heard, poor", "their camera", "their camera, engine heard"
Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]


def are_in_reach(problems: list[str]) -> None:
    assert not problems, f"{len(problems)} problems\n" + "\n".join(problems)


def walk_at_leisure(server: Server, person: Person, name: str, states: Sequence[State]) -> list[str]:
    """Walk through states of a session that runs, as if no time passed: a busy machine takes minutes for it."""
    found, session_id = list[str](), person.session_id
    for screen in screens_of(states):
        begun = time.monotonic()
        found += walk_on(screen, person.page, name, states)
        pass_time(server, session_id, begun - time.monotonic())
    return found


def sees_the_end(person: Person) -> Person:
    person.is_shown_the_end().button("Dismiss").last.click()
    expect(person.page.locator(".toast")).to_have_count(0)
    return person


def on_round_screens(page: Page) -> list[str]:
    found: list[str] = []
    for edges, screens in ((CAMERA_LEFT, ON_THE_SIDE), (CAMERA_ABOVE, PHONES[:4])):
        with rounded(page, edges):
            for chat, act, wanted in (("folded", FOLD, CALL), ("open", OPEN, CALL + WRITE)):
                found += walk(page, "rounded", (State(chat, act, FOLD, wanted, screens),))
    return found


def opens_and_folds_the_chat(person: Person) -> None:
    message, key = person.page.get_by_label("Message", exact=True), person.page.locator("[data-chat]")
    for screen in SCREENS:
        person.page.set_viewport_size(screen)
        expect(message).to_be_hidden()
        key.click()
        expect(message).to_be_in_viewport()
        key.click()
        expect(message).to_be_hidden()


def leaves(person: Person, other: Person) -> None:
    person.page.goto("about:blank")
    other.sees("has lost the connection.")


def absences_in_a_chat(server: Server, customer: Customer, mechanic: Mechanic) -> list[str]:
    """Walk through what each reads while the other is away, until they may end the session."""
    session_id = customer.session_id
    leaves(mechanic, customer)
    found = walk_at_leisure(server, customer, "mechanic away", ALERT)
    pass_time(server, session_id, MINUTE)
    customer.sees("You can also end the session now")
    found += walk_at_leisure(
        server, customer, "mechanic away long", (*ALERT, *map(dialog, ("#end-dialog", "#substitute-dialog")))
    )
    mechanic.goes_to(session_id)
    customer.sees("was away too much")
    found += walk_at_leisure(server, customer, "mechanic back", ALERT)
    leaves(customer, mechanic)
    found += walk_at_leisure(server, mechanic, "customer away", ALERT)
    pass_time(server, session_id, 11 * MINUTE)
    mechanic.sees("You have waited long enough.")
    found += walk_at_leisure(server, mechanic, "customer away long", ALERT)
    customer.goes_to(session_id)
    mechanic.sees_no_more("You have waited long enough.").sees("was away for too long.")
    return found + walk_at_leisure(server, mechanic, "customer back", ALERT)


def near_the_end_of_a_chat(server: Server, customer: Customer, mechanic: Mechanic) -> list[str]:
    """Walk through the offer of more time, and through the wait for its payment."""
    pass_time(server, customer.session_id, 17 * MINUTE)
    customer.sees("Your time is almost up.")
    mechanic.sees("The time is almost up.")
    customer.page.set_viewport_size(PHONES[1])
    expect(customer.page.locator("#more-time-now").get_by_role("button")).to_be_in_viewport(ratio=1)
    found = walk_at_leisure(server, customer, "chat near the end", ALERT) + walk_at_leisure(
        server, mechanic, "chat near the end mechanic", ALERT
    )
    client = quietly.client(server, customer.who)
    address = f"/api/sessions/{customer.session_id}/extensions"
    client.post(address, json={"option": client.get(address).json()["offers"][0]["option"]}).raise_for_status()
    customer.sees("The payment is not complete yet.")
    return found + walk_at_leisure(server, customer, "chat to pay", (*ALERT, dialog("#extend-dialog")))


def test_a_call_from_the_waiting_room_to_its_end(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> None:
    people = customer, mechanic = a_customer(permissions=DEVICES), a_mechanic(permissions=DEVICES)
    for person in people:
        person.page.add_init_script(calls.KEEP_ALL)
    session_id = staging.joined(server, customer, mechanic, "video")
    for person in people:
        calls.is_connected(person)
    problems = walk(customer.page, "waiting customer") + walk(mechanic.page, "waiting mechanic")
    calls.begins_quietly(server, customer, mechanic, session_id)
    quietly.say(server, customer.who, session_id, CONCERN)
    opens_and_folds_the_chat(customer)
    with calls.as_arranged(*people):
        problems += walk_at_leisure(server, customer, "call customer", (*IN_CALL, *DIALOGS))
        problems += on_round_screens(customer.page)
        problems += walk_at_leisure(server, mechanic, "call mechanic", (*IN_CALL[:2], *DIALOGS))
        pass_time(server, session_id, 40.5 * MINUTE)
        for person, name, states in ((customer, "call customer", SAID_NEAR_THE_END), (mechanic, "call mechanic", ())):
            expect(person.page.locator("#more-time-now .banner")).to_be_attached()
            problems += walk_at_leisure(server, person, name, (*NEAR_THE_END, *states))
    quietly.act(server, customer.who, session_id, "end")
    for person, name in ((customer, "over customer"), (mechanic, "over mechanic")):
        problems += walk(sees_the_end(person).page, name)
    are_in_reach(problems)


def test_what_a_call_says_about_devices_and_lines(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, watch: Watch
) -> None:
    customer, mechanic = a_customer(permissions=DEVICES), a_mechanic(permissions=DEVICES)
    session_id = calls.call_of_checked(server, customer, mechanic)
    quietly.say(server, customer.who, session_id, CONCERN)
    with calls.as_arranged(customer, mechanic):
        problems = walk_at_leisure(server, customer, "call customer", banners())
        problems += walk_at_leisure(server, mechanic, "call mechanic", banners(*TO_A_MECHANIC))
    watch.allow("no way")
    mechanic.page.evaluate(NO_WAY)
    customer.sees("Sound and picture are interrupted. We are reconnecting.")
    pass_time(server, session_id, 10)
    for person, name in ((customer, "paused customer"), (mechanic, "paused mechanic")):
        person.sees(PAUSED_WITHOUT_MEDIA)
        with calls.as_arranged(customer, mechanic):
            problems += walk_at_leisure(server, person, name, INTERRUPTED)
    are_in_reach(problems)


def test_a_chat_session(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    session_id = staging.live(server, customer, mechanic)
    for number in range(8):
        customer.says(f"It rattles when cold, loudest at the front right wheel, for {number + 1} days now.")
    problems = walk_at_leisure(server, customer, "chat customer", (*TALK, *DIALOGS))
    problems += walk_at_leisure(server, mechanic, "chat mechanic", (*TALK, *DIALOGS))
    problems += absences_in_a_chat(server, customer, mechanic) + near_the_end_of_a_chat(server, customer, mechanic)
    quietly.act(server, mechanic.who, session_id, "end")
    problems += walk(sees_the_end(customer).page, "chat over customer")
    are_in_reach(problems)


def test_before_a_session(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> None:
    customer, mechanic = a_customer(permissions=DEVICES), a_mechanic(permissions=DEVICES)
    session_id, _ = quietly.draft(server, customer.who)
    problems = walk(customer.goes_to(session_id).page, "draft")
    quietly.act(server, customer.who, session_id, "cancel")
    session_id = quietly.request(server, customer.who, "video")
    problems += walk(customer.goes_to(session_id).page, "requested", (State(""), dialog("#cancel-dialog")))
    problems += walk(mechanic.goes_to(session_id).page, "offered")
    quietly.accept(server, mechanic.who, session_id)
    for person, name in ((customer, "accepted customer"), (mechanic, "accepted mechanic")):
        person.goes_to(session_id).sees("Play test tone")
        problems += walk(person.page, name, (State(""), dialog("#release-dialog")))
    for person in (customer, mechanic):  # a check that goes on would be refused
        expect(person.page.locator("[data-check=network]")).to_have_attribute("data-state", re.compile("passed|failed"))
    quietly.act(server, mechanic.who, session_id, "release")
    customer.sees("Your mechanic could not continue.")
    pass_time(server, session_id, 11 * MINUTE)
    customer.sees("Sorry, this is taking too long").sees("Still looking for a mechanic")
    calls.has_read_the_toasts(customer)
    problems += walk(customer.page, "given back")
    are_in_reach(problems)
