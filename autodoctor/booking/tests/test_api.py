"""Booking over the API: the same rules as the page."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.booking.tests.intakes import send
from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import fit
from tests.kit.stripe_sandbox import RunningSandbox

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def test_an_intake_becomes_a_draft_to_pay(
    customer: User, client_of: ClientOf, body: dict[str, Any], stripe_sandbox: RunningSandbox
) -> None:
    answer = send(client_of(customer), body)
    assert answer.status_code == 201
    session = Session.objects.get(customer=customer)
    assert answer.json()["session"]["id"] == str(session.id)
    assert answer.json()["session"]["state"] == "draft"
    assert answer.json()["checkout_url"] == Payment.objects.get().checkout_url
    assert send(client_of(customer), body).json() == answer.json()


def test_a_vin_alone_says_which_make_the_mechanic_should_know(
    customer: User, client_of: ClientOf, body: dict[str, Any], stripe_sandbox: RunningSandbox
) -> None:
    send(client_of(customer), body | {"vehicle": {"vin": "1HGCM82633A004352"}, "codes": "C0035"})
    assert fit.needed_skills(Session.objects.get()) == ["Honda", "brakes and ABS"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"safe": False}, "safe"),
        ({"waiver": False}, "waiver"),
        ({"plan": "gold"}, "plan"),
        ({"concern": "short"}, "concern"),
        ({"concern": "It clicks \0 and does not start."}, "concern"),
        ({"concern": "It clicks \ud800 and does not start."}, "concern"),
        ({"vehicle": {}}, "year"),
        ({"vehicle": {"vin": "123"}}, "vin"),
        ({"vehicle": {"year": 10**30, "make": "Ford", "model": "T"}}, "year"),
        ({"token": "x"}, "token"),
        ({"codes": "P0301 " * 100}, "codes"),
        ({"codes": ["P0301"] * 100}, "codes"),
        ({"codes": [301]}, "codes"),
    ],
)
def test_the_api_names_the_field_of_an_invalid_intake(
    customer: User, client_of: ClientOf, body: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    answer = send(client_of(customer), body | change)
    assert answer.status_code == 422
    assert set(answer.json()) == {"error", "detail", "fields"}
    assert field in answer.json()["fields"]
    assert not Session.objects.exists()


def test_trouble_codes_are_taken_as_a_list_too(
    customer: User, client_of: ClientOf, body: dict[str, Any], stripe_sandbox: RunningSandbox
) -> None:
    codes = ["P0301", "U0100-00"]
    assert send(client_of(customer), body | {"codes": codes}).json()["session"]["codes"] == codes
    assert send(client_of(customer), body | {"codes": [], "another": True}).json()["session"]["codes"] == []


def test_trouble_codes_of_the_intake_stand_in_the_session(
    customer: User, client_of: ClientOf, body: dict[str, Any], stripe_sandbox: RunningSandbox
) -> None:
    answer = send(client_of(customer), body | {"codes": "p0301 when cold, U0100-00"})
    assert answer.json()["session"]["codes"] == ["P0301", "U0100-00"]
    session = Session.objects.get()
    assert (session.trouble_codes_typed, session.trouble_codes) == ("p0301 when cold, U0100-00", ["P0301", "U0100-00"])
    again = client_of(customer).get(f"/api/sessions/{session.id}").json()
    assert again["codes"] == ["P0301", "U0100-00"]


def test_the_api_refuses_a_second_booking_unless_the_customer_insists(
    customer: User, client_of: ClientOf, body: dict[str, Any], stripe_sandbox: RunningSandbox
) -> None:
    browser = client_of(customer)
    first = send(browser, body).json()["session"]["id"]
    refused = send(browser, body | {"token": str(uuid4())})
    assert (refused.status_code, refused.json()["session"]["id"]) == (409, first)
    assert send(browser, body | {"token": str(uuid4()), "another": True}).status_code == 201


def test_the_booking_api_answers_503_and_keeps_the_draft_while_stripe_is_down(
    customer: User, client_of: ClientOf, body: dict[str, Any], payments_down: None
) -> None:
    answer = send(client_of(customer), body)
    assert (answer.status_code, answer.json()["error"]) == (503, "payment_unavailable")
    assert Session.objects.get().state == "draft"


def test_the_booking_api_refuses_a_signed_out_visitor(client: Client, body: dict[str, Any]) -> None:
    assert send(client, body).status_code == 401
