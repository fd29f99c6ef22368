"""The lines of a transcript, for its readers, and the search in them."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum

from django.db.models import Q

from autodoctor.core.folding import folded
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import TERMINAL, EventKind
from autodoctor.transcripts.models import Line, Piece


class Stage(Enum):
    """What has become of what was said."""

    NONE = "none"
    RECORDING = "recording"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"


def stage_of(session: Session) -> Stage:
    if session.recorded_at is None:
        return Stage.NONE
    kinds = (EventKind.TRANSCRIPT_READY, EventKind.TRANSCRIPT_FAILED)
    told = session.events.filter(kind__in=kinds).values_list("kind", flat=True).first()
    if told:
        return Stage.READY if told == EventKind.TRANSCRIPT_READY else Stage.FAILED
    if not Piece.objects.filter(voice__session=session).exists():
        return Stage.NONE
    return Stage.MAKING if session.state in TERMINAL else Stage.RECORDING


def lines_between(session: Session, begin: datetime | None, end: datetime | None) -> list[Line]:
    """Return what was said from `begin` until before `end`; None for no bound."""
    within = Q()
    if begin:
        within &= Q(at__gte=begin)
    if end:
        within &= Q(at__lt=end)
    return list(Line.objects.filter(within, session=session).select_related("voice"))


def contains(text: str, words: Iterable[str]) -> bool:
    """Return whether the text has all of these words, which are folded."""
    plain = folded(text)
    return all(word in plain for word in words)
