"""Queries about people: the sessions and payments of one person, and the applications of mechanics."""

from dataclasses import dataclass

from django.core.paginator import Page
from django.db.models import Q, QuerySet

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.conversations.models import Conversation, State
from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.own_sessions import OwnSessions, page_of
from autodoctor.support.meanwhile import last_seen

SESSIONS_PER_PAGE = 20
MOST_PAYMENTS = 20
MOST_CONVERSATIONS = 20
MOST_WAITING = 50
MOST_DECIDED = 20


def sessions_of(person: User, *, page: str | None) -> "Page[Session]":
    """Return one page of the sessions that the person booked or did, the newest first."""
    return page_of(OwnSessions(person), SESSIONS_PER_PAGE, page)


def payments_of(person: User) -> "QuerySet[Payment]":
    return Payment.objects.filter(payer=person).order_by("-created_at")[:MOST_PAYMENTS]


def conversations_of(person: User) -> "QuerySet[Conversation]":
    """Return the questions of this person without a session, the latest first."""
    return (
        Conversation.objects.filter(person=person).select_related("person").order_by("-created_at")[:MOST_CONVERSATIONS]
    )


def conversations_like(conversation: Conversation) -> "QuerySet[Conversation]":
    """Return the other questions of the same account, or of the same visitor's address, the latest first."""
    same = Q(person=conversation.person) if conversation.person else Q(email=conversation.email)
    others = (
        Conversation.objects.filter(same)
        .select_related("person")
        .exclude(pk=conversation.pk)
        .exclude(state=State.UNCONFIRMED)
    )
    return others.order_by("-created_at")[:MOST_CONVERSATIONS]


def waiting_applications() -> "QuerySet[MechanicProfile]":
    """Return the applications without a decision, the oldest first."""
    return _applications().filter(state=MechanicProfile.State.APPLIED).order_by("applied_at")[:MOST_WAITING]


def decided_applications() -> "QuerySet[MechanicProfile]":
    """Return the applications with a decision, the latest decision first."""
    decided = _applications().exclude(state=MechanicProfile.State.APPLIED).exclude(decided_at=None)
    return decided.order_by("-decided_at")[:MOST_DECIDED]


@dataclass(frozen=True)
class Application:
    """A profile, and the last act of support on its person (0 for none)."""

    profile: MechanicProfile
    seen: int


def with_seen(profiles: "QuerySet[MechanicProfile]") -> list[Application]:
    """Return the applications with how far this page has read about each person."""
    found = list(profiles)
    seen = last_seen(str(profile.user_id) for profile in found)
    return [Application(profile, seen[str(profile.user_id)]) for profile in found]


def _applications() -> "QuerySet[MechanicProfile]":
    return MechanicProfile.objects.select_related("user", "decided_by")
