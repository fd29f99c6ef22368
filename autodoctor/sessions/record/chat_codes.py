"""The trouble codes that were named in chats, read from the log: a message costs nothing for it."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Left

from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import EventKind
from autodoctor.trouble_codes.reading import MOST_CHARACTERS, codes_in

MOST = 24  # of one chat, the first ones


def codes_said(session_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the codes in the messages of these sessions, each once, in their order, at most `MOST` of each session."""
    found: dict[UUID, dict[str, None]] = {session_id: {} for session_id in session_ids}
    texts = _messages(session_ids).annotate(text=Left(KT("data__text"), MOST_CHARACTERS))
    for session_id, text in texts.values_list("session_id", "text").iterator():
        if len(found[session_id]) < MOST:
            found[session_id] |= dict.fromkeys(map(str, codes_in(text)))
    return {session_id: list(codes)[:MOST] for session_id, codes in found.items()}


def _messages(session_ids: Collection[UUID]) -> QuerySet[SessionEvent]:
    """Return what both sides have read: what support writes to one of them is not the other's."""
    both = SessionEvent.objects.filter(session_id__in=session_ids, audience=SessionEvent.Audience.BOTH)
    return both.filter(kind=EventKind.MESSAGE_POSTED).order_by("session_id", "seq")


def all_codes(session: Session) -> list[str]:
    """Return the codes of intake and chat, each once, also of a chat that is not read yet."""
    if session.trouble_codes_said is not None:
        return session.named_codes
    return list(dict.fromkeys([*session.trouble_codes, *codes_said([session.id])[session.id]]))
