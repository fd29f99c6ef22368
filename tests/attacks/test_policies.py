"""What each page may load, and which may ask a wallet: Stripe's hosts are named for one page of one person alone."""

from typing import Any

import pytest

from autodoctor.accounts.models import User
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import EndReason, State
from tests.attacks.test_markup import plain_addresses, policy_of, signed_in

pytestmark = pytest.mark.django_db
JS = ["https://js.stripe.com", "https://*.js.stripe.com"]
NO_WALLET, WALLET = "payment=()", 'payment=(self "https://js.stripe.com")'


@pytest.fixture(autouse=True)
def _as_with_stripe(settings: Any) -> None:
    settings.PAYMENTS_SANDBOX = False
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test_1"


def beside_ours(answer: Any) -> dict[str, list[str]]:
    """Return the sources of scripts, frames and connections that are not our own."""
    policy = policy_of(answer)
    ours = ("'self'", "'nonce-", "ws://", "wss://")
    named = {name: policy.get(name, []) for name in ("script-src", "frame-src", "connect-src")}
    return {name: [one for one in sources if not one.startswith(ours)] for name, sources in named.items()}


def wallet_of(answer: Any) -> str:
    return str(answer.headers["Permissions-Policy"]).partition(", ")[2]


def test_the_room_of_a_customer_names_stripes_documented_hosts(customer: User, mechanic: User) -> None:
    session = live_session(customer, mechanic)
    room = signed_in(customer).get(f"/sessions/{session.id}/")
    assert beside_ours(room) == {
        "script-src": JS,
        "frame-src": [*JS, "https://hooks.stripe.com"],
        "connect-src": ["https://api.stripe.com"],
    }
    assert "unsafe" not in room.headers["Content-Security-Policy"]
    assert wallet_of(room) == WALLET
    assert room.headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert b'data-script="https://js.stripe.com/endive/stripe.js"' in room.content
    assert b'<script src="https://js.stripe.com' not in room.content  # not before a card is to be entered


def test_no_other_page_names_a_host_of_stripe(customer: User, mechanic: User, support: User) -> None:
    session = live_session(customer, mechanic)
    for person in (customer, mechanic, support):
        client = signed_in(person)
        for path in plain_addresses(session):
            if person == customer and path == f"/sessions/{session.id}/":
                continue
            answer = client.get(path)
            assert not any(beside_ours(answer).values()), path
            assert wallet_of(answer) == NO_WALLET, path
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", path


@pytest.mark.parametrize("change", ["over", "no key"])
def test_the_room_names_none_where_no_card_is_taken(customer: User, mechanic: User, settings: Any, change: str) -> None:
    if change == "no key":
        settings.STRIPE_PUBLISHABLE_KEY = ""
    session = live_session(customer, mechanic)
    if change == "over":
        Session.objects.update(state=State.COMPLETED, end_reason=EndReason.TIME_UP, ended_at=session.started_at)
    room = signed_in(customer).get(f"/sessions/{session.id}/")
    assert not any(beside_ours(room).values())
    assert wallet_of(room) == NO_WALLET
    assert b"<card-entry" not in room.content
