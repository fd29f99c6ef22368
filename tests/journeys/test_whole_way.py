"""Journeys from the intake to the summary, one per plan with a call. The chat has its own journey."""

import re
from collections.abc import Callable

import pytest

from tests.journeys import calls
from tests.journeys.calls import DEVICES, STEADY, hears_the_tone, is_connected, see_moving_pictures
from tests.journeys.conftest import DESKTOP
from tests.journeys.people import Customer, Mechanic, Person
from tests.journeys.test_summary import TEXTS, Desk


def checks_the_devices(person: Person) -> None:
    for name in ("camera", "microphone", "network"):
        calls.check(person, name, "passed")
    hears_the_tone(person)
    person.joins()


@pytest.mark.parametrize(
    ("plan", "price", "earned"), [("video", "$29.99", "$20.99"), ("diagnostic", "$49.99", "$34.99")]
)
def test_a_call_goes_from_the_intake_to_the_summary(
    a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic], plan: str, price: str, earned: str
) -> None:
    customer, mechanic = a_customer(permissions=DEVICES), a_mechanic(permissions=DEVICES, viewport=DESKTOP)
    for person in (customer, mechanic):
        person.page.add_init_script(STEADY)
    customer.books(plan)
    mechanic.waits_for_requests().accepts(customer.session_id)
    customer.sees("has accepted")
    for person in (customer, mechanic):
        checks_the_devices(person)
    for person in (customer, mechanic):
        is_connected(person)
    mechanic.starts()
    for person in (customer, mechanic):
        person.is_live()
    see_moving_pictures(customer, mechanic)
    session_id = customer.session_id
    customer.ends().is_shown_the_end().sees(price)
    desk = Desk(mechanic.is_shown_the_end().sees(earned).comes_to_the_summary(), session_id)
    customer.comes_to_the_dashboard()
    customer.sees(re.compile(rf"{re.escape(price)} (charged|held)"))
    desk.writes().says_how_safe_it_is().sends()
    mechanic.sees("was sent to the customer")
    customer.page.goto(desk.address)
    customer.sees("Drive with care").sees(TEXTS["Findings"])
