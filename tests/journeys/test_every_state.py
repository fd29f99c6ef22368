"""The session page in every state, for both roles, with its dialogs and the dashboards."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.journeys import quietly
from tests.journeys.conftest import PHONE
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Person, Server, running
from tests.kit.time_travel import pass_time
from tests.kit.waiting import until

MINUTE = 60
OpenPage = Callable[..., Page]
TALK = (
    ("customer", "Hello! It clicks once and the lights go nearly out."),
    ("mechanic", "Hi Casey. Then it is short of power, not a starter. Open the hood: any white crust on the clamps?"),
    ("customer", "Lots, on the minus side"),
    ("mechanic", "Good, we can fix that here. How to clean it: https://example.com/battery-clamps"),
    ("mechanic", "Gloves first. Take the minus clamp off before the plus one."),
    ("customer", "Done. Turning the key now … it starts!"),
)


@pytest.fixture(scope="module")
def stage() -> Iterator[Server]:
    """A separate server, so that the lists show these people only."""
    with running() as server:
        yield server


@pytest.fixture
def casey(stage: Server, browser_of: OpenPage) -> Customer:
    return Customer(browser_of("customer@example.com", server=stage), stage.sign_in("customer@example.com"))


@pytest.fixture
def morgan(stage: Server, browser_of: OpenPage) -> Mechanic:
    return Mechanic(browser_of("mechanic@example.com", server=stage), stage.sign_in("mechanic@example.com"))


@pytest.fixture
def support(stage: Server, browser_of: OpenPage) -> Page:
    return browser_of("support@example.com", server=stage)


def with_dialog(person: Customer | Mechanic, button: str, name: str) -> None:
    person.page.set_viewport_size(PHONE)
    person.button(button).first.click()
    inspect(person.page, name)
    person.page.keyboard.press("Escape")


def look(person: Customer | Mechanic, name: str, path: str | None = None) -> None:
    if path:
        person.page.goto(path)
    inspect(person.page, name)


def test_every_state_of_a_session_that_takes_place_looks_right(
    stage: Server, casey: Customer, morgan: Mechanic, support: Page
) -> None:
    session_id = quietly.request(stage, casey.who)
    while_nobody_has_it(casey, morgan, session_id)
    quietly.accept(stage, morgan.who, session_id)
    until_both_are_in(casey, morgan, session_id)
    while_they_talk(casey, morgan)
    for name, path in {"live-support": f"/sessions/{session_id}/", "support-board": "/support/"}.items():
        support.goto(path)
        inspect(support, name)
    pass_time(stage, session_id, 25 * MINUTE)
    casey.sees("5 minutes left")
    look(casey, "live-customer-warned")
    when_the_mechanic_drops(stage, casey, morgan, session_id)
    when_the_customer_drops(casey, morgan, session_id)
    quietly.act(stage, morgan.who, session_id, "end")
    once_it_is_over(casey, morgan, session_id)


def while_nobody_has_it(casey: Customer, morgan: Mechanic, session_id: str) -> None:
    room = f"/sessions/{session_id}/"
    look(casey, "requested-customer", room)
    with_dialog(casey, "Cancel request", "requested-stop")
    look(casey, "dashboard-customer-requested", "/dashboard/")
    look(casey, "intake-second-session", "/book/")
    look(morgan, "queue", "/dashboard/")
    look(morgan, "requested-mechanic", room)


def until_both_are_in(casey: Customer, morgan: Mechanic, session_id: str) -> None:
    casey.goes_to(session_id).sees("has accepted")
    morgan.goes_to(session_id)
    look(casey, "accepted-customer")
    look(morgan, "accepted-mechanic")
    with_dialog(casey, "Another mechanic", "accepted-another")
    with_dialog(morgan, "Give request back", "accepted-give-back")
    casey.joins()
    look(casey, "accepted-customer-in")
    morgan.joins()
    casey.sees("You are both here")
    look(casey, "waiting-customer")
    look(morgan, "waiting-mechanic")
    with_dialog(morgan, "Start Session", "waiting-start")


def while_they_talk(casey: Customer, morgan: Mechanic) -> None:
    morgan.page.set_viewport_size(PHONE)
    morgan.starts()
    look(casey.is_live(), "live-customer-silent")
    sides = {"customer": casey, "mechanic": morgan}
    for side, text in TALK:
        sides[side].says(text)
    casey.reads(TALK[4][1])
    look(casey, "live-customer")
    look(morgan, "live-mechanic")
    with_dialog(casey, "End Session", "live-end-customer")
    with_dialog(morgan, "End Session", "live-end-mechanic")
    with_dialog(morgan, "The car", "live-about")


def when_the_mechanic_drops(stage: Server, casey: Customer, morgan: Mechanic, session_id: str) -> None:
    look(morgan, "dashboard-mechanic-live", "/dashboard/")
    casey.sees("has lost the connection.")
    look(casey, "reconnecting-customer")
    pass_time(stage, session_id, MINUTE)
    casey.sees("end the session now and pay only")
    look(casey, "reconnecting-customer-offer")
    morgan.goes_to(session_id).is_live()
    casey.sees_no_more("has lost the connection.")


def when_the_customer_drops(casey: Customer, morgan: Mechanic, session_id: str) -> None:
    casey.page.goto("/dashboard/")
    morgan.sees("has lost the connection.")
    look(casey, "dashboard-customer-live")
    look(morgan, "reconnecting-mechanic")
    casey.goes_to(session_id).is_live()
    morgan.sees_no_more("has lost the connection.")


def once_it_is_over(casey: Customer, morgan: Mechanic, session_id: str) -> None:
    room = f"/sessions/{session_id}/"
    morgan.is_shown_the_end().button("Stay here").click()
    look(casey.is_shown_the_end(), "completed-customer-asked")
    look(morgan, "completed-mechanic-asked", room)
    look(casey, "dashboard-customer-asked", "/dashboard/")
    casey.goes_to(session_id).button(re.compile("^Yes, solved")).click()
    casey.sees("Charged")
    look(casey, "completed-customer")
    look(morgan, "completed-mechanic", room)
    look(casey, "transcript", f"{room}transcript/")
    look(casey, "dashboard-customer", "/dashboard/")
    look(morgan, "dashboard-mechanic", "/dashboard/")


def test_every_state_of_sessions_that_do_not_take_place_looks_right(
    stage: Server, browser_of: OpenPage, morgan: Mechanic
) -> None:
    who = stage.sign_in("customer2@example.com")
    robin = Customer(browser_of("customer2@example.com", server=stage), who)
    session_id, checkout_url = quietly.draft(stage, who)
    look(robin, "draft", f"/sessions/{session_id}/")
    with_dialog(robin, "Discard this booking", "draft-discard")
    look(robin, "dashboard-customer-draft", "/dashboard/")
    look(robin, "intake-unpaid", "/book/")
    robin.page.goto(checkout_url)
    robin.button("Decline").click()
    robin.page.get_by_role("alert").wait_for()
    room = f"/sessions/{session_id}/"
    until(lambda: "did not go through" in robin.page.request.get(room).text())
    look(robin, "draft-declined", room)
    quietly.act(stage, who, session_id, "cancel")
    look(robin, "cancelled-draft", f"/sessions/{session_id}/")

    session_id = quietly.request(stage, who)
    pass_time(stage, session_id, 10 * MINUTE)
    robin.goes_to(session_id).sees("is taking too long")
    look(robin, "requested-customer-long")
    pass_time(stage, session_id, 10 * MINUTE)
    robin.is_shown_the_end()
    look(robin, "expired-unattended")

    given_back(stage, robin, morgan)
    called_off_late(stage, robin, morgan)
    look(robin, "dashboard-customer-history", "/dashboard/")


def given_back(stage: Server, robin: Customer, morgan: Mechanic) -> None:
    session_id = quietly.request(stage, robin.who)
    robin.goes_to(session_id)
    quietly.accept(stage, morgan.who, session_id)
    morgan.goes_to(session_id).button("Give request back").click()
    morgan.confirms("Give request back").sees(re.compile("goes to another mechanic"))
    look(morgan, "requested-mechanic-gave-back")
    robin.sees("could not continue")
    look(robin, "requested-customer-released")
    quietly.act(stage, robin.who, session_id, "cancel")
    robin.is_shown_the_end()
    look(robin, "cancelled")


def called_off_late(stage: Server, robin: Customer, morgan: Mechanic) -> None:
    session_id = quietly.request(stage, robin.who)
    quietly.accept(stage, morgan.who, session_id)
    morgan.goes_to(session_id).joins()
    morgan.sees("You are in")
    pass_time(stage, session_id, 2 * MINUTE)
    robin.goes_to(session_id).button("Cancel (costs $4.99)").click()
    look(robin, "accepted-stop-costs")
    robin.confirms("Cancel and pay $4.99").is_shown_the_end().sees("Charged")
    look(robin, "cancelled-late")
    morgan.is_shown_the_end()
    look(morgan, "cancelled-late-mechanic")


def test_the_end_of_a_session_whose_customer_does_not_come_looks_right(
    stage: Server, casey: Customer, morgan: Mechanic
) -> None:
    who: Person = casey.who
    session_id = quietly.request(stage, who)
    quietly.accept(stage, morgan.who, session_id)
    morgan.goes_to(session_id).joins()
    pass_time(stage, session_id, 10 * MINUTE)
    morgan.is_shown_the_end().sees("The customer did not join")
    look(morgan, "expired-no-show-mechanic")
    look(casey, "expired-no-show", f"/sessions/{session_id}/")
