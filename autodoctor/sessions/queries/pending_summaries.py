"""Pending summaries: their deadlines, and the block on mechanics with an overdue one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from autodoctor.accounts.models import User
from autodoctor.sessions.models import Session
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import State


def due_within() -> timedelta:
    """Return how long after the end a summary is due. The mechanic gets the second reminder at that moment."""
    return duration("summary_second_reminder")


def due_at(session: Session) -> datetime | None:
    """Return the deadline of the session's summary; None if no summary is pending."""
    over = session.state == State.COMPLETED and session.summarized_at is None
    return session.ended_at + due_within() if over and session.ended_at else None


def by(mechanic: User) -> QuerySet[Session]:
    """Return this mechanic's sessions without a summary, the most urgent first."""
    mine = Session.objects.filter(mechanic=mechanic, state=State.COMPLETED, summarized_at=None)
    return mine.select_related("customer", "mechanic").order_by("ended_at")


@dataclass(frozen=True)
class PendingSummary:
    """A pending summary, as the mechanic's dashboard shows it."""

    session: Session
    due_at: datetime
    overdue: bool


def pending_summaries_of(mechanic: User, now: datetime) -> list[PendingSummary]:
    found = [(session, due_at(session)) for session in by(mechanic)]
    return [PendingSummary(session, due, due <= now) for session, due in found if due]


def blocking_session(mechanic: User, now: datetime) -> Session | None:
    """Return the session whose summary is overdue for so long that its mechanic cannot accept requests."""
    overdue = blocking_summaries(now).filter(mechanic=mechanic)
    return overdue.select_related("customer", "mechanic").order_by("ended_at").first()


def blocking_summaries(now: datetime, since: datetime | None = None) -> QuerySet[Session]:
    """Return the sessions whose missing summaries block their mechanics; with `since`, also those written later."""
    unwritten = Q(summarized_at=None) | Q(summarized_at__gt=since) if since else Q(summarized_at=None)
    overdue_before = now - duration("summary_alert")
    return Session.objects.filter(
        unwritten, state=State.COMPLETED, mechanic__isnull=False, ended_at__lte=overdue_before
    )
