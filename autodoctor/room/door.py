"""Who knocks: from cookies to people and their part in a session, for everybody who knocks at the same time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session as Cookie
from django.utils.crypto import constant_time_compare

from autodoctor.accounts.models import User
from autodoctor.sessions import log
from autodoctor.sessions.models import Session


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody signed in. `seal` changes with everything that may sign them out again."""

    session_key: str
    user: User

    @property
    def seal(self) -> int:
        return hash((self.user.password, self.user.is_active, self.user.is_staff))


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody is in a session, and how far its log had come by then."""

    session_id: UUID
    role: str
    session: dict[str, Any]
    seq: int


def recognise(session_keys: Iterable[str], now: datetime) -> dict[str, Guest]:
    """The people behind these cookies, by cookie: as Django's own middleware would, for many in two queries."""
    rows = Cookie.objects.filter(session_key__in=set(session_keys), expire_date__gt=now)
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    contents = {row.session_key: store.decode(row.session_data) for row in rows}
    ids = {key: _user_id(content) for key, content in contents.items()}
    users = User.objects.in_bulk({id_ for id_ in ids.values() if id_})
    guests = {}
    for key, content in contents.items():
        user = users.get(ids[key]) if ids[key] else None
        if user and user.is_active and _is_current(user, content):
            guests[key] = Guest(key, user)
    return guests


def _user_id(content: dict[str, Any]) -> UUID | None:
    if content.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        return UUID(content.get(SESSION_KEY, ""))
    except ValueError:
        return None


def _is_current(user: User, content: dict[str, Any]) -> bool:
    """Whether the password is still the one that was signed in with."""
    known = str(content.get(HASH_SESSION_KEY, ""))
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(known, current) for current in hashes)


def places(asked: Iterable[tuple[User, UUID]]) -> dict[tuple[UUID, UUID], Place]:
    """Each one's place in each session, by user and session id; whoever has none is left out."""
    wanted = list(asked)
    ids = {session_id for _, session_id in wanted}
    sessions = Session.objects.select_related("customer", "mechanic").in_bulk(ids)
    found = {}
    for user, session_id in wanted:
        session = sessions.get(session_id)
        role = session and log.role_in(user, session)
        if session and role:
            found[user.id, session_id] = Place(session.id, role, session.payload(), session.seq)
    return found


def still_welcome(guests: dict[str, int], user_ids: dict[str, UUID], now: datetime) -> set[str]:
    """Of these cookies (with their seals and their people) those that are still good, without opening them again."""
    keys = set(Cookie.objects.filter(session_key__in=list(guests), expire_date__gt=now).values_list("pk", flat=True))
    users = User.objects.in_bulk(set(user_ids.values()))
    return {key for key in keys if (user := users.get(user_ids[key])) and Guest(key, user).seal == guests[key]}
