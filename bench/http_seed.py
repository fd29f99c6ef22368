"""Fills the database of one run of `bench.http` or `bench.history`, and prints the pages to ask for. Wants Django.

The present is the same every time, down to the ids: people, a running call with its chat, requests in the queue, and
what a month leaves behind. The history, three years that end before the month, is as long as asked.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session as Cookie
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.accounts.session_store import SessionStore
from autodoctor.accounts.staff_sessions import ACTIVE_AT, SIGNED_IN_AT
from autodoctor.payments.models import Earning, Movement, Payment, PayoutAccount
from autodoctor.sessions.models import Participant, Session, SessionEvent
from autodoctor.sessions.states import EventKind, State
from bench.seed_rows import History

LASTS = timedelta(hours=2)
MESSAGES = 60  # of the running call
OVER_LATELY = 30  # sessions of this month
WAITING = 5  # requests
A_FORTNIGHT = timedelta(days=14)  # on any day, the month of that day has at least so many days with charges
FIRST_AGO = timedelta(days=95)  # the last of the history: no page shows a period that reaches so far back
EVENTS = 2  # of each session of the history
OWN = 2000  # sessions of the history at most that are of the two people who look
SHARE, PRICE = 70, 2999  # percent, cents
TEXTS = (
    "It rattles when it is cold, and only at the lights.",
    "Can you open the hood and start the engine, please?",
    "One moment. The manual is at https://example.org/manual?page=12, is that the right one?",
    "Yes. Look at the belt on the left: is it wet?",
)
VEHICLE = {"make": "Volvo", "model": "240", "year": 1987}

_random = Random(7)
_numbers = count(1)


def main(sessions: int) -> None:
    call_command("migrate", verbosity=0)
    now = timezone.now()
    with transaction.atomic():
        people = [_person(name, is_staff=name.startswith("Sam")) for name in ("Casey Carr", "Morgan Muir", "Sam Stone")]
        customer, mechanic, _support = people
        MechanicProfile.objects.create(
            user=mechanic, state="approved", taking_sessions=True, years_experience=9, headline="Engines", skills="All"
        )
        PayoutAccount.objects.create(
            user=mechanic,
            stripe_id="acct_1",
            details_submitted=True,
            transfers_enabled=True,
            created_at=now,
            checked_at=now,
        )
        live = _present(customer, mechanic, now)
        cookies = [_cookie(person, now) for person in people]
        Cookie.objects.bulk_create(cookies)
    if sessions:
        _write_history(sessions, customer, mechanic, now - FIRST_AGO)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    keys = [cookie.session_key for cookie in cookies]
    sys.stdout.write(json.dumps({name: [path, key] for name, path, key in _pages(live, people, keys)}))


def _pages(live: Session, people: list[User], keys: list[str]) -> Iterator[tuple[str, str, str]]:
    customer, mechanic, support = keys
    yield "landing", "/", ""
    yield "sign-in", "/sign-in/", ""
    yield "customer's dashboard", "/dashboard/", customer
    yield "mechanic's dashboard", "/dashboard/", mechanic
    yield "room", f"/sessions/{live.id}/", customer
    yield "room's panels", f"/sessions/{live.id}/panel/", customer
    yield "earnings", f"/dashboard/earnings/?month={timezone.now() - A_FORTNIGHT:%Y-%m}", mechanic
    yield "own sessions (API)", "/api/sessions?limit=20", customer
    yield "case", f"/support/sessions/{live.id}/", support
    yield "search by car", "/support/search/?q=volvo", support
    yield "search by name", "/support/search/?q=morgan", support
    yield "a person", f"/support/people/{people[0].id}/", support
    yield "numbers", "/support/numbers/", support
    yield "money", "/support/money/", support


def _id() -> UUID:
    return UUID(int=_random.getrandbits(128))


def _person(name: str, *, is_staff: bool) -> User:
    email = f"{name.split(maxsplit=1)[0].lower()}@example.org"
    return User.objects.create(
        id=_id(), email=email, name=name, password="!bench", is_staff=is_staff, time_zone="America/Chicago"
    )


def _cookie(user: User, now: datetime) -> Cookie:
    """What signing in leaves behind. Of staff also a password that stays fresh for as long as this lasts."""
    later = (now + LASTS).timestamp()
    content = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
        SIGNED_IN_AT: now.timestamp(),
        ACTIVE_AT: now.timestamp(),
        AUTHENTICATION_METHODS_SESSION_KEY: [{"method": "password", "at": later}],
    }
    key = f"{_random.getrandbits(128):032x}"
    return Cookie(session_key=key, session_data=SessionStore().encode(content), expire_date=now + LASTS)


def _present(customer: User, mechanic: User, now: datetime) -> Session:
    """Write the running call, the queue, and the sessions of this month. Return the call."""
    live = _session(
        customer,
        mechanic,
        now - timedelta(minutes=20),
        state=State.LIVE,
        ends_at=now + LASTS,
        clock_at=now,
        granted_seconds=int(LASTS.total_seconds()),
    )
    over = [
        _session(customer, mechanic, at, state=State.COMPLETED, ended_at=at + timedelta(minutes=25), **_rated(at))
        for at in (now - timedelta(hours=20 * number + 2) for number in range(OVER_LATELY))
    ]
    waiting = [
        _session(customer, None, now - timedelta(minutes=number + 1), state=State.REQUESTED)
        for number in range(WAITING)
    ]
    Session.objects.bulk_create([live, *over, *waiting])
    seats = [(session, user, role) for session in (live, *over) for user, role in _seats(session)]
    Participant.objects.bulk_create(
        Participant(session=session, user=user, role=role, present=session is live, joined_at=session.started_at)
        for session, user, role in seats
    )
    SessionEvent.objects.bulk_create(_log(live))
    _pay([live, *waiting], over)
    return live


def _rated(at: datetime) -> dict[str, object]:
    later = at + timedelta(hours=1)
    return {"end_reason": "ended_by_customer", "summarized_at": later, "stars": 5, "rated_at": later}


def _seats(session: Session) -> Iterable[tuple[User, str]]:
    assert session.mechanic
    return (session.customer, "customer"), (session.mechanic, "mechanic")


def _session(customer: User, mechanic: User | None, at: datetime, **facts: object) -> Session:
    taken = {"accepted_at": at, "started_at": at} if mechanic else {}
    fixed = {
        "id": _id(),
        "kind": "video",
        "plan_slug": "video",
        "plan_name": "Video Call",
        "price_cents": PRICE,
        "chat_price_cents": 999,
        "chat_seconds": 900,
        "granted_seconds": 1800,
        "vehicle": VEHICLE,
        "concern": TEXTS[0],
        "waiver_at": at,
        "state_at": at,
        "created_at": at,
        "payable_until": at,
        "requested_at": at,
        "seq": 4,
        "state_seq": 2,
        "clock_seq": 2,
    }
    return Session(customer=customer, mechanic=mechanic, **{**fixed, **taken, **facts})


def _log(live: Session) -> Iterator[SessionEvent]:
    live.seq = MESSAGES + 4
    begins = [EventKind.SESSION_REQUESTED, EventKind.SESSION_ACCEPTED, EventKind.PARTICIPANT_JOINED]
    kinds = [*begins, EventKind.SESSION_STARTED, *([EventKind.MESSAGE_POSTED] * MESSAGES)]
    for seq, kind in enumerate(kinds, start=1):
        user, role = (*_seats(live),)[seq % 2]
        said: dict[str, object] = {"text": TEXTS[seq % len(TEXTS)]} if kind == EventKind.MESSAGE_POSTED else {}
        data = said | ({"session": live.payload()} if kind.carries_session else {})
        at = live.created_at + timedelta(seconds=10 * seq)
        yield SessionEvent(
            session=live, seq=seq, kind=kind, at=at, actor_id=user.id, actor_role=role, actor_name=user.name, data=data
        )
    Session.objects.filter(pk=live.pk).update(seq=live.seq)


def _pay(held: list[Session], over: list[Session]) -> None:
    Payment.objects.bulk_create(_payment(session, "authorised") for session in held)
    for session in over:
        payment = _payment(session, "captured", due_cents=PRICE, captured_cents=PRICE)
        payment.decided_at = payment.closed_at = session.ended_at
        payment.save(force_insert=True)
        share, ended = PRICE * SHARE // 100, session.ended_at
        if session.mechanic is None or ended is None:
            continue
        earning = Earning.objects.create(
            id=_id(), payment=payment, mechanic=session.mechanic, share_percent=SHARE, gross_cents=PRICE,
            transferred_cents=share, settled=True, completed_at=ended, payable_at=ended, created_at=ended,
            awaits_summary=False,
        )  # fmt: skip
        Movement.objects.create(
            id=_id(), earning=earning, kind="transfer", state="done", amount_cents=share, account_id="acct_1",
            stripe_id=f"tr_{next(_numbers)}", created_at=ended, done_at=ended,
        )  # fmt: skip


def _payment(session: Session, state: str, **amounts: int) -> Payment:
    at, number = session.created_at, next(_numbers)
    return Payment(
        id=_id(), owner_id=session.id, payer=session.customer, purpose="booking", description="Video Call",
        state=state, amount_cents=PRICE, seconds=1800, intent_id=f"pi_now_{number}", checkout_id=f"cs_now_{number}",
        charge_id=f"ch_now_{number}", card_brand="visa", card_last4="4242", created_at=at, authorized_at=at, **amounts,
    )  # fmt: skip


class Past(History):
    """Three years of sessions that are over, all of them, or of a long history some, of the two people who look."""

    def __init__(self, sessions: int, customer: User, mechanic: User, now: datetime) -> None:
        self.same = SAME
        super().__init__(sessions, EVENTS, now)
        self._looking = customer.id.hex, mechanic.id.hex
        self._every = max(1, sessions // OWN)

    def _of(self, number: int) -> tuple[str, str]:
        return self._looking if number % self._every == 1 % self._every else super()._of(number)

    def _tables(self) -> Iterator[tuple[str, str, Iterable[tuple[object, ...]]]]:
        yield from super()._tables()
        yield "payments.Earning", EARNING, self._earnings()
        yield "payments.Movement", MOVEMENT, self._movements()
        yield "payments.Refund", "id payment_id amount_cents state stripe_id created_at", self._refunds()

    def _paid(self) -> Iterator[tuple[int, str, str]]:
        return ((number, key, f"{minute}:00+00") for number, key, minute, paid in self._each() if paid)

    def _earnings(self) -> Iterator[tuple[object, ...]]:
        share = PRICE * SHARE // 100
        for number, key, at in self._paid():
            yield key, key[::-1], self._of(number)[1], SHARE, PRICE, share, "t", at, at, at

    def _movements(self) -> Iterator[tuple[object, ...]]:
        for number, key, at in self._paid():
            yield key, key, "transfer", "done", PRICE * SHARE // 100, f"tr_past_{number}", at, at

    def _refunds(self) -> Iterator[tuple[object, ...]]:
        return ((key, key[::-1], 100, "issued", f"re_{n}", at) for n, key, at in self._paid() if n % 20 == 1)


EARNING = (
    "id payment_id mechanic_id share_percent gross_cents transferred_cents settled completed_at payable_at created_at"
)
MOVEMENT = "id earning_id kind state amount_cents stripe_id created_at done_at"
# What is the same in every row, by table.
SAME = {
    "payments.Payment": {
        "amount_cents": str(PRICE),
        "due_cents": str(PRICE),
        "captured_cents": str(PRICE),
        "purpose": "booking",
        "currency": "usd",
        "seconds": "1800",
        "description": "Video Call",
    },
    "payments.Earning": {"currency": "usd"},
    "autodoctor_sessions.Session": {
        "kind": "video",
        "plan_slug": "video",
        "plan_name": "Video Call",
        "price_cents": str(PRICE),
        "granted_seconds": "1800",
        "stars": "4",
        "vehicle": json.dumps(VEHICLE),
        "vehicle_search": " volvo 240",
        "trouble_codes": "[]",
        "trouble_codes_said": "[]",
        "currency": "usd",
        "end_reason": "ended_by_customer",
    },
}


def _write_history(sessions: int, customer: User, mechanic: User, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # foreign keys are right as they are made
    for _table in Past(sessions, customer, mechanic, now).write():
        pass
