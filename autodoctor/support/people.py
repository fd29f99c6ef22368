"""Queries about people: the sessions and payments of one person, and the applications of mechanics."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.conversations.models import Conversation, State
from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.own_sessions import OwnSessions, page_of
from autodoctor.support.meanwhile import last_seen

PER_PAGE = 20
APPLICATIONS_PER_PAGE = 50
MOST_DECIDED = 20


def sessions_of(person: User, *, page: str | None) -> "Page[Session]":
    """Return one page of the sessions that the person booked or did, the newest first."""
    return page_of(OwnSessions(person), PER_PAGE, page)


def payments_of(person: User, *, page: str | None) -> "Page[Payment]":
    """Return one page of what the person paid, the newest first."""
    return Paginator(Payment.objects.filter(payer=person).order_by("-created_at", "id"), PER_PAGE).get_page(page)


def conversations_of(person: User, *, page: str | None) -> "Page[Conversation]":
    """Return one page of the questions of this person without a session, the latest first."""
    return _page_of_conversations(Conversation.objects.filter(person=person), page)


def conversations_like(conversation: Conversation, *, page: str | None) -> "Page[Conversation]":
    """Return one page of other questions of the same account, or the same visitor's address, the latest first."""
    same = Q(person=conversation.person) if conversation.person else Q(email=conversation.email)
    others = Conversation.objects.filter(same).exclude(pk=conversation.pk).exclude(state=State.UNCONFIRMED)
    return _page_of_conversations(others, page)


def _page_of_conversations(found: "QuerySet[Conversation]", page: str | None) -> "Page[Conversation]":
    return Paginator(found.select_related("person").order_by("-created_at", "id"), PER_PAGE).get_page(page)


def waiting_applications(page: str | None) -> "Page[MechanicProfile]":
    """Return one page of the applications without a decision, the oldest first."""
    waiting = _applications().filter(state=MechanicProfile.State.APPLIED).order_by("applied_at", "id")
    return Paginator(waiting, APPLICATIONS_PER_PAGE).get_page(page)


def decided_applications() -> "QuerySet[MechanicProfile]":
    """Return the applications with a decision, the latest decision first."""
    decided = _applications().exclude(state=MechanicProfile.State.APPLIED).exclude(decided_at=None)
    return decided.order_by("-decided_at")[:MOST_DECIDED]


@dataclass(frozen=True)
class Application:
    """A profile, and the last act of support on its person (0 for none)."""

    profile: MechanicProfile
    seen: int


def with_seen(profiles: Iterable[MechanicProfile]) -> list[Application]:
    """Return the applications with how far this page has read about each person."""
    found = list(profiles)
    seen = last_seen(str(profile.user_id) for profile in found)
    return [Application(profile, seen[str(profile.user_id)]) for profile in found]


def _applications() -> "QuerySet[MechanicProfile]":
    return MechanicProfile.objects.select_related("user", "decided_by")
