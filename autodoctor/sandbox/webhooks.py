"""Deliver events: signed, from own threads, until the receiver answers 2xx, also across a restart."""

import contextlib
import hashlib
import hmac
import http.client
import json
import logging
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from autodoctor.sandbox import objects
from autodoctor.sandbox.store import Store
from autodoctor.sandbox.switches import switched

logger = logging.getLogger(__name__)
RETRY_SECONDS: Sequence[float] = (1, 2, 5, 10, 30, 60, 300, 900, 3600)  # the last one again and again
GIVE_UP_SECONDS = 3 * 24 * 60 * 60
TIMEOUT_SECONDS = 20  # fifty deliveries at once, on a busy machine, are slow but not lost
_LEASE_SECONDS = 30
_LONGEST_SLEEP_SECONDS = 1.0
_AT_ONCE = 4


@dataclass(frozen=True)
class Endpoint:
    """Where events go. Without an address they wait."""

    url: str
    secret: str


@dataclass(frozen=True)
class Outcome:
    status: int | None
    error: str = ""

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def sign(body: str, secret: str, at: int) -> str:
    """Return the Stripe-Signature header of this body at this time (epoch seconds)."""
    mac = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def send(endpoint: Endpoint, body: str, at: int) -> Outcome:
    """Make one attempt. A redirect is not followed and counts as a failure."""
    parts = urlsplit(endpoint.url)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": sign(body, endpoint.secret, at),
    }
    with contextlib.closing(make(parts.netloc, timeout=TIMEOUT_SECONDS)) as connection:
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path or "/", body=body.encode(), headers=headers)
            return Outcome(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as problem:
            return Outcome(None, f"{type(problem).__name__}: {problem}"[:200])


class Courier:
    """Delivers webhooks: a scheduling thread and a few senders. `housekeeping` runs at least once a second."""

    def __init__(
        self,
        store: Store,
        endpoint: Endpoint,
        *,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        housekeeping: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._default = endpoint
        self._retry_seconds = retry_seconds
        self._housekeeping = housekeeping
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._store.execute("UPDATE delivery SET leased_until = 0")  # their holder is gone
            self._thread = threading.Thread(target=self._run, name="sandbox-courier", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._stopping = True
            self._wake.set()
            self._thread.join(TIMEOUT_SECONDS + 1)

    def wake(self) -> None:
        self._wake.set()

    def endpoint(self) -> Endpoint:
        policy = self._store.setting("webhooks", {})
        return Endpoint(policy.get("url", self._default.url), policy.get("secret", self._default.secret))

    def _is_held(self) -> bool:
        return bool(self._store.setting("webhooks", {}).get("paused")) or not self.endpoint().url

    def _run(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, "sandbox-sender") as senders:
            while not self._stopping:
                self._wake.clear()
                try:
                    self._turn(senders)
                except Exception:
                    logger.exception("The sandbox could not look after its deliveries")
                self._wake.wait(self._pause())

    def _turn(self, senders: ThreadPoolExecutor) -> None:
        self._housekeeping()
        if self._is_held():
            return
        now = self._store.real_now()
        for row in self._store.rows(
            "SELECT id FROM delivery WHERE state = 'waiting' AND due_at <= ? AND leased_until <= ? ORDER BY due_at, id",
            *(now, now),
        ):
            if self._claim(row["id"], now):
                senders.submit(self.attempt, row["id"])

    def _claim(self, id_: int, now: float) -> bool:
        claimed = self._store.execute(
            "UPDATE delivery SET leased_until = ? WHERE id = ? AND leased_until <= ?",
            *(now + _LEASE_SECONDS, id_, now),
        )
        return claimed.rowcount == 1

    def _pause(self) -> float:
        """Return for how many seconds nothing is due. Who ends a hold wakes the courier."""
        if self._is_held():
            return _LONGEST_SLEEP_SECONDS
        due = self._store.rows("SELECT min(max(due_at, leased_until)) AS at FROM delivery WHERE state = 'waiting'")[0][
            "at"
        ]
        return _LONGEST_SLEEP_SECONDS if due is None else min(max(due - self._store.real_now(), 0.01), 1.0)

    def attempt(self, id_: int) -> Outcome:
        """Send this delivery now, in any state, and store the result."""
        found = self._store.rows("SELECT * FROM delivery WHERE id = ?", id_)
        event = self._store.get(found[0]["event"]) if found else None
        if event is None:
            return Outcome(None, "The event is gone.")
        row, endpoint, now = found[0], self.endpoint(), self._store.real_now()
        body = body_of(event, thin=switched(self._store, "thin_events"))
        outcome = send(endpoint, body, int(now))
        attempts = row["attempts"] + 1
        wait = self._retry_seconds[min(attempts, len(self._retry_seconds)) - 1]
        gives_up = now + wait > row["first_at"] + GIVE_UP_SECONDS
        state = "delivered" if outcome.delivered else "failed" if gives_up else "waiting"
        self._store.execute(
            "UPDATE delivery SET state = ?, attempts = ?, due_at = ?, leased_until = 0, last_status = ?,"
            " last_error = ? WHERE id = ?",
            *(state, attempts, self._store.real_now() + wait, outcome.status, outcome.error, id_),
        )
        self.wake()
        return outcome

    def again(self, event_id: str) -> None:
        """Deliver this event once more, now."""
        now = self._store.real_now()
        self._store.execute(
            "INSERT INTO delivery (event, due_at, state, first_at) VALUES (?, ?, 'waiting', ?)", event_id, now, now
        )
        self.wake()

    def flush(self, *, order: str, copies: int, together: bool, events: list[str] | None) -> list[dict[str, Any]]:
        """Send the waiting deliveries now, in this order, or these events; for tests. `together`: all at once."""
        ids = self._ids(events) * copies
        if order == "reversed":
            ids.reverse()
        elif order == "shuffled":
            random.shuffle(ids)
        with ThreadPoolExecutor(len(ids) or 1 if together else 1) as senders:
            outcomes = list(senders.map(self.attempt, ids))
        return [
            {"delivery": id_, "status": outcome.status, "error": outcome.error}
            for id_, outcome in zip(ids, outcomes, strict=True)
        ]

    def _ids(self, events: list[str] | None) -> list[int]:
        if events is None:
            waiting = self._store.rows("SELECT id FROM delivery WHERE state = 'waiting' ORDER BY id")
            return [row["id"] for row in waiting]
        rows = self._store.rows("SELECT event, min(id) AS id FROM delivery GROUP BY event")
        first = {row["event"]: row["id"] for row in rows}
        return [first[event] for event in events if event in first]


def body_of(event: dict[str, Any], *, thin: bool = False) -> str:
    """Return what is sent: the event with its object, or a thin one that only names it."""
    return json.dumps(objects.thin(event) if thin else objects.public(event), indent=2)
