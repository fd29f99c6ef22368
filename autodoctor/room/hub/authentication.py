"""Authentication of handshakes: from cookies to people and their role in a session, for a whole batch at once.

What a browser shows is one word (`core/credentials.py`): a sign-in counts before the pass of a phone.
"""

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
from autodoctor.accounts.staff_sessions import Standing, standing
from autodoctor.core import credentials
from autodoctor.core.parsing import parse_uuid
from autodoctor.handover import passes
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log

# What a handshake judges and a welcome shows: of a session with its people that is a third.
_PERSON = ("name", "password", "sign_in_epoch", "is_active", "is_staff")
_SESSION = (
    *("seq", "kind", "state", "granted_seconds", "started_at", "ends_at", "paused_at", "hold_until", "allowed_seconds"),
    *("camera_answer", "camera_answer_to"),
    *("mechanic_lost_seconds", "customer_lost_seconds", "media_lost_seconds", "unpaused_lost_seconds"),
    *("ended_at", "end_reason", "customer", "mechanic"),
    *(f"{party}__{column}" for party in ("customer", "mechanic") for column in _PERSON),
)


@dataclass(frozen=True, slots=True)
class ConnectedUser:
    """A signed-in person, or the phone that they let into one session. `seal` changes with everything that can sign the
    person out.
    """

    session_key: str  # of a phone the name of its pass, which opens nothing
    user: User
    only: UUID | None = None  # the one session of a phone

    @property
    def seal(self) -> int:
        return _seal(self.user.password, self.user.sign_in_epoch, self.user.is_active, self.user.is_staff)


def _seal(password: str, epoch: int, is_active: bool, is_staff: bool) -> int:
    return hash((password, epoch, is_active, is_staff))


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's role in a session."""

    role: str
    session: Session


@dataclass(frozen=True, slots=True)
class Answer:
    """The result. No `guest`: signed out. No `place`: not a participant, or the request names no session."""

    guest: ConnectedUser | None = None
    place: Membership | None = None


def authenticate(knocks: Iterable[tuple[str, UUID | None]], now: datetime) -> list[Answer]:
    """Return the person and role for what each browser shows, and a session. Same checks as Django's middleware, in
    three queries for any number of browsers; one more where a phone knocks.
    """
    wanted = list(knocks)
    shown = Session.objects.select_related("customer", "mechanic").only(*_SESSION)
    sessions = shown.in_bulk({id_ for _, id_ in wanted if id_})
    keys = {credentials.session_key(word) for word, _ in wanted}
    guests = _recognize(keys, _parties(sessions.values()), now)
    phones = _phones({credentials.phone_token(word) for word, _ in wanted}, now)

    def guest(word: str) -> ConnectedUser | None:
        return guests.get(credentials.session_key(word)) or phones.get(credentials.phone_token(word))

    return [_answer(guest(word), sessions.get(id_) if id_ else None) for word, id_ in wanted]


def _phones(tokens: set[str], now: datetime) -> dict[str, ConnectedUser]:
    return {
        token: ConnectedUser(passes.name_of(found), found.person, found.session_id)
        for token, found in passes.find_all(tokens - {""}, now).items()
    }


def _answer(guest: ConnectedUser | None, session: Session | None) -> Answer:
    if guest and guest.only and (session is None or session.id != guest.only):
        return Answer()  # elsewhere a phone is a visitor
    if guest is None or session is None:
        return Answer(guest)
    role = event_log.role_in(guest.user, session)
    return Answer(guest, Membership(role, session) if role else None)


def _parties(sessions: Iterable[Session]) -> dict[UUID, User]:
    """Return participants among these people. Most handshakes are from participants, so no further lookup is needed."""
    return {user.id: user for session in sessions for user in (session.customer, session.mechanic) if user}


def _recognize(session_keys: set[str], known: dict[UUID, User], now: datetime) -> dict[str, ConnectedUser]:
    rows = Cookie.objects.filter(session_key__in=session_keys, expire_date__gt=now)
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    contents = {key: store.decode(data) for key, data in rows.values_list("session_key", "session_data")}
    ids = {key: id_ for key, content in contents.items() if (id_ := _user_id(content))}
    users = known | User.objects.in_bulk(set(ids.values()) - known.keys())
    return {
        key: ConnectedUser(key, users[id_])
        for key, id_ in ids.items()
        if _is_current(users.get(id_), contents[key], now)
    }


def _user_id(content: dict[str, Any]) -> UUID | None:
    if content.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    return parse_uuid(content.get(SESSION_KEY))


def _is_current(user: User | None, content: dict[str, Any], now: datetime) -> bool:
    """Return whether the person may sign in, the session of staff is whole, and the password is that of the sign-in."""
    if user is None or not user.is_active or standing(user, content, now) is not Standing.WHOLE:
        return False
    known = str(content.get(HASH_SESSION_KEY, ""))
    if constant_time_compare(known, user.get_session_auth_hash()):
        return True
    return any(constant_time_compare(known, older) for older in user.get_session_auth_fallback_hash())


def still_welcome(seals: dict[str, int], user_ids: dict[str, UUID], now: datetime) -> set[str]:
    """Return the cookies that are still valid, from their seals and people, without opening them again."""
    keys = Cookie.objects.filter(session_key__in=list(seals), expire_date__gt=now).values_list("session_key", flat=True)
    people = User.objects.filter(pk__in=set(user_ids.values()))
    facts = people.values_list("id", "password", "sign_in_epoch", "is_active", "is_staff")
    now_sealed = {
        id_: _seal(password, epoch, is_active, is_staff) for id_, password, epoch, is_active, is_staff in facts
    }
    valid = {*keys, *passes.still_good(list(seals), now)}
    return {key for key in valid if now_sealed.get(user_ids[key]) == seals[key]}
