"""Money moves, and people are refused, only for somebody who has given a password or a code a short while ago."""

import re
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.booking.models import Plan
from autodoctor.payments.models import Refund
from autodoctor.sessions.lifecycle import refunds
from autodoctor.sessions.tests.story import Story
from tests.kit.authenticator_app import code_of
from tests.kit.proof import change_session, let_proof_age

pytestmark = pytest.mark.django_db
PASSWORD = "demo"
CONFIRM = "/account/reauthenticate/"


@pytest.fixture
def desk(desk: Client) -> Client:
    """Support's browser, in which the password was typed an hour ago."""
    cache.clear()
    let_proof_age(desk)
    return desk


def page_of(story: Story) -> str:
    return f"/support/sessions/{story.id}/"


def refund(desk: Client, story: Story, **changes: Any) -> Any:
    form = {
        "token": str(uuid4()),
        "payment": str(story.payment.id),
        "amount": "4.50",
        "borne_by": "platform",
        "reason": "The picture froze & stayed\nso",
        "sure": "on",
        **changes,
    }
    headers = {"Referer": f"http://testserver{page_of(story)}?show=money"}
    return desk.post(f"{page_of(story)}refund/", form, headers=headers)


def confirm(desk: Client, asked: Any, password: str = PASSWORD) -> Any:
    """Type the password on the page that the answer leads to."""
    page = desk.get(asked.headers["Location"])
    assert page.status_code == 200
    way_back = re.search(r'name="next" value="([^"]*)"', page.content.decode())
    assert way_back
    return desk.post(CONFIRM, {"password": password, "next": way_back[1].replace("&amp;", "&")})


def test_a_refund_asks_for_the_password_and_is_then_done_as_it_was_typed(desk: Client, charged: Story) -> None:
    asked = refund(desk, charged)
    assert asked.headers["Location"].startswith(f"{CONFIRM}?next=")
    assert not Refund.objects.exists()
    assert "Nothing is lost" in desk.get(asked.headers["Location"]).content.decode()

    done = confirm(desk, asked)
    assert (done.status_code, done.headers["Location"]) == (303, page_of(charged))
    made = Refund.objects.get()
    assert (made.amount_cents, made.reason) == (450, "The picture froze & stayed\nso")
    assert desk.get("/account/").status_code == 200  # the request that was made up ends there


def test_a_code_of_the_authenticator_app_confirms_a_refund(desk: Client, charged: Story, support: User) -> None:
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(support, secret)
    asked = refund(desk, charged)
    page = desk.get(asked.headers["Location"]).content.decode()
    way = re.search(r'href="(/account/two-factor/reauthenticate/[^"]*)"', page)
    assert way
    form = {"code": code_of(secret), "next": f"{page_of(charged)}?show=money"}
    assert "next=" in way[1]
    assert desk.post("/account/two-factor/reauthenticate/", form).status_code == 303
    assert Refund.objects.get().amount_cents == 450


def test_support_is_not_asked_again_for_a_password_that_is_fresh(desk: Client, charged: Story) -> None:
    confirm(desk, refund(desk, charged))
    again = refund(desk, charged, amount="1.00")
    assert again.status_code == 303
    assert Refund.objects.count() == 2


def test_a_wrong_password_does_not_act_and_keeps_the_form(desk: Client, charged: Story) -> None:
    asked = refund(desk, charged)
    assert "Incorrect password" in confirm(desk, asked, "wrong").content.decode()
    assert not Refund.objects.exists()
    confirm(desk, asked)
    assert Refund.objects.get().amount_cents == 450


def test_an_amount_that_no_longer_fits_is_refused_after_the_password_with_what_was_typed(
    desk: Client, charged: Story, support: User
) -> None:
    asked = refund(desk, charged, amount="9.99")
    refunds.refund_session(
        session_id=charged.id,
        by=support,
        now=timezone.now(),
        refund_id=uuid4(),
        payment_id=charged.payment.id,
        amount_cents=900,
        reason="Meanwhile",
        borne_by="platform",
    )
    answer = confirm(desk, asked)
    assert answer.status_code in {409, 422}
    page = answer.content.decode()
    assert 'value="9.99"' in page
    assert "The picture froze &amp; stayed" in page
    assert Refund.objects.count() == 1


