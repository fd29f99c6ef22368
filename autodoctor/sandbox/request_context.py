"""One request's view of the sandbox: its time, its store, and its events."""

import random
from dataclasses import dataclass
from typing import Any

from autodoctor.sandbox import objects
from autodoctor.sandbox.errors import ApiError, in_parameter, no_such
from autodoctor.sandbox.forms import merge_metadata
from autodoctor.sandbox.store import Json, Store
from autodoctor.sandbox.switches import switched

_NAMES = {
    "checkout.session": "checkout.session",
    "payment_intent": "payment_intent",
    "payment_method": "PaymentMethod",
    "customer": "customer",
    "charge": "charge",
    "refund": "refund",
    "dispute": "dispute",
    "radar.early_fraud_warning": "early_fraud_warning",
    "event": "event",
    "account": "account",
    "transfer": "transfer",
}


@dataclass(frozen=True)
class Desk:
    """The context of one transaction of `store`; `now` is in whole epoch seconds."""

    store: Store
    now: int
    pages: str  # the public address that the hosted pages live under, without a trailing slash
    request_id: str | None = None
    idempotency_key: str | None = None

    def switched(self, name: str) -> Any:
        return switched(self.store, name)

    def find(self, kind: str, id_: str, param: str = "id") -> Json:
        """Return an object named by the path. Raises ApiError resource_missing, 404."""
        thing = self.store.get(id_)
        if thing is None or thing["object"] != kind or thing.get("deleted"):
            raise no_such(_NAMES[kind], id_, param)
        return thing

    def given(self, kind: str, id_: str, param: str) -> Json:
        """Return an object named by a parameter. Raises ApiError, 400."""
        try:
            return self.find(kind, id_, param)
        except ApiError as error:
            raise in_parameter(error) from None

    def save(self, thing: Json, *events: str) -> Json:
        self.store.put(thing)
        for kind in events:
            self.emit(kind, thing)
        return thing

    def update(self, thing: Json, given: Json, *events: str) -> Json:
        """Change members; metadata key by key, an empty one unsets all keys."""
        notes = given.get("metadata", thing["metadata"])
        merged = merge_metadata(thing["metadata"], notes) if notes else {}
        return self.save(thing | given | {"metadata": merged}, *events)

    def emit(self, kind: str, thing: Json) -> None:
        """Record the event and its delivery; the courier sends it after this transaction."""
        event = objects.event(
            kind, thing, now=self.now, request_id=self.request_id, idempotency_key=self.idempotency_key
        )
        self.store.put(event)
        policy = self.store.setting("webhooks", {})
        for _ in range(int(policy.get("copies", 1))):
            apart = random.uniform(0, float(policy.get("jitter_seconds", 0)))  # noqa: S311 chance, not secrecy
            due_at = self.store.real_now() + float(policy.get("delay_seconds", 0)) + apart
            self.store.execute(
                "INSERT INTO delivery (event, due_at, state, first_at) VALUES (?, ?, 'waiting', ?)",
                *(event["id"], due_at, due_at),
            )
