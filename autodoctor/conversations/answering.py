"""What support does with a conversation: take it, hand it back, answer, close."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.conversations import notify, record
from autodoctor.conversations.messages import Answer, checked
from autodoctor.conversations.models import Conversation, Entry, Kind, State
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import visible_text

NOTE_LENGTH = 200


def answer(*, conversation_id: UUID, by: User, answer: Answer, now: datetime, closes: bool = False) -> Entry:
    """Send support's answer, and a mail with it. `closes`: the conversation is then closed.

    Raises `Conversation.DoesNotExist` for a person outside support and for an unconfirmed address, `Refused` for
    invalid text and if somebody wrote since the page was shown.
    """
    _check_staff(by)
    with record.conversation_transaction(conversation_id) as conversation:
        _check_confirmed(conversation)
        who = record.staff(by)
        if before := record.repeated(conversation, Kind.ANSWERED, by=who, client_id=answer.token):
            return before
        words = checked(answer.text)
        record.check_seen(conversation, by=by, seen=answer.seen)
        said = record.append(conversation, Kind.ANSWERED, by=who, at=now, text=words, client_id=answer.token)
        record.enter(conversation, State.ANSWERED, now)
        if closes:
            record.append(conversation, Kind.CLOSED, by=who, at=now)
            record.enter(conversation, State.CLOSED, now)
        notify.answered(conversation, words, now)
        return said


def close(*, conversation_id: UUID, by: User, note: str, now: datetime, seen: int | None = None) -> Conversation:
    """Close it without another answer. `note` says why, for support. Closing it twice closes it once.

    Raises like `answer`, and `Refused` without a note.
    """
    _check_staff(by)
    with record.conversation_transaction(conversation_id) as conversation:
        _check_confirmed(conversation)
        if conversation.state == State.CLOSED:
            return conversation
        why = visible_text(note)[:NOTE_LENGTH]
        if not why:
            raise Refused("no_reason", _("Enter a reason. Other people read it later."), 422)
        record.check_seen(conversation, by=by, seen=seen)
        record.append(conversation, Kind.CLOSED, by=record.staff(by), at=now, note=why)
        record.enter(conversation, State.CLOSED, now)
        notify.closed(conversation, now)
        return conversation


def take(*, conversation_id: UUID, by: User, now: datetime, instead_of: UUID | None = None) -> Conversation:
    """Assign an open question to this person. A second person is refused, unless they name the holder that they saw.

    Raises `Conversation.DoesNotExist` and `Refused`; so does `hand_back`.
    """
    _check_staff(by)
    with record.conversation_transaction(conversation_id) as conversation:
        _check_open(conversation)
        holder = conversation.taken_by
        if holder and holder.pk == by.pk:
            return conversation
        if holder and holder.pk != instead_of:
            raise Refused("already_taken", _("%(name)s has already taken this question.") % {"name": holder.name})
        record.append(conversation, Kind.TOOK, by=record.staff(by), at=now, note=holder.name if holder else "")
        conversation.taken_by, conversation.taken_at = by, now
        return conversation


def hand_back(*, conversation_id: UUID, by: User, now: datetime) -> Conversation:
    """Return an open question to everybody."""
    _check_staff(by)
    with record.conversation_transaction(conversation_id) as conversation:
        _check_open(conversation)
        if conversation.taken_by_id is None:
            return conversation
        if conversation.taken_by_id != by.pk:
            raise Refused(
                "not_yours", _("Only the person who took this question can hand it back. You can take it over.")
            )
        record.append(conversation, Kind.HANDED_BACK, by=record.staff(by), at=now)
        conversation.taken_by = conversation.taken_at = None
        return conversation


def _check_staff(by: User) -> None:
    if not by.is_staff:
        raise Conversation.DoesNotExist


def _check_confirmed(conversation: Conversation) -> None:
    if conversation.state == State.UNCONFIRMED:
        raise Conversation.DoesNotExist


def _check_open(conversation: Conversation) -> None:
    _check_confirmed(conversation)
    if conversation.state != State.OPEN:
        raise Refused("already_done", _("This question has already been answered."))