def test_a_form_with_an_error_is_shown_again_after_the_password(desk: Client, charged: Story) -> None:
    answer = confirm(desk, refund(desk, charged, sure=""))
    assert answer.status_code == 422
    assert "The picture froze" in answer.content.decode()
    assert not Refund.objects.exists()


def test_a_form_that_was_abandoned_is_not_sent_by_a_later_password(desk: Client, charged: Story) -> None:
    refund(desk, charged)
    desk.post(CONFIRM, {"password": PASSWORD, "next": "/account/email/"})
    assert not Refund.objects.exists()

    let_proof_age(desk)
    asked = refund(desk, charged)
    kept = desk.session["account_reauthentication_state"]
    kept["state"]["at"] = "0"
    change_session(desk, account_reauthentication_state=kept)
    late = confirm(desk, asked)
    assert late.headers["Location"] == f"{page_of(charged)}?show=money"
    assert not Refund.objects.exists()


def test_the_words_of_a_form_that_waited_too_long_stand_in_it_again(desk: Client, charged: Story) -> None:
    asked = refund(desk, charged)
    kept = desk.session["account_reauthentication_state"]
    kept["state"]["at"] = "0"
    change_session(desk, account_reauthentication_state=kept)
    page = desk.get(confirm(desk, asked).headers["Location"]).content.decode()
    assert "has not been done" in page
    assert 'value="4.50"' in page
    assert ">The picture froze &amp; stayed\nso</textarea>" in page
    assert re.search(r'<details class="act[^"]*" id="act-refund" open>', page)
    assert not re.search(r'name="sure"[^>]* checked', page)
    assert "The picture froze" not in desk.get(page_of(charged)).content.decode()
    assert not Refund.objects.exists()


def test_of_forms_in_two_tabs_the_later_one_is_done_whichever_asks_first(
    desk: Client, charged: Story, customer: User
) -> None:
    person = f"/support/people/{customer.id}/"
    form = {"act": "ban", "reason": "Rude"}
    earlier = desk.post(person, form, headers={"Referer": f"http://testserver{person}"})
    later = refund(desk, charged)
    assert confirm(desk, earlier).headers["Location"] == person
    assert "has not been done" in desk.get(person).content.decode()
    confirm(desk, later)
    assert Refund.objects.get().amount_cents == 450
    customer.refresh_from_db()
    assert customer.is_active


@pytest.mark.parametrize(
    "page", ["https://evil.example/support/", "http://testserver//evil.example/", "", "javascript:x"]
)
def test_the_address_after_the_password_stays_on_this_site(desk: Client, customer: User, page: str) -> None:
    form = {"act": "ban", "reason": "Rude"}
    asked = desk.post(f"/support/people/{customer.id}/", form, headers={"Referer": page})
    assert asked.headers["Location"] == f"{CONFIRM}?next=%2Fdashboard%2F"
    assert confirm(desk, asked).headers["Location"] == f"/support/people/{customer.id}/"


def test_a_form_waiting_for_a_password_is_not_sent_for_the_next_person_to_sign_in(
    desk: Client, charged: Story, colleague: User
) -> None:
    asked = refund(desk, charged)
    desk.logout()
    colleague.set_password(PASSWORD)
    colleague.save()
    desk.force_login(colleague)
    let_proof_age(desk)
    desk.post(CONFIRM, {"password": PASSWORD, "next": asked.headers["Location"].partition("next=")[2]})
    assert not Refund.objects.exists()


