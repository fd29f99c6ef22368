"""Everything that changes a handover: make its code, ask with it, answer, end it.

What concerns a phone is an entry of the session's log, for its person alone. The laptop has the account; the phone has
none.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.accounts.signals import access_changed
from autodoctor.core import acting
from autodoctor.core.errors import Refused
from autodoctor.handover import codes, passes
from autodoctor.handover.models import Handover, Stage
from autodoctor.sessions.event_data import HandoverData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import OPEN, EventKind, State

LASTS = timedelta(minutes=10)
NUMBERS = range(10, 100)  # two digits: read at a glance, and a stranger's phone rarely shows the same
TOKEN_BYTES = 32


@dataclass(frozen=True)
class Phone:
    """A browser that asks: its cookie, if we gave it one before, what it is in words, and who is signed in there."""

    token: str
    device: str
    account: User | None = None


@acting.system
def make(*, session_id: UUID, user: User, now: datetime) -> tuple[Handover, str]:
    """Make a code for this person's part in a session; it takes the place of an earlier one that no phone has used.

    Raises `Session.DoesNotExist` for a stranger, and `Refused` before the payment, after the end, and while a phone is
    connected.
    """
    with session_transaction(session_id, now) as state:
        who = _party(user, state.session)
        if state.session.state not in OPEN - {State.DRAFT}:
            raise Refused("session_closed", _("You can use a phone from the payment until the end of the session."))
        earlier = _unended(state.session, user)
        if any(one.stage(now) is Stage.OPEN for one in earlier):
            raise Refused("phone_connected", _("A phone is connected already. Disconnect it first."))
        _end(earlier, state.session, who, now)
        code = _unused_code()
        handover = Handover.objects.create(
            session=state.session,
            person=user,
            code_hash=codes.hash_of(code),
            made_at=now,
            expires_at=now + LASTS,
        )
    return handover, code


@acting.system
def ask(*, code: str, phone: Phone, now: datetime) -> tuple[Handover, str]:
    """Ask with a code to join; returns the handover and the token that this phone, and no other, goes on with.

    Asking again with the token changes nothing, and neither does the person themself, who is signed in there. Raises
    `Handover.DoesNotExist` for a code that opens nothing, and `Refused` for a second phone and for somebody else.
    """
    found = Handover.objects.get(code_hash=codes.hash_of(code))
    with session_transaction(found.session_id, now) as state:
        handover = Handover.objects.get(pk=found.pk)
        handover.session = state.session
        if handover.token_hash and not passes.belongs_to(handover, phone.token):
            raise _second_phone(handover, now)
        stage = handover.stage(now)
        if phone.account and stage is not Stage.OVER:
            return _known(handover, phone.account), phone.token
        match stage:
            case Stage.OVER:
                raise Handover.DoesNotExist
            case Stage.ASKED | Stage.OPEN:
                return handover, phone.token
            case Stage.OFFERED:
                return handover, _begin(handover, phone.device, state.session, now)


@acting.system
def is_asking(*, code: str, token: str) -> bool:
    """Return whether this browser is the one that asked with this code. Whoever guesses is not."""
    if not token:
        return False
    return Handover.objects.filter(code_hash=codes.hash_of(code), token_hash=codes.hash_of(token)).exists()


def _second_phone(handover: Handover, now: datetime) -> Exception:
    if handover.stage(now) is Stage.OVER:
        return Handover.DoesNotExist()
    return Refused(
        "second_phone", _("Another phone has opened this code. A code opens on one phone. Make a new one there.")
    )


def _known(handover: Handover, account: User) -> Handover:
    if account != handover.person:
        sentence = _("Somebody else is signed in on this phone. Sign out here, or use another browser.")
        raise Refused("another_account", sentence)
    return handover


def _begin(handover: Handover, device: str, session: Session, now: datetime) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    handover.token_hash, handover.device, handover.asked_at = codes.hash_of(token), device, now
    handover.number = secrets.choice(NUMBERS)
    handover.save(update_fields=["token_hash", "device", "asked_at", "number"])
    _log(EventKind.HANDOVER_ASKED, handover, session, None, now)
    return token


@acting.system
def answer(*, session_id: UUID, handover_id: UUID, user: User, allow: bool, now: datetime) -> Handover:
    """The laptop lets the phone in, or does not. Repeating the answer changes nothing.

    Raises `Session.DoesNotExist` for a stranger, and `Refused` if this phone is not waiting any more.
    """
    with session_transaction(session_id, now) as state:
        who = _party(user, state.session)
        handover = _unended(state.session, user).filter(pk=handover_id).first()
        stage = handover.stage(now) if handover else Stage.OVER
        if handover and stage is Stage.OPEN and allow:
            return handover
        if handover is None or stage is not Stage.ASKED:
            raise Refused("not_waiting", _("This phone is not waiting any more. Make a new code."))
        if allow:
            handover.confirmed_at, handover.access_hash = now, codes.access_of(user)
            handover.save(update_fields=["confirmed_at", "access_hash"])
            _log(EventKind.HANDOVER_CONFIRMED, handover, state.session, who, now)
        else:
            _end([handover], state.session, who, now)
        return handover


@acting.system
def end(*, session_id: UUID, user: User, now: datetime) -> None:
    """Disconnect the phone, and make the code useless. The session goes on. Without either nothing happens."""
    with session_transaction(session_id, now) as state:
        who = _party(user, state.session)
        _end(_unended(state.session, user), state.session, who, now)


def _end(handovers: Iterable[Handover], session: Session, who: event_log.Actor, now: datetime) -> None:
    """Only what a phone had come to know is news; its open page is closed."""
    for handover in handovers:
        handover.ended_at, handover.has_call = now, False
        handover.save(update_fields=["ended_at", "has_call"])
        if handover.confirmed_at:
            _log(EventKind.HANDOVER_ENDED, handover, session, who, now)
            key = passes.name_of(handover)
            tell = partial(access_changed.send_robust, sender=User, user_id=handover.person_id, session_key=key)
            transaction.on_commit(tell)
        elif handover.asked_at:
            _log(EventKind.HANDOVER_REFUSED, handover, session, who, now)


def _log(kind: EventKind, handover: Handover, session: Session, who: event_log.Actor | None, now: datetime) -> None:
    role = event_log.actor(handover.person, session).role
    data = HandoverData(device=handover.device)
    event_log.append_event(session, kind, at=now, by=who, audience=SessionEvent.Audience(role), data=data)


def _party(user: User, session: Session) -> event_log.Actor:
    who = event_log.actor(user, session)
    if who.role == Role.SUPPORT or user.is_staff:
        raise Refused("not_a_party", _("Only the customer and the mechanic can do this."), 403)
    return who


def _unended(session: Session, user: User) -> QuerySet[Handover]:
    return Handover.objects.select_related("session", "person").filter(session=session, person=user, ended_at=None)


def _unused_code() -> str:
    code = codes.new()
    return code if not Handover.objects.filter(code_hash=codes.hash_of(code)).exists() else _unused_code()
