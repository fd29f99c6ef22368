"""Connected accounts: asked for in a way that needs no approval; a refusal reaches mechanic and support."""

from datetime import datetime

import pytest
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.payments import payouts, stripe
from autodoctor.payments.models import PayoutAccount
from autodoctor.payments.tests.stand import LATER
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.stripe_sandbox import RunningSandbox

PAGES = {"refresh_url": "http://localhost:8000/over/", "return_url": "http://localhost:8000/done/"}


def open_for(mechanic: User, now: datetime, country: str = "US") -> str:
    return payouts.onboarding_page(user=mechanic, country=country, now=now, **PAGES)


@pytest.mark.parametrize(("country", "asked"), [("US", ["card_payments", "transfers"]), ("CA", ["transfers"])])
def test_account_asks_for_capabilities_that_need_no_approval(
    mechanic: User, stripe_sandbox: RunningSandbox, now: datetime, country: str, asked: list[str]
) -> None:
    open_for(mechanic, now, country)
    [account] = stripe_sandbox.app.store.find("account")
    assert sorted(account["capabilities"]) == asked
    assert (account["country"], account["email"]) == (country, mechanic.email)


def test_another_platform_pays_its_own_country(
    mechanic: User, stripe_sandbox: RunningSandbox, now: datetime, settings: Settings
) -> None:
    """The double's platform is in the United States: it refuses what does not fit."""
    settings.STRIPE_COUNTRY = "CA"
    with pytest.raises(payouts.NotOpened):
        open_for(mechanic, now, "US")


def test_a_refusal_is_told_and_support_can_mend_it(
    mechanic: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    stripe_sandbox.control("switches", connect_enabled=False)
    with pytest.raises(stripe.PaymentError) as refused:
        open_for(mechanic, now)
    assert "Support knows" in str(refused.value.sentence)
    run_due(timezone.now())
    job = Job.objects.get(kind="account.open")
    assert job.parked_at
    assert "Is Connect set up?" in job.last_error
    stripe_sandbox.control("switches", connect_enabled=True)
    Job.objects.update(parked_at=None, due_at=timezone.now())
    run_due(timezone.now() + LATER)
    assert PayoutAccount.objects.get().user == mechanic
    assert open_for(mechanic, now)
