"""Controls for tests: change deliveries, time and answers; open disputes. JSON over POST, below `/_control/`.

::

    webhooks   {"url", "secret", "paused", "copies", "delay_seconds", "jitter_seconds"}: how events are delivered from
               now on; each up to `jitter_seconds` later than it should be, so that they arrive out of order
    flush      {"order": "as_sent"|"reversed"|"shuffled", "copies": 1, "together": false, "events": [ids] or null}
    clock      {"advance_seconds": 1800}: Checkouts and holds expire by it
    faults     {"method", "path", "status", "when": "before"|"after", "times", "delay_seconds"}: the next matching
               requests are slow, or answered with this status, before anything is done, or after all of it was done;
               a 500 sticks to the idempotency key
    disputes   {"charge", "amount", "reason", "inquiry": false} opens one; {"dispute", "won": bool} closes it;
               {"dispute"} alone: our evidence is there, and the bank looks at it
    warnings   {"charge"}: the bank suspects fraud
    refunds    {"refund"} fails it, as a bank may days later
    holds      {"seconds"}: how long banks keep a hold from now on
    checkouts  {"checkout"} expires it
    cards      {"payment_method" or "customer", "behaves_as"}: what the bank does with a saved card from now on, by the
               name of a magic card; its looks stay
    accounts   {"account", "outcome": "enabled"|"checking"|"unpaid"|"restricted"|"rejected"}: what becomes of a
               connected account; "disconnected": its holder takes our access away; "payout_failed": so did a payout
    payouts    {"account"}: its whole balance goes to its bank, and cannot be taken back any more
    transfers  {"transfer", "amount"} takes it back, or that much of it
    switches   {"name": position}: see `switches.py`
    deliveries {} lists them; reset {} forgets everything
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autodoctor.sandbox import bank, checkouts, connect
from autodoctor.sandbox.cards import CARDS
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.store import Json, Store
from autodoctor.sandbox.switches import turn
from autodoctor.sandbox.webhooks import Courier

_POLICY = ("url", "secret", "paused", "copies", "delay_seconds", "jitter_seconds")


class Faults:
    """Deliberate faults, one after the other, each `times` times."""

    def __init__(self) -> None:
        self._planned: list[Json] = []

    def plan(self, fault: Json) -> None:
        self._planned.append({"method": ".*", "path": ".*", "status": 0, "when": "before", "times": 1} | fault)

    def clear(self) -> None:
        self._planned.clear()

    def strike(self, method: str, path: str, when: str) -> int:
        """Apply the next fault: sleep if it is slow; return the status to answer, or 0."""
        for fault in self._planned:
            matches = re.fullmatch(fault["method"], method) and re.fullmatch(fault["path"], path)
            if matches and fault["when"] == when and fault["times"] > 0:
                fault["times"] -= 1
                time.sleep(float(fault.get("delay_seconds", 0)))
                return int(fault["status"])
        return 0


class Control:
    def __init__(self, store: Store, courier: Courier, faults: Faults, housekeeping: Callable[[], None]) -> None:
        self._store, self._courier, self._faults = store, courier, faults
        self._housekeeping = housekeeping
        self._verbs: dict[str, Callable[[Json], Any]] = {
            "webhooks": self._webhooks,
            "flush": self._flush,
            "clock": self._clock,
            "faults": self._plan,
            "disputes": self._dispute,
            "warnings": self._warn,
            "refunds": self._fail_refund,
            "holds": self._keep_holds,
            "checkouts": self._expire_checkout,
            "cards": self._change_cards,
            "accounts": self._change_account,
            "payouts": self._pay_out,
            "transfers": self._take_back,
            "switches": self._turn,
            "deliveries": self._deliveries,
            "reset": self._reset,
        }

    def answer(self, verb: str, given: Json) -> Any:
        """Run a verb. Raises KeyError for an unknown one."""
        return self._verbs[verb](given)

    def _webhooks(self, given: Json) -> Json:
        policy = self._store.setting("webhooks", {}) | {name: given[name] for name in _POLICY if name in given}
        self._store.set("webhooks", policy)
        self._courier.wake()
        return dict(policy)

    def _flush(self, given: Json) -> list[Json]:
        return self._courier.flush(
            order=given.get("order", "as_sent"),
            copies=int(given.get("copies", 1)),
            together=bool(given.get("together", False)),
            events=given.get("events"),
        )

    def _clock(self, given: Json) -> Json:
        advanced = self._store.setting("advanced_seconds", 0) + float(given["advance_seconds"])
        self._store.set("advanced_seconds", advanced)
        self._housekeeping()
        self._courier.wake()
        return {"now": self._store.now()}

    def _plan(self, given: Json) -> Json:
        self._faults.plan(given)
        return {}

    def _dispute(self, given: Json) -> Json:
        with self._desk() as desk:
            if "won" in given:
                made = bank.close_dispute(desk, desk.find("dispute", given["dispute"]), won=bool(given["won"]))
            elif "dispute" in given:
                made = bank.review_dispute(desk, desk.find("dispute", given["dispute"]))
            else:
                charge = desk.find("charge", given["charge"])
                amount = int(given.get("amount") or charge["amount_captured"])
                reason, inquiry = given.get("reason", "fraudulent"), bool(given.get("inquiry", False))
                made = bank.open_dispute(desk, charge, amount=amount, reason=reason, inquiry=inquiry)
        return made

    def _warn(self, given: Json) -> Json:
        with self._desk() as desk:
            return bank.warn_of_fraud(desk, desk.find("charge", given["charge"]))

    def _fail_refund(self, given: Json) -> Json:
        with self._desk() as desk:
            return bank.fail_refund(desk, desk.find("refund", given["refund"]))

    def _keep_holds(self, given: Json) -> Json:
        self._store.set("hold_seconds", int(given["seconds"]))
        return {}

    def _expire_checkout(self, given: Json) -> Json:
        with self._desk() as desk:
            return checkouts.expire(desk, desk.find("checkout.session", given["checkout"]))

    def _change_cards(self, given: Json) -> list[Json]:
        name = given["behaves_as"]
        if name not in CARDS:
            raise KeyError(name)
        with self._desk() as desk:
            if "customer" in given:
                kept = desk.store.find("payment_method", equal={"customer": given["customer"]})
            else:
                kept = [desk.find("payment_method", given["payment_method"])]
            return [desk.save(method | {"_card": name}) for method in kept]

    def _change_account(self, given: Json) -> Json:
        with self._desk() as desk:
            account = desk.find("account", given["account"])
            if given["outcome"] == "disconnected":
                return connect.disconnect(desk, account)
            if given["outcome"] == "payout_failed":
                return connect.fail_payout(desk, account)
            return connect.become(desk, account, given["outcome"])

    def _pay_out(self, given: Json) -> Json:
        with self._desk() as desk:
            return connect.pay_out(desk, desk.find("account", given["account"]))

    def _take_back(self, given: Json) -> Json:
        with self._desk() as desk:
            transfer = desk.find("transfer", given["transfer"])
            return connect.take_back(desk, transfer, amount=given.get("amount"), metadata={})

    @contextmanager
    def _desk(self) -> Iterator[Desk]:
        with self._store.transaction():
            yield Desk(self._store, now=int(self._store.now()), pages="")
        self._courier.wake()

    def _turn(self, given: Json) -> Json:
        return turn(self._store, given)

    def _deliveries(self, given: Json) -> list[Json]:
        return [dict(row) for row in self._store.rows("SELECT * FROM delivery ORDER BY id")]

    def _reset(self, given: Json) -> Json:
        self._faults.clear()
        with self._store.transaction():
            self._store.clear()
        return {}
