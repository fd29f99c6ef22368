"""The extension panel of the room, for the customer and the mechanic, at each step."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.booking.models import ExtensionOption
from autodoctor.payments import ledger
from autodoctor.payments.models import Payment, StripeCustomer
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.models import Session

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(customer: User, mechanic: User) -> Session:
    return live_session(customer, mechanic, keep_card=True, granted_seconds=1800, clock_at=timezone.now())


@pytest.fixture
def shown(session: Session, client_of: Callable[[User], Client]) -> Callable[..., str]:
    """Return the text on one line for this person after these changes of the session."""

    def look(user: User, **changes: Any) -> str:
        Session.objects.filter(id=session.id).update(**changes)
        return " ".join(client_of(user).get(f"/sessions/{session.id}/more-time/").content.decode().split())

    return look


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def paying(session: Session, waits_for: str = "") -> Payment:
    payment = ledger.open_extension(
        owner_id=session.id,
        payer=session.customer,
        amount_cents=1499,
        currency="usd",
        seconds=900,
        description="+15 minutes",
        keep_card=True,
        return_url="https://example.org/",
        now=timezone.now(),
    )
    payment.waits_for, payment.confirm_url = waits_for, "https://example.org/confirm"
    payment.save()
    return payment


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "completed"}, "The session is over."),
        ({"state": "waiting"}, "after the session starts"),
        ({"allowed_seconds": 0}, "Morgan Mechanic cannot stay longer today."),
        ({"allowed_seconds": 60}, "Morgan Mechanic cannot stay longer today."),
        ({"started_at": timezone.now() - timedelta(minutes=170)}, "reached the maximum length"),
    ],
)
def test_the_panel_says_why_no_extension_is_offered(
    shown: Callable[..., str], customer: User, changes: dict[str, Any], why: str
) -> None:
    assert why in words(shown(customer, **changes))


def test_the_panel_does_not_blame_the_mechanic_when_no_extension_is_sold(
    shown: Callable[..., str], customer: User
) -> None:
    ExtensionOption.objects.update(active=False)
    said = words(shown(customer))
    assert "Extensions are not available at the moment." in said
    assert "longest" not in said


@pytest.mark.parametrize(
    ("allowed", "chosen"), [(None, ""), (0, "0"), (900, "900"), (2700, "2700")], ids=["open", "none", "option", "rest"]
)
def test_the_panel_selects_the_time_that_the_mechanic_allows(
    shown: Callable[..., str], mechanic: User, allowed: int | None, chosen: str
) -> None:
    page = shown(mechanic, allowed_seconds=allowed)
    assert re.findall(r'name="seconds" value="(\d*)" checked', page) == [chosen]
    assert ("Your choice so far: 45 minutes" in page) == (allowed == 2700)


def test_the_mechanic_has_no_extension_form_once_the_session_is_over(shown: Callable[..., str], mechanic: User) -> None:
    assert "<form" not in shown(mechanic, state="completed")


def test_the_panel_offers_another_card_beside_the_saved_one(shown: Callable[..., str], customer: User) -> None:
    assert 'name="another_card"' not in shown(customer)
    StripeCustomer.objects.create(user=customer, stripe_id="cus_1", payment_method_id="pm_1", card_last4="4242")
    assert 'name="another_card" value="true"' in shown(customer)


@pytest.mark.parametrize("waits_for", ["", "confirm", "pay"])
def test_a_pending_extension_can_always_be_canceled(
    session: Session, shown: Callable[..., str], customer: User, waits_for: str
) -> None:
    payment = paying(session, waits_for)
    page = shown(customer)
    assert f'data-send="DELETE" data-to="/api/sessions/{session.id}/extensions/{payment.id}"' in page
    assert ("Use another card" in page) == (waits_for == "confirm")


def test_the_panel_says_how_long_the_end_waits_for_a_payment_as_configured(
    session: Session, shown: Callable[..., str], customer: User, settings: Any
) -> None:
    settings.DEADLINES = {**settings.DEADLINES, "extension_hold": 180}
    paying(session)
    assert "waits up to 3 minutes" in words(shown(customer, hold_until=timezone.now()))


def test_the_way_back_from_paying_does_not_say_that_an_ended_session_goes_on(
    session: Session, customer: User, client_of: Callable[[User], Client]
) -> None:
    now = timezone.now()
    paid = {"state": "captured", "due_cents": 1499, "granted_at": now, "authorized_at": now}
    Payment.objects.filter(id=paying(session).id).update(**paid)
    page = f"/sessions/{session.id}/extension/"
    assert "continues in the other tab" in client_of(customer).get(page).content.decode()
    Session.objects.filter(id=session.id).update(state="completed")
    over = client_of(customer).get(page).content.decode()
    assert "The session is over." in over
    assert "continues in the other tab" not in over
