"""Plans in the admin: currencies of the list, times in minutes, prices that a card can be charged."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory

from autodoctor.booking.models import ExtensionOption, Plan

pytestmark = pytest.mark.django_db
TYPED = {
    "slug": "short",
    "name": "Short",
    "kind": "chat",
    "summary": "A short one",
    "duration": "30",
    "price_cents": "1500",
    "currency": "usd",
    "position": "0",
}


def form(**changes: str) -> Any:
    made = admin.site.get_model_admin(Plan).get_form(RequestFactory().get("/"))
    return made(TYPED | changes)


def test_a_plan_of_30_in_the_admin_lasts_thirty_minutes() -> None:
    plan = form().save()
    assert plan.duration == timedelta(minutes=30)
    shown = admin.site.get_model_admin(Plan).get_form(RequestFactory().get("/"))(instance=plan)
    assert 'value="30"' in str(shown["duration"])
    assert "In minutes." in str(shown["duration"].help_text)


def test_a_plan_of_half_a_minute_lasts_thirty_seconds() -> None:
    assert form(duration="0.5").save().duration == timedelta(seconds=30)


@pytest.mark.parametrize("duration", ["0", "-5", "nan", "inf", "1e9", "00:30:00", ""])
def test_an_invalid_plan_duration_is_refused(duration: str) -> None:
    assert "duration" in form(duration=duration).errors


@pytest.mark.parametrize("currency", ["xyz", "us", "€", "USD", ""])
def test_only_plan_currencies_of_the_list_are_accepted(currency: str) -> None:
    assert "currency" in form(currency=currency).errors


@pytest.mark.parametrize(("currency", "cents"), [("usd", "49"), ("sek", "299"), ("jpy", "49")])
def test_a_price_below_the_smallest_charge_is_refused(currency: str, cents: str) -> None:
    assert "Cards cannot be charged less than" in str(form(currency=currency, price_cents=cents).errors["price_cents"])


def test_a_plan_price_in_yen_has_no_decimals() -> None:
    assert form(currency="jpy").save().price == "¥1,500"


def test_an_extension_can_be_sold_in_two_currencies() -> None:
    ExtensionOption.objects.create(duration=timedelta(minutes=15), price_cents=2000, currency="jpy")
    assert ExtensionOption.objects.filter(duration=timedelta(minutes=15)).count() == 2
