"""The landing page and the intake, as a browser sees them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import MechanicProfile, Notify, User
from autodoctor.booking import actions
from autodoctor.booking.actions import Intake
from autodoctor.booking.forms import NEW_VEHICLE
from autodoctor.booking.models import Plan, Vehicle
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import transitions as sessions
from autodoctor.sessions.models import Session
from autodoctor.sessions.rules import durations
from tests.kit.stripe_sandbox import RunningSandbox

ClientOf = Callable[[User], Client]
MakeIntake = Callable[..., Intake]

pytestmark = pytest.mark.django_db


def test_the_landing_page_shows_plans_and_prices_from_the_database(client: Client, mechanic: User) -> None:
    Plan.objects.filter(slug="chat").update(price_cents=1111)
    Plan.objects.filter(slug="video").update(bookable=False)
    page = client.get("/").content.decode()
    assert "$11.11" in page
    assert "1 mechanic is taking sessions now" in page
    assert '/book/?plan=chat"' in page
    assert "Opens soon" in page
    assert "/book/?plan=video" not in page


def test_the_landing_page_offers_a_notification_when_no_mechanic_takes_sessions(client: Client, mechanic: User) -> None:
    MechanicProfile.objects.update(taking_sessions=False)
    assert "Notify me" in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("typed", "says"), [("nora@exampel", "is not an email address"), (f"{'n' * 250}@example.org", "at most 254")]
)
def test_an_address_that_cannot_wait_for_a_mechanic_is_refused_in_words_and_given_back(
    client: Client, typed: str, says: str
) -> None:
    answer = client.post("/tell-me-when/", {"email": typed})
    assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert f'value="{typed}"' in answer.content.decode()
    assert not Notify.objects.exists()


def test_the_landing_page_links_to_the_open_session(
    customer: User, stranger: User, client_of: ClientOf, intake: MakeIntake
) -> None:
    session = actions.book(customer=customer, intake=intake(), another=False, now=timezone.now())
    assert f"/sessions/{session.id}/" in client_of(customer).get("/").content.decode()
    assert f"/sessions/{session.id}/" not in client_of(stranger).get("/").content.decode()


def test_booking_leads_to_checkout(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    answer = client_of(customer).post("/book/", filled_in)
    payment = Payment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, payment.checkout_url)
    session = Session.objects.get(customer=customer)
    assert payment.owner_id == session.id
    assert str(session.intake_token) == filled_in["token"]
    assert payment.checkout_request["success_url"] == f"http://testserver/sessions/{session.id}/?checkout=success"


def test_a_price_sent_by_the_browser_is_ignored(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    ours = {"price_cents": "1", "amount_cents": "1", "seconds": "9999", "currency": "jpy", "duration": "9:00"}
    client_of(customer).post("/book/", filled_in | ours)
    payment = Payment.objects.get()
    assert (payment.amount_cents, payment.currency, payment.seconds) == (999, "usd", 1800)


def test_a_double_click_on_the_booking_form_makes_one_booking(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    browser = client_of(customer)
    first, second = browser.post("/book/", filled_in), browser.post("/book/", filled_in)
    assert first["Location"] == second["Location"]
    assert Session.objects.count() == 1


def test_the_number_of_checkouts_is_limited_and_the_typed_intake_stays(
    customer: User,
    client_of: ClientOf,
    filled_in: dict[str, str],
    stripe_sandbox: RunningSandbox,
    settings: Settings,
) -> None:
    settings.LIMITS = {"checkouts": [3, 3600]}

    def book(_number: int) -> Any:
        return client_of(customer).post("/book/", filled_in | {"token": str(uuid4()), "another": "yes"})

    answers = [book(number) for number in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 3 + [429] * 3
    assert Payment.objects.exclude(checkout_id="").count() == Session.objects.count() == 3
    session = Session.objects.first()
    assert session
    again = client_of(customer).post(f"/sessions/{session.id}/checkout/")
    for refused in (answers[-1], again):
        assert (refused.status_code, 1 <= int(refused["Retry-After"]) <= 3600) == (429, True)
    page = answers[-1].content.decode()
    assert "You opened many payment pages. Nothing more was charged or held." in page
    assert "The dash lights go dim." in page


def test_the_same_intake_sent_from_two_tabs_makes_one_booking(client: Client) -> None:
    one, other = client.get("/book/"), client.get("/book/?plan=chat")
    assert one.context["form"]["token"].value() == other.context["form"]["token"].value()


def test_the_intake_is_still_filled_in_on_the_way_back_from_checkout(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    browser = client_of(customer)
    browser.post("/book/", filled_in)
    page = browser.get("/book/")
    assert "not paid yet" in page.content.decode()
    assert page.context["form"]["concern"].value() == Session.objects.get().concern
    assert not page.context["form"]["waiver"].value()


def test_the_intake_form_is_empty_after_a_booking(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    browser = client_of(customer)
    browser.post("/book/", filled_in)
    sessions.admit_request(session_id=Session.objects.get().id, now=timezone.now())
    form = browser.get("/book/").context["form"]
    assert form["token"].value() != filled_in["token"]
    assert not form["concern"].value()
    assert form["vehicle"].value() == Vehicle.objects.get().pk


def test_an_intake_with_an_error_keeps_every_typed_field(
    customer: User, client_of: ClientOf, filled_in: dict[str, str]
) -> None:
    browser = client_of(customer)
    answer = browser.post("/book/", filled_in | {"waiver": ""})
    assert answer.status_code == 422
    assert "It clicks and does not start." in answer.content.decode()
    assert "It clicks and does not start." in browser.get("/book/").content.decode()
    assert not Session.objects.exists()


def test_a_customer_in_an_unsafe_place_gets_advice_instead_of_a_booking(
    client: Client, filled_in: dict[str, str]
) -> None:
    answer = client.post("/book/", filled_in | {"safe": "no"})
    assert answer.status_code == 422
    assert "Get to a safe place first" in answer.content.decode()
    assert "It clicks and does not start." in answer.content.decode()


def test_a_plan_that_is_not_open_is_refused(customer: User, client_of: ClientOf, filled_in: dict[str, str]) -> None:
    Plan.objects.filter(slug="video").update(bookable=False)
    answer = client_of(customer).post("/book/", filled_in | {"plan": "video"})
    assert answer.status_code == 422
    assert "Standard Video is not available yet" in answer.content.decode()
    assert not Session.objects.exists()


def test_asking_for_a_closed_plan_shows_the_plans_that_are_open(client: Client) -> None:
    Plan.objects.filter(slug="video").update(bookable=False)
    assert client.get("/book/?plan=video").context["form"]["plan"].value() == "chat"


def test_a_signed_out_visitors_intake_is_kept_until_the_sign_in(
    client: Client, customer: User, filled_in: dict[str, str]
) -> None:
    answer = client.post("/book/", filled_in | {"keep_card": "on"})
    assert (answer.status_code, answer["Location"]) == (303, "/sign-up/?next=%2Fbook%2F")
    assert not Session.objects.exists()
    client.force_login(customer)
    back = client.get("/book/")
    form = back.context["form"]
    # A browser sends line breaks as it likes; the page shows them as they came.
    shown = {name: str(form[name].value() or "") for name in filled_in}
    assert shown == filled_in
    assert form["keep_card"].value() == "on"
    assert "We kept everything that you entered" in back.content.decode()


def test_booking_beside_an_open_session_shows_a_warning(
    customer: User,
    client_of: ClientOf,
    filled_in: dict[str, str],
    intake: MakeIntake,
    stripe_sandbox: RunningSandbox,
) -> None:
    actions.book(customer=customer, intake=intake(), another=False, now=timezone.now())
    browser = client_of(customer)
    answer = browser.post("/book/", filled_in)
    assert answer.status_code == 409
    assert "Book a second session" in answer.content.decode()
    assert Session.objects.count() == 1
    assert browser.post("/book/", filled_in | {"another": "yes"}).status_code == 303
    assert Session.objects.count() == 2


def test_a_booking_while_stripe_is_down_stays_a_draft(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], payments_down: None
) -> None:
    browser = client_of(customer)
    answer = browser.post("/book/", filled_in)
    session = Session.objects.get()
    assert answer["Location"] == f"/sessions/{session.id}/"
    assert "payment service is not responding" in browser.get("/").content.decode()


def test_a_draft_can_be_paid_later(
    customer: User, client_of: ClientOf, intake: MakeIntake, stripe_sandbox: RunningSandbox
) -> None:
    session = actions.book(customer=customer, intake=intake(), another=False, now=timezone.now())
    answer = client_of(customer).post(f"/sessions/{session.id}/checkout/")
    assert (answer.status_code, answer["Location"]) == (303, Payment.objects.get().checkout_url)


def test_only_the_customer_can_pay_a_draft(
    customer: User, stranger: User, mechanic: User, support: User, client_of: ClientOf, intake: MakeIntake
) -> None:
    session = actions.book(customer=customer, intake=intake(), another=False, now=timezone.now())
    for person in (stranger, mechanic, support):
        assert client_of(person).post(f"/sessions/{session.id}/checkout/").status_code == 404
    assert client_of(customer).post(f"/sessions/{uuid4()}/checkout/").status_code == 404
    assert Client().post(f"/sessions/{session.id}/checkout/")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("vin", "said"),
    [
        ("", "17 characters"),
        ("1hgcm826 33a-004352", "2003 Honda"),
        ("1FTFW1ET5DFC10312", "or of 1983"),
        ("1FTFW1ET5DFC1031O", "never contains I, O or Q"),
        ("1FTFW1ET5DFC103120", "You entered 18 characters"),
        ("<script>alert(1)</script>", "You entered 25 characters"),
    ],
)
def test_the_intake_form_decodes_a_vin_while_it_is_typed(client: Client, vin: str, said: str) -> None:
    shown = " ".join(client.get("/book/vin/", {"vin": vin}).content.decode().split())
    assert said in shown
    assert "<script>" not in shown


def test_the_intake_explains_trouble_codes_while_they_are_typed(client: Client) -> None:
    shown = client.get("/book/trouble-codes/", {"trouble_codes": "p0301 P1234 <script>"}).content.decode()
    for words in ("P0301", "Misfire in cylinder 1", "Stop driving", "swap the coil", "P1234", "do not know how urgent"):
        assert words in shown
    assert "<script>" not in shown
    assert "A code of the car&#x27;s maker" in shown
    assert 'class="code ' not in client.get("/book/trouble-codes/").content.decode()


def test_trouble_codes_survive_an_error_elsewhere_and_the_way_back_from_checkout(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    browser = client_of(customer)
    filled_in |= {"trouble_codes": "P0420, soon"}
    refused = browser.post("/book/", filled_in | {"waiver": ""}).content.decode()
    assert ">\nP0420, soon</textarea>" in refused
    assert "Catalytic converter cleans too little" in refused
    assert browser.post("/book/", filled_in).status_code == 303
    assert ">\nP0420, soon</textarea>" in browser.get("/book/").content.decode()


def test_trouble_codes_survive_signing_up(client: Client, filled_in: dict[str, str]) -> None:
    client.post("/book/", filled_in | {"trouble_codes": "P0420"})
    assert ">\nP0420</textarea>" in client.get("/book/").content.decode()


def test_the_charge_shown_in_the_intake_is_that_of_the_chosen_plan(client: Client) -> None:
    Plan.objects.filter(slug="diagnostic").update(bookable=False)
    assert "$29.99" in client.get("/book/charge/?plan=video").content.decode()
    assert client.get("/book/charge/?plan=diagnostic").status_code == 404


@pytest.mark.parametrize(("seconds", "words"), [(30, "30 seconds"), (60, "1 minute"), (90, "1 min 30 s")])
def test_pages_promise_the_waiting_times_that_count(
    client: Client,
    customer: User,
    client_of: ClientOf,
    intake: MakeIntake,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    words: str,
) -> None:
    for name in ("mechanic_time_spent", "unattended", "never_started", "customer_no_show", "lenient_pause"):
        monkeypatch.setitem(durations._changed, name, seconds)
    session = actions.book(customer=customer, intake=intake(), another=False, now=timezone.now())
    room = client_of(customer).get(f"/sessions/{session.id}/").content.decode()
    assert f"until a mechanic has worked for you for {words}." in room
    charge = " ".join(client.get("/book/charge/?plan=video").content.decode().split()).replace(" <", "<")
    assert f"No mechanic accepts within {words}, or the session has not begun after {words}<" in charge
    assert f"before a mechanic has been in the room for {words}<" in charge
    assert f"or do not come within {words}<" in charge
    assert f"pauses for up to {words} while you are away" in client.get("/").content.decode()
    assert f"If no mechanic accepts within {words}, we release" in " ".join(
        client_of(customer).get("/book/").content.decode().split()
    )


def test_markup_typed_into_the_intake_is_shown_as_text(client: Client, filled_in: dict[str, str]) -> None:
    hostile = "</textarea><script>alert(1)</script>"
    page = client.post("/book/", filled_in | {"concern": hostile, "make": hostile, "waiver": ""}).content.decode()
    assert "<script>alert" not in page


def test_the_intake_offers_the_customers_stored_vehicles(
    customer: User, client_of: ClientOf, vehicle: Vehicle, now: datetime
) -> None:
    page = client_of(customer).get("/book/").content.decode()
    assert "2009 Volkswagen Golf" in page
    assert "Another vehicle" in page


def test_a_car_removed_while_its_owner_asks_about_it_is_named_in_words(
    customer: User, client_of: ClientOf, vehicle: Vehicle, filled_in: dict[str, str]
) -> None:
    client, removed = client_of(customer), str(vehicle.pk)
    vehicle.delete()
    described = {"vin": "", "year": "", "make": "", "model": ""}
    answer = client.post("/book/", {**filled_in, **described, "vehicle": removed})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"vehicle"}  # the fields of another car are hidden
    assert "This car is not in your garage any more" in answer.content.decode()
    assert removed not in "".join(answer.context["form"].errors["vehicle"])


def test_the_intake_begins_with_a_car_that_is_there_after_the_chosen_one_was_removed(
    customer: User, client_of: ClientOf, vehicle: Vehicle, filled_in: dict[str, str], now: datetime
) -> None:
    client, removed = client_of(customer), str(vehicle.pk)
    client.post("/book/", {**filled_in, "vehicle": removed, "concern": "short"})
    vehicle.delete()
    other = Vehicle.objects.create(owner=customer, year=1999, make="Saab", model="9-5", used_at=now)
    form = client.get("/book/").context["form"]
    assert form["vehicle"].value() == other.pk
    other.delete()
    assert client.get("/book/").context["form"]["vehicle"].value() == NEW_VEHICLE
