"""The texts that a customer agrees to with an intake: which ones, and what happens when they change meanwhile."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.booking import forms
from autodoctor.booking.actions import Intake
from autodoctor.booking.models import Booking
from autodoctor.legal.pages import CANCELLATION, TERMS
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import State

ClientOf = Callable[[User], Client]
MakeIntake = Callable[..., Intake]

pytestmark = pytest.mark.django_db


def test_the_form_leads_to_the_terms_and_keeps_which_ones_were_agreed_to(
    customer: User, client_of: ClientOf, filled_in: dict[str, str]
) -> None:
    browser = client_of(customer)
    page = browser.get("/book/").content.decode()
    for slug in ("terms", "cancellation", "privacy"):
        assert f'href="/legal/{slug}/"' in page.split("<form")[-1]
    assert f'name="terms" value="{TERMS.version}"' in page
    assert f'name="cancellation" value="{CANCELLATION.version}"' in page
    browser.post("/book/", filled_in | {"terms": TERMS.version, "cancellation": CANCELLATION.version})
    booking = Booking.objects.get()
    assert (booking.terms_version, booking.cancellation_version) == (TERMS.version, CANCELLATION.version)
    assert booking.agreed_at is not None


def test_terms_that_changed_during_the_intake_are_shown_again(
    customer: User, client_of: ClientOf, filled_in: dict[str, str]
) -> None:
    answer = client_of(customer).post("/book/", filled_in | {"terms": "2020-01-01"})
    page = answer.content.decode()
    assert "Our terms have changed meanwhile" in page
    assert 'href="#id_terms"' in page
    assert '<a id="id_terms" href="/legal/terms/"' in page
    assert f'name="terms" value="{TERMS.version}"' in page
    assert filled_in["concern"].splitlines()[1] in page
    assert not Session.objects.exists()


def test_refunds_that_changed_during_the_intake_are_shown_again(
    customer: User, client_of: ClientOf, filled_in: dict[str, str]
) -> None:
    seen = {"terms": TERMS.version, "cancellation": "2020-01-01"}
    page = client_of(customer).post("/book/", filled_in | seen).content.decode()
    assert "“Canceling and refunds” has changed meanwhile" in page
    assert 'href="#id_cancellation"' in page
    assert re.search(r'<a\s+id="id_cancellation"\s+href="/legal/cancellation/"', page)
    assert f'name="cancellation" value="{CANCELLATION.version}"' in page
    assert not Session.objects.exists()


def test_the_same_intake_again_keeps_the_texts_that_were_agreed_to_last_before_the_payment(
    customer: User, client_of: ClientOf, filled_in: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_of(customer)

    def send(refunds: str = CANCELLATION.version) -> Booking:
        browser.post("/book/", filled_in | {"terms": TERMS.version, "cancellation": refunds})
        return Booking.objects.get()

    first, again = send(), send()
    assert again.agreed_at == first.agreed_at
    newer = replace(CANCELLATION, versions=(*CANCELLATION.versions, "2099-01-01"))
    monkeypatch.setattr(forms, "CANCELLATION", newer)
    after = send("2099-01-01")
    assert (after.terms_version, after.cancellation_version) == (TERMS.version, "2099-01-01")
    assert after.agreed_at is not None
    assert first.agreed_at is not None
    assert after.agreed_at > first.agreed_at
    Session.objects.update(state=State.REQUESTED)
    monkeypatch.setattr(forms, "CANCELLATION", CANCELLATION)
    assert send().cancellation_version == "2099-01-01"


def test_nobody_has_agreed_to_texts_that_were_not_shown(
    customer: User, client_of: ClientOf, filled_in: dict[str, str]
) -> None:
    client_of(customer).post("/book/", filled_in)
    booking = Booking.objects.get()
    assert (booking.terms_version, booking.cancellation_version, booking.agreed_at) == ("", "", None)
