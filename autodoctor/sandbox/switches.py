"""What differs between accounts at Stripe, and what Stripe does only sometimes. Tests turn these by `control.py`."""

from typing import Any

from autodoctor.sandbox.store import Store

# Each with what holds at Stripe for a new, ordinary platform.
SWITCHES: dict[str, Any] = {
    "transfers_only_approved": False,  # accounts may have transfers without card payments
    "onboarding_takes_time": False,  # who finishes onboarding waits for Stripe's check: `accounts` ends it
    "balance_cents": 100_000_00,  # what a refund is paid from: a larger one is refused
    "paid_out": False,  # connected accounts have paid out what they got: nothing can be taken back
    "settlement_currency": "usd",  # of our balance: charges arrive, and transfers leave, in it
    # More are answered with 429. Stripe's 100 would hit tests of one process that share a double; 0: no limit.
    "requests_a_second": 0,
    "scopes": {},  # of restricted keys, by key: names of resources, with ":read" where they may only be read
    "thin_events": False,  # events name their object without carrying it
    "statement_descriptor": "AUTO DOCTOR",
    "cards_enabled": True,  # in the dashboard's payment methods
    "connect_enabled": True,
}


def switched(store: Store, name: str) -> Any:
    """Return the position of a switch. Raises KeyError for an unknown one."""
    return store.setting("switches", {}).get(name, SWITCHES[name])


def turn(store: Store, given: dict[str, Any]) -> dict[str, Any]:
    """Turn switches; returns the positions of all. Raises KeyError for an unknown one."""
    if unknown := given.keys() - SWITCHES.keys():
        raise KeyError(*unknown)
    store.set("switches", store.setting("switches", {}) | given)
    return {name: switched(store, name) for name in SWITCHES}
