"""Fills a database with live sessions and their deadlines, and prints who sits where. Wants Django set up."""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import orjson
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session as Cookie
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.accounts.session_store import SessionStore
from autodoctor.scheduler.handlers import handler_of
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.record.participants import load_states
from autodoctor.sessions.rules.schedule import expected_deadlines
from autodoctor.sessions.states import State

BATCH = 500
LASTS = timedelta(hours=2)


def main(count: int) -> None:
    call_command("migrate", verbosity=0)
    seats: list[dict[str, str]] = []
    for first in range(0, count, BATCH):
        with transaction.atomic():
            seats += _seats(min(BATCH, count - first), timezone.now())
    sys.stdout.write(orjson.dumps(seats).decode())


def _seats(count: int, now: datetime) -> Iterator[dict[str, str]]:
    customers, mechanics = _people(count, "Casey Customer"), _people(count, "Morgan Mechanic")
    sessions = Session.objects.bulk_create(
        _live(customer, mechanic, now) for customer, mechanic in zip(customers, mechanics, strict=True)
    )
    Participant.objects.bulk_create(
        Participant(session=session, user=user, role=role, present=True, joined_at=now)
        for session in sessions
        for user, role in ((session.customer, "customer"), (session.mechanic, "mechanic"))
        if user
    )
    Job.objects.bulk_create(_jobs(sessions, now))
    cookies = [_cookie(user, now) for user in (*customers, *mechanics)]
    Cookie.objects.bulk_create(cookies)
    keys = [cookie.session_key for cookie in cookies]
    for session, customer_key, mechanic_key in zip(sessions, keys[:count], keys[count:], strict=True):
        yield _seat(session, str(session.customer_id), customer_key)
        yield _seat(session, str(session.mechanic_id), mechanic_key)


def _people(count: int, name: str) -> list[User]:
    return User.objects.bulk_create(
        User(email=f"{uuid4().hex}@example.org", name=name, password="!bench") for _ in range(count)
    )


def _live(customer: User, mechanic: User, now: datetime) -> Session:
    return Session(
        kind="chat",
        state=State.LIVE,
        customer=customer,
        mechanic=mechanic,
        plan_slug="chat",
        plan_name="Quick Chat",
        price_cents=999,
        granted_seconds=int(LASTS.total_seconds()),
        vehicle={"make": "Volvo", "model": "240", "year": 1987},
        concern="It rattles when cold.",
        waiver_at=now,
        state_at=now,
        created_at=now,
        payable_until=now,
        requested_at=now,
        accepted_at=now,
        started_at=now,
        clock_at=now,
        ends_at=now + LASTS,
    )


def _jobs(sessions: list[Session], now: datetime) -> Iterator[Job]:
    """Without their deadlines the first change of each session would have to write them."""
    for state in load_states(sessions, now).values():
        id_ = state.session.id
        for kind, at in expected_deadlines(state).items():
            yield Job(kind=kind, key=str(id_), session_id=id_, due_at=at, run_at=at, lane=handler_of(kind).lane)


def _cookie(user: User, now: datetime) -> Cookie:
    """What signing in leaves behind."""
    content = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    return Cookie(session_key=uuid4().hex, session_data=SessionStore().encode(content), expire_date=now + LASTS)


def _seat(session: Session, user_id: str, key: str) -> dict[str, str]:
    return {"session_id": str(session.pk), "user_id": user_id, "key": key}
