"""Rows for `bench.seed`, written with COPY: what is not given is empty or zero, as the model's types have it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from django.apps import apps
from django.db import connection, models

YEARS = timedelta(days=3 * 365)
CUSTOMERS_PER_SESSION = 0.3
MECHANICS = 500
UNPAID_EVERY = 10
BATCH = 5_000
NULL = r"\N"
NOTHING: dict[type[Any], str] = {
    models.BooleanField: "f",
    models.JSONField: "{}",
    models.DateTimeField: "2026-01-01 00:00+00",
    models.FloatField: "0",
    models.IntegerField: "0",
}


class History:
    """`sessions` sessions, evenly over three years up to `now`. The same numbers give the same rows."""

    same: Mapping[str, Mapping[str, str]] = {}  # what every row of a table has, by column

    def __init__(self, sessions: int, events: int, now: datetime) -> None:
        self.sessions, self.events, self.now = sessions, events, now
        self.people = MECHANICS + max(MECHANICS, int(sessions * CUSTOMERS_PER_SESSION))
        self._random = Random(1)
        self._ids = [f"{self._random.getrandbits(128):032x}" for _ in range(sessions)]
        self._persons = [f"{self._random.getrandbits(128):032x}" for _ in range(self.people)]

    def write(self) -> Iterator[tuple[str, int]]:
        """Yield each table with its number of rows, once they are there."""
        for label, columns, rows in self._tables():
            yield label, copy(label, columns, rows, self.same.get(label, {}))

    def _tables(self) -> Iterator[tuple[str, str, Iterable[tuple[object, ...]]]]:
        yield "accounts.User", "id email name time_zone is_active", self._people()
        yield "accounts.MechanicProfile", "user_id state taking_sessions", self._mechanics()
        yield "autodoctor_sessions.Session", SESSION, self._sessions()
        yield "autodoctor_sessions.Participant", "session_id user_id role last_seen_at", self._participants()
        yield "autodoctor_sessions.SessionEvent", EVENT, self._events()
        yield "payments.Payment", PAYMENT, self._payments()
        yield "payments.StripeEvent", "id type received_at processed_at", self._inbox()
        yield "sessions.Session", "session_key session_data expire_date", self._browsers()
        yield "rates.Count", "key full_at", ((f"changes:{n}", self.now.timestamp() - 60) for n in range(self.sessions))

    def _people(self) -> Iterator[tuple[object, ...]]:
        for number, key in enumerate(self._persons):
            yield key, f"{number}@example.org", f"Person {number}", "UTC", "t"

    def _mechanics(self) -> Iterator[tuple[object, ...]]:
        return ((key, "approved", "t") for key in self._persons[:MECHANICS])

    def _each(self) -> Iterator[tuple[int, str, str, bool]]:
        """Yield number, id, moment and whether it was paid, the oldest first."""
        apart = YEARS / self.sessions
        for number, key in enumerate(self._ids):
            at = (self.now - apart * (self.sessions - number)).astimezone(UTC)
            yield number, key, f"{at:%Y-%m-%d %H:%M}", number % UNPAID_EVERY != 0

    def _of(self, number: int) -> tuple[str, str]:
        customers = self.people - MECHANICS
        return self._persons[MECHANICS + number % customers], self._persons[number % MECHANICS]

    def _sessions(self) -> Iterator[tuple[object, ...]]:
        for number, key, minute, paid in self._each():
            customer, mechanic = self._of(number)
            at, state = f"{minute}:00+00", "completed" if paid else "cancelled"
            later = at if paid else NULL
            seq = self.events if paid else 2
            yield key, state, customer, mechanic if paid else NULL, seq, at, at, later, later, later, at, later

    def _participants(self) -> Iterator[tuple[object, ...]]:
        for number, key, minute, paid in self._each():
            for role, person in zip(("customer", "mechanic")[: 1 + paid], self._of(number), strict=False):
                yield key, person, role, f"{minute}:00+00"

    def _events(self) -> Iterator[tuple[object, ...]]:
        """Two of three are messages, as in a chat."""
        text = json.dumps({"text": "It rattles when it is cold, and only at the lights. " * 2})
        for _, key, minute, paid in self._each():
            for seq in range(1, 1 + (self.events if paid else 2)):
                says = seq % 3 != 0
                client_id = f"{self._random.getrandbits(128):032x}" if says else NULL
                kind, data = ("message.posted", text) if says else ("participant.joined", "{}")
                yield key, seq, kind, f"{minute}:{seq % 60:02d}+00", client_id, data

    def _payments(self) -> Iterator[tuple[object, ...]]:
        for number, key, minute, paid in self._each():
            at, state = f"{minute}:00+00", "captured" if paid else "expired"
            closed = at if paid else NULL
            yield key[::-1], key, self._of(number)[0], state, f"cs_{number}", f"pi_{number}", at, closed, closed, at

    def _inbox(self) -> Iterator[tuple[object, ...]]:
        for number, _, minute, _paid in self._each():
            for kind in ("checkout.session.completed", "charge.captured"):
                at = f"{minute}:00+00"
                yield f"evt_{kind}_{number}", kind, at, at

    def _browsers(self) -> Iterator[tuple[object, ...]]:
        """Half of them of the last weeks."""
        for number, key in enumerate(self._ids):
            yield key, "x" * 300, f"{self.now + timedelta(days=7 if number % 2 else -7):%Y-%m-%d %H:%M}:00+00"


SESSION = (
    "id state customer_id mechanic_id seq created_at payable_until requested_at accepted_at started_at ended_at "
    "summarized_at"
)
EVENT = "session_id seq kind at client_id data"
PAYMENT = "id owner_id payer_id state checkout_id intent_id created_at authorized_at closed_at decided_at"


def copy(label: str, given: str, rows: Iterable[tuple[object, ...]], same: Mapping[str, str]) -> int:
    """Write rows with these columns, and with what is the `same` in all. Return how many there were."""
    model = apps.get_model(label)
    varying = given.split()
    fixed = {
        str(field.column): same.get(str(field.column)) or _nothing(field)
        for field in model._meta.concrete_fields
        if field.column not in varying and not isinstance(field, models.AutoField | models.GeneratedField)
    }
    line = "\t".join([*(["%s"] * len(varying)), *(value.replace("%", "%%") for value in fixed.values())]) + "\n"
    names = ", ".join([*varying, *fixed])
    count, rest = 0, iter(rows)
    with connection.cursor() as cursor, cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as target:
        while batch := list(islice(rest, BATCH)):
            target.write("".join([line % row for row in batch]))
            count += len(batch)
    return count


def _nothing(field: "models.Field[Any, Any]") -> str:
    if field.null:
        return NULL
    return next((value for kind, value in NOTHING.items() if isinstance(field, kind)), "")
