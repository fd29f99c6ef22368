"""Connected accounts and transfers, spoken to by the real SDK."""

from typing import Any

import pytest
import stripe

from autodoctor.sandbox.tests.conftest import OpenCheckout
from tests.kit.stripe_sandbox import RunningSandbox

BACK, OVER = "http://shop.test/done", "http://shop.test/over"


@pytest.fixture
def account(client: Any) -> Any:
    controller = {
        "stripe_dashboard": {"type": "express"},
        "requirement_collection": "stripe",
        "fees": {"payer": "application"},
        "losses": {"payments": "application"},
    }
    capabilities = {"card_payments": {"requested": True}, "transfers": {"requested": True}}
    return client.v1.accounts.create({"controller": controller, "capabilities": capabilities, "metadata": {"a": "b"}})


@pytest.fixture
def charge(client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox) -> Any:
    """Return a charge of $29.99."""
    session = open_checkout(payment_intent_data={})
    stripe_sandbox.pay(session.url)
    return client.v1.charges.list().data[0]


def onboard(client: Any, sandbox: RunningSandbox, account: Any, action: str = "finish") -> str:
    params = {"account": account.id, "return_url": BACK, "refresh_url": OVER, "type": "account_onboarding"}
    page = client.v1.account_links.create(params).url
    assert sandbox.onboard(page, action).headers["Location"] == BACK
    return str(page)


def send(client: Any, account: Any, charge: Any, **changes: Any) -> Any:
    params = {"amount": 2000, "currency": "usd", "destination": account.id, "source_transaction": charge.id}
    return client.v1.transfers.create(params | changes)


def test_an_account_takes_transfers_once_its_holder_has_finished(
    client: Any, account: Any, stripe_sandbox: RunningSandbox
) -> None:
    assert (account.details_submitted, account.capabilities.transfers) == (False, "inactive")
    assert account.requirements.currently_due
    page = onboard(client, stripe_sandbox, account)
    found = client.v1.accounts.retrieve(account.id)
    assert (found.details_submitted, found.payouts_enabled, found.capabilities.transfers) == (True, True, "active")
    assert found.requirements.currently_due == []
    [event] = stripe_sandbox.events("account.updated")
    assert (event["account"], event["data"]["object"]["id"]) == (account.id, account.id)
    assert stripe_sandbox.browser.get(page).headers["Location"] == OVER, "it opens once"


def test_an_account_whose_onboarding_is_left_or_incomplete_takes_no_transfers(
    client: Any, account: Any, stripe_sandbox: RunningSandbox
) -> None:
    onboard(client, stripe_sandbox, account, "leave")
    assert client.v1.accounts.retrieve(account.id).details_submitted is False
    onboard(client, stripe_sandbox, account, "restricted")
    found = client.v1.accounts.retrieve(account.id)
    assert (found.details_submitted, found.capabilities.transfers) == (True, "inactive")
    assert found.requirements.disabled_reason == "requirements.past_due"


def test_an_onboarding_page_shows_what_is_needed_and_expires_after_minutes(
    client: Any, account: Any, stripe_sandbox: RunningSandbox
) -> None:
    params = {"account": account.id, "return_url": BACK, "refresh_url": OVER, "type": "account_onboarding"}
    page = client.v1.account_links.create(params).url
    shown = stripe_sandbox.browser.get(page)
    assert "external_account" in shown.text
    assert "http://shop.test" in shown.headers["Content-Security-Policy"]
    stripe_sandbox.advance(600)
    assert stripe_sandbox.browser.get(page).headers["Location"] == OVER
    assert stripe_sandbox.browser.get("/onboarding/alink_none").status_code == 404
    with pytest.raises(stripe.InvalidRequestError, match="No such account"):
        client.v1.account_links.create(params | {"account": "acct_none"})


