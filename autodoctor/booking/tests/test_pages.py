"""The landing page and the intake, as a browser sees them."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import MechanicProfile, Notify, User
from autodoctor.booking import actions
from autodoctor.booking.actions import Intake
from autodoctor.booking.models import Booking, Plan, Vehicle
from autodoctor.legal.pages import TERMS
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import transitions as sessions
from autodoctor.sessions.models import Session
from tests.kit.stripe_sandbox import RunningSandbox

ClientOf = Callable[[User], Client]
MakeIntake = Callable[..., Intake]

pytestmark = pytest.mark.django_db


def test_the_landing_shows_the_rows(client: Client, mechanic: User) -> None:
    Plan.objects.filter(slug="chat").update(price_cents=1111)
    Plan.objects.filter(slug="video").update(bookable=False)
    page = client.get("/").content.decode()
    assert "$11.11" in page
    assert "1 mechanic is taking sessions now" in page
    assert '/book/?plan=chat"' in page
    assert "Opens soon" in page
    assert "/book/?plan=video" not in page


def test_nobody_there_offers_to_write(client: Client, mechanic: User) -> None:
    MechanicProfile.objects.update(taking_sessions=False)
    assert "Notify me" in client.get("/").content.decode()
    client.post("/tell-me-when/", {"email": "Waiting@Example.com"})
    assert Notify.objects.get().email == "waiting@example.com"


def test_a_wrong_address_is_said(client: Client) -> None:
    answer = client.post("/tell-me-when/", {"email": "nobody"}, follow=True)
    assert "is not an email address" in answer.content.decode()
    assert not Notify.objects.exists()


def test_the_landing_leads_to_the_open_session(
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
    assert payment.checkout_request["success_url"] == f"http://testserver/sessions/{session.id}/?checkout=success"


def test_a_price_from_the_browser_is_nothing(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    ours = {"price_cents": "1", "amount_cents": "1", "seconds": "9999", "currency": "jpy", "duration": "9:00"}
    client_of(customer).post("/book/", filled_in | ours)
    payment = Payment.objects.get()
    assert (payment.amount_cents, payment.currency, payment.seconds) == (999, "usd", 1800)


def test_a_double_click_is_one_booking(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    browser = client_of(customer)
    first, second = browser.post("/book/", filled_in), browser.post("/book/", filled_in)
    assert first["Location"] == second["Location"]
    assert Session.objects.count() == 1


def test_two_tabs_of_the_form_are_one_intake(client: Client) -> None:
    one, other = client.get("/book/"), client.get("/book/?plan=chat")
    assert one.context["form"]["token"].value() == other.context["form"]["token"].value()


def test_back_from_checkout_the_words_are_still_there(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    browser = client_of(customer)
    browser.post("/book/", filled_in)
    page = browser.get("/book/")
    assert "not paid yet" in page.content.decode()
    assert page.context["form"]["concern"].value() == Session.objects.get().concern
    assert not page.context["form"]["waiver"].value()


def test_after_booking_the_form_is_a_new_one(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], stripe_sandbox: RunningSandbox
) -> None:
    browser = client_of(customer)
    browser.post("/book/", filled_in)
    sessions.admit_request(session_id=Session.objects.get().id, now=timezone.now())
    form = browser.get("/book/").context["form"]
    assert form["token"].value() != filled_in["token"]
    assert not form["concern"].value()
    assert form["vehicle"].value() == Vehicle.objects.get().pk


def test_an_error_loses_nothing(customer: User, client_of: ClientOf, filled_in: dict[str, str]) -> None:
    browser = client_of(customer)
    answer = browser.post("/book/", filled_in | {"waiver": ""})
    assert answer.status_code == 422
    assert "It clicks and does not start." in answer.content.decode()
    assert "It clicks and does not start." in browser.get("/book/").content.decode()
    assert not Session.objects.exists()


def test_not_safe_is_answered_with_advice(client: Client, filled_in: dict[str, str]) -> None:
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


def test_asking_for_a_plan_that_is_not_open_shows_the_ones_that_are(client: Client) -> None:
    Plan.objects.filter(slug="video").update(bookable=False)
    assert client.get("/book/?plan=video").context["form"]["plan"].value() == "chat"


def test_signed_out_everything_waits_for_the_signing_in(
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


def test_a_second_session_is_warned_of(
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


def test_without_the_payment_service_the_draft_waits(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], payments_down: None
) -> None:
    browser = client_of(customer)
    answer = browser.post("/book/", filled_in)
    session = Session.objects.get()
    assert answer["Location"] == f"/sessions/{session.id}/"
    assert "payment service is not responding" in browser.get("/").content.decode()


def test_paying_a_draft_later(
    customer: User, client_of: ClientOf, intake: MakeIntake, stripe_sandbox: RunningSandbox
) -> None:
    session = actions.book(customer=customer, intake=intake(), another=False, now=timezone.now())
    answer = client_of(customer).post(f"/sessions/{session.id}/checkout/")
    assert (answer.status_code, answer["Location"]) == (303, Payment.objects.get().checkout_url)


def test_only_the_customer_pays(
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
def test_the_vin_is_read_while_it_is_typed(client: Client, vin: str, said: str) -> None:
    shown = " ".join(client.get("/book/vin/", {"vin": vin}).content.decode().split())
    assert said in shown
    assert "<script>" not in shown


def test_the_charge_follows_the_plan(client: Client) -> None:
    Plan.objects.filter(slug="diagnostic").update(bookable=False)
    assert "$29.99" in client.get("/book/charge/?plan=video").content.decode()
    assert client.get("/book/charge/?plan=diagnostic").status_code == 404


def test_typed_markup_is_inert_on_the_page(client: Client, filled_in: dict[str, str]) -> None:
    hostile = "</textarea><script>alert(1)</script>"
    page = client.post("/book/", filled_in | {"concern": hostile, "make": hostile, "waiver": ""}).content.decode()
    assert "<script>alert" not in page


def test_a_kept_vehicle_is_offered(customer: User, client_of: ClientOf, vehicle: Vehicle, now: datetime) -> None:
    page = client_of(customer).get("/book/").content.decode()
    assert "2009 Volkswagen Golf" in page
    assert "Another vehicle" in page


def test_the_form_leads_to_the_terms_and_keeps_which_ones_were_agreed_to(
    customer: User, client_of: ClientOf, filled_in: dict[str, str]
) -> None:
    browser = client_of(customer)
    page = browser.get("/book/").content.decode()
    for slug in ("terms", "cancellation", "privacy"):
        assert f'href="/legal/{slug}/"' in page.split("<form")[-1]
    assert f'name="terms" value="{TERMS.version}"' in page
    browser.post("/book/", filled_in | {"terms": TERMS.version})
    booking = Booking.objects.get()
    assert booking.terms_version == TERMS.version
    assert booking.agreed_at is not None


def test_terms_that_changed_meanwhile_are_shown_again(
    customer: User, client_of: ClientOf, filled_in: dict[str, str]
) -> None:
    answer = client_of(customer).post("/book/", filled_in | {"terms": "2020-01-01"})
    page = answer.content.decode()
    assert "Our terms have changed meanwhile" in page
    assert f'name="terms" value="{TERMS.version}"' in page
    assert filled_in["concern"].splitlines()[1] in page
    assert not Session.objects.exists()
