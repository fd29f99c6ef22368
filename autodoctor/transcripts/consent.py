"""Who agrees that what is said becomes a transcript. Both must, each can stop it at any moment, and it is in the log.

Off is what a session begins with. One asks, the other agrees: then it is on. Whoever stops it stops it for both.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.files import storage
from autodoctor.sessions.event_data import StoppedTranscriptData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import CLAIMED, EventKind, Kind
from autodoctor.transcripts import engines
from autodoctor.transcripts.models import Piece, Voice

PARTIES = (Role.CUSTOMER, Role.MECHANIC)
MOST_AGREED = 50  # times per session and person; to stop it is always possible


@dataclass(frozen=True)
class Agreement:
    """Who of the two agrees now, by their ids."""

    customer_id: UUID
    mechanic_id: UUID | None
    agreed: dict[UUID, datetime]

    @property
    def on_since(self) -> datetime | None:
        """Return since when both agree; None while one does not."""
        mechanic = self.agreed.get(self.mechanic_id) if self.mechanic_id else None
        customer = self.agreed.get(self.customer_id)
        return max(customer, mechanic) if customer and mechanic else None

    @property
    def asked_by(self) -> UUID | None:
        """Return who waits for the other's answer."""
        return None if self.on_since else next(iter(self.agreed), None)


def agreement_of(session: Session) -> Agreement:
    """Return who agrees. Who agreed with one mechanic is asked anew by the next one."""
    people = [session.customer_id, session.mechanic_id]
    rows = Voice.objects.filter(session=session, user_id__in=filter(None, people)).values_list("user_id", "agreed_at")
    since = _another_left_at(session)
    agreed = {user_id: at for user_id, at in rows if at and not (since and at <= since)}
    return Agreement(session.customer_id, session.mechanic_id, agreed)


def _another_left_at(session: Session) -> datetime | None:
    """Return when the last mechanic was released from the session, or left it to another one while it ran."""
    if not session.handed_over and session.released_at is None:
        return None
    left = Participant.objects.filter(session=session).aggregate(
        handed_over=Max("handed_over_at"), released=Max("released_at")
    )
    return max(filter(None, left.values()), default=None)


def offers_transcript(session: Session) -> bool:
    """Return whether the two can agree to a transcript now: in a call, where there is something that makes one."""
    return session.kind != Kind.CHAT and session.state in CLAIMED and engines.is_there()


def agree(*, session_id: UUID, by: User, now: datetime) -> Agreement:
    """Ask for a transcript, or agree to what the other has asked for. Repeating it changes nothing.

    Raises `Session.DoesNotExist` for a stranger, `Refused` for support, where no transcript is offered, and for who has
    asked and stopped it over and over.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, _party(by, state.session)
        if not offers_transcript(session):
            raise Refused("no_transcript", _("There is no transcript to agree to now."))
        before = agreement_of(session)
        if by.id in before.agreed:
            return before
        _check_number(session, by)
        voice = Voice.objects.get_or_create(session=session, user=by, defaults={"role": who.role, "name": who.name})[0]
        voice.agreed_at = now
        voice.save(update_fields=["agreed_at"])
        kind = EventKind.TRANSCRIPT_AGREED if before.asked_by else EventKind.TRANSCRIPT_ASKED
        event_log.append_event(session, kind, at=now, by=who)
        if before.asked_by and session.recorded_at is None:
            session.recorded_at = now
        return agreement_of(session)


def stop(*, session_id: UUID, by: User, erase: bool = False, now: datetime) -> Agreement:
    """Refuse, or stop it for both. `erase`: what was recorded until now is deleted instead of becoming text.

    Raises `Session.DoesNotExist` for a stranger, `Refused` for support.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, _party(by, state.session)
        before = agreement_of(session)
        Voice.objects.filter(session=session).update(agreed_at=None)
        has_erased = erase and erase_sound(session_id)
        if before.agreed or has_erased:
            data = StoppedTranscriptData(was_on=before.on_since is not None, erased=has_erased)
            event_log.append_event(session, EventKind.TRANSCRIPT_STOPPED, at=now, by=who, data=data)
        return agreement_of(session)


def erase_sound(session_id: UUID) -> bool:
    """Delete the rows of what is not text yet, and after the commit the sound. Returns whether there was any."""
    pieces = list(Piece.objects.select_for_update(of=("self",)).filter(voice__session=session_id))
    Piece.objects.filter(pk__in=[piece.pk for piece in pieces]).delete()
    if pieces:
        transaction.on_commit(partial(_remove, [piece.key for piece in pieces]), robust=True)
    return bool(pieces)


def _remove(keys: list[str]) -> None:
    with suppress(OSError):  # the sweep will
        storage.remove(*keys)


def _check_number(session: Session, by: User) -> None:
    """Each of them notifies both sides."""
    kinds = (EventKind.TRANSCRIPT_ASKED, EventKind.TRANSCRIPT_AGREED)
    if session.events.filter(kind__in=kinds, actor_id=by.id).count() >= MOST_AGREED:
        raise Refused("too_many", _("You have changed this too often in this session."))


def _party(by: User, session: Session) -> event_log.Actor:
    who = event_log.actor(by, session)
    if who.role not in PARTIES:
        raise Refused("not_a_party", _("Only the customer and the mechanic can agree to a transcript."), 403)
    return who