def test_a_charge_is_transferred_in_parts_up_to_its_amount(
    client: Any, account: Any, charge: Any, stripe_sandbox: RunningSandbox
) -> None:
    onboard(client, stripe_sandbox, account)
    made = send(client, account, charge, transfer_group="ours", metadata={"movement_id": "7"})
    assert (made.amount, made.reversed, made.source_transaction) == (2000, False, charge.id)
    with pytest.raises(stripe.InvalidRequestError, match="must not exceed"):
        send(client, account, charge, amount=1000)
    send(client, account, charge, amount=999)
    assert [one.id for one in client.v1.transfers.list({"transfer_group": "ours"}).data][-1] == made.id
    assert len(client.v1.transfers.list({"destination": account.id}).data) == 2
    assert [event["type"] for event in stripe_sandbox.events("transfer.created")] == ["transfer.created"] * 2


def test_transfers_that_stripe_refuses_are_refused(
    client: Any, account: Any, charge: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        send(client, account, charge)
    assert refused.value.code == "insufficient_capabilities_for_transfer"
    onboard(client, stripe_sandbox, account)
    with pytest.raises(stripe.InvalidRequestError, match="No such destination"):
        send(client, account, charge, destination="acct_none")
    with pytest.raises(stripe.InvalidRequestError, match="No such charge"):
        send(client, account, charge, source_transaction="ch_none")
    with pytest.raises(stripe.InvalidRequestError, match="currency"):
        send(client, account, charge, currency="eur")
    with pytest.raises(stripe.InvalidRequestError, match="insufficient"):
        client.v1.transfers.create({"amount": 100, "currency": "usd", "destination": account.id})
    stripe_sandbox.pay(open_checkout().url)
    with pytest.raises(stripe.InvalidRequestError, match="not captured"):
        send(client, account, client.v1.charges.list().data[0])
    assert client.v1.transfers.list().data == []


def test_a_transfer_repeated_under_one_idempotency_key_is_sent_once(
    client: Any, account: Any, charge: Any, stripe_sandbox: RunningSandbox
) -> None:
    onboard(client, stripe_sandbox, account)
    params: Any = {"amount": 500, "currency": "usd", "destination": account.id, "source_transaction": charge.id}
    ids = {client.v1.transfers.create(params, {"idempotency_key": "k"}).id for _ in range(3)}
    assert len(ids) == len(client.v1.transfers.list().data) == 1


def test_a_transfer_is_reversed_in_parts_up_to_its_amount(
    client: Any, account: Any, charge: Any, stripe_sandbox: RunningSandbox
) -> None:
    onboard(client, stripe_sandbox, account)
    made = send(client, account, charge)
    first = client.v1.transfers.reversals.create(made.id, {"amount": 1500, "metadata": {"movement_id": "8"}})
    with pytest.raises(stripe.InvalidRequestError, match="greater than the unreversed"):
        client.v1.transfers.reversals.create(made.id, {"amount": 501})
    client.v1.transfers.reversals.create(made.id)
    with pytest.raises(stripe.InvalidRequestError, match="greater than the unreversed"):
        client.v1.transfers.reversals.create(made.id)
    found = client.v1.transfers.retrieve(made.id)
    assert (found.amount_reversed, found.reversed) == (2000, True)
    listed = client.v1.transfers.reversals.list(made.id).data
    assert [one.amount for one in listed] == [500, 1500]
    assert (listed[1].id, listed[1].metadata.to_dict()) == (first.id, {"movement_id": "8"})
    assert len(stripe_sandbox.events("transfer.reversed")) == 2


def test_the_overview_enables_an_account_and_takes_back_a_transfer(
    client: Any, account: Any, charge: Any, stripe_sandbox: RunningSandbox
) -> None:
    post = stripe_sandbox.browser.post
    assert post("/by-hand/accounts", data={"account": account.id, "outcome": "enabled"}).status_code == 303
    made = send(client, account, charge)
    shown = stripe_sandbox.browser.get("/").text
    assert account.id in shown
    assert "takes transfers" in shown
    assert ">Take back<" in shown
    assert post("/by-hand/transfers", data={"transfer": made.id}).status_code == 303
    assert client.v1.transfers.retrieve(made.id).reversed is True
    assert ">Take back<" not in stripe_sandbox.browser.get("/").text
    assert post("/by-hand/accounts", data={"account": account.id, "outcome": "nothing"}).status_code == 404
