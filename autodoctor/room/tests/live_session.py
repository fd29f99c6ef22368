"""A running session with signed-in people, without the steps before it."""

from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.accounts.session_store import SessionStore
from autodoctor.accounts.staff_sessions import SIGNED_IN_AT
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.states import State


def live_session(customer: User, mechanic: User | None, **changes: object) -> Session:
    """A chat that began a minute ago and has half an hour left."""
    now = timezone.now()
    facts = {
        "kind": "chat",
        "state": State.LIVE,
        "plan_slug": "chat",
        "plan_name": "Quick Chat",
        "price_cents": 999,
        "granted_seconds": 1800,
        "concern": "It rattles",
        "waiver_at": now,
        "state_at": now,
        "created_at": now,
        "payable_until": now,
        "started_at": now - timedelta(minutes=1),
        "ends_at": now + timedelta(minutes=30),
    }
    session = Session(id=uuid4(), customer=customer, mechanic=mechanic, **(facts | changes))
    session.save(force_insert=True)
    for user, role in ((customer, "customer"), (mechanic, "mechanic")):
        if user:
            Participant.objects.create(session=session, user=user, role=role, joined_at=now, present=True)
    return session


def cookie(user: User) -> str:
    """Return the key of a signed-in session."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store[SIGNED_IN_AT] = timezone.now().timestamp()
    store.create()
    return str(store.session_key)