def test_a_ban_and_its_end_ask_for_the_password_and_keep_the_reason(desk: Client, customer: User) -> None:
    person = f"/support/people/{customer.id}/"
    headers = {"Referer": f"http://testserver{person}"}
    asked = desk.post(person, {"act": "ban", "reason": "Rude, twice", "seen": "0"}, headers=headers)
    assert asked.headers["Location"].startswith(CONFIRM)
    customer.refresh_from_db()
    assert customer.is_active
    assert confirm(desk, asked).status_code == 303
    assert not User.objects.get(pk=customer.pk).is_active
    assert "Rude, twice" in desk.get(person).content.decode()

    let_proof_age(desk)
    assert desk.post(person, {"act": "lift", "reason": "Sorry"}).headers["Location"].startswith(CONFIRM)


@pytest.mark.parametrize("name", ["evidence.pdf", "evidence.zip"])
def test_evidence_is_downloaded_after_the_password(desk: Client, charged: Story, name: str) -> None:
    asked = desk.get(f"{page_of(charged)}{name}")
    assert asked.headers["Location"].startswith(CONFIRM)
    assert desk.head(f"{page_of(charged)}{name}").status_code == 302
    back = confirm(desk, asked)
    assert back.headers["Location"] == f"{page_of(charged)}{name}"
    assert desk.get(back.headers["Location"]).status_code == 200

    let_proof_age(desk)
    asked = desk.get(f"{page_of(charged)}{name}", headers={"Referer": f"http://testserver{page_of(charged)}"})
    assert "press the same button again" in desk.get(asked.headers["Location"]).content.decode()
    assert confirm(desk, asked).headers["Location"] == page_of(charged)


def test_the_admin_asks_for_the_password_before_a_change_and_keeps_the_form(desk: Client, customer: User) -> None:
    address = f"/admin/accounts/user/{customer.pk}/change/?_changelist_filters=q%3Dcasey"
    headers = {"Referer": f"http://testserver{address}"}
    assert desk.get(address).status_code == 200
    asked = desk.post(address, {"is_staff": "on", "_save": ""}, headers=headers)
    customer.refresh_from_db()
    assert not customer.is_staff
    assert confirm(desk, asked).headers["Location"].startswith("/admin/accounts/user/")
    customer.refresh_from_db()
    assert customer.is_staff


def test_the_admin_asks_for_the_password_before_a_price_changes(desk: Client) -> None:
    plan = Plan.objects.earliest("pk")
    assert desk.post(f"/admin/booking/plan/{plan.pk}/change/", {"price": "1"}).headers["Location"].startswith(CONFIRM)


@pytest.mark.parametrize(("act", "state"), [("end", "live"), ("cancel", "requested"), ("release", "accepted")])
def test_the_api_asks_support_for_the_password_and_links_to_its_page(
    desk: Client, story: Story, act: str, state: str
) -> None:
    story.pay() if state == "requested" else story.pay().accept() if state == "accepted" else story.live()
    address = f"/api/sessions/{story.id}/{act}"
    answer = desk.post(address, {"reason": "No show"}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (403, "proof_needed")
    assert answer.json()["link"] == CONFIRM
    story.session.refresh_from_db()
    assert story.session.state == state

    desk.post(CONFIRM, {"password": PASSWORD, "next": "/support/"})
    assert desk.post(address, {"reason": "No show"}, content_type="application/json").status_code == 200


def test_a_script_is_told_where_to_confirm_the_password(desk: Client, customer: User) -> None:
    headers = {"Accept": "application/json"}
    answer = desk.post(f"/support/people/{customer.id}/", {"act": "ban", "reason": "Rude"}, headers=headers)
    assert (answer.status_code, answer.json()["link"]) == (403, CONFIRM)


def test_who_has_just_signed_in_has_given_the_password(client: Client, support: User, charged: Story) -> None:
    cache.clear()
    client.post("/sign-in/", {"login": support.email, "password": PASSWORD})
    assert refund(client, charged).status_code == 303
    assert Refund.objects.exists()


def test_customers_are_not_asked_for_a_fresh_password(client: Client, customer: User, story: Story) -> None:
    story.live()
    client.force_login(customer)
    let_proof_age(client)
    assert client.post(f"/sessions/{story.id}/end/").status_code == 303
