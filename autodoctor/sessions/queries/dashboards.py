"""The dashboards' lists: sessions with their money, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.core.paginator import Page
from django.db.models import Q

from autodoctor.accounts import favorites
from autodoctor.accounts.models import Favorite, Role, User
from autodoctor.files.models import StoredFile
from autodoctor.payments import ledger
from autodoctor.payments.models import Payment, Refund
from autodoctor.sessions import end_reasons
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.queries import (
    eligibility,
    fit,
    follow_ups,
    mechanic_share,
    pending_summaries,
    request_queue,
    substitutes,
)
from autodoctor.sessions.queries.own_sessions import OwnSessions, newest_of, page_of
from autodoctor.sessions.queries.ratings import NOT_RATED, RatingAverage, rating_averages
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import CLAIMED, OPEN, TERMINAL, EndReason, State

PER_PAGE = 20


def open_session_of(user: User) -> Session | None:
    """Return the newest session that this person has paid for, or holds as a mechanic, and that is not over."""
    newest = OwnSessions(user, OPEN - {State.DRAFT})[:1]  # of both sides: a role may change while a session runs
    return next(iter(newest_of(id_ for _at, id_ in newest)), None)


@dataclass(frozen=True)
class SessionRow:
    """A session as a person sees it. Amounts in integer cents."""

    session: Session
    role: str
    payments: list[Payment]
    standing: RatingAverage = NOT_RATED  # the mechanic's
    files: list[StoredFile] = field(default_factory=list)  # newest first; of requests in the queue
    fits: list[str] = field(default_factory=list)  # of these: makes and systems that it needs and this mechanic knows
    handed_over: list[Participant] = field(default_factory=list)  # who had the running session before its mechanic
    goes_on: substitutes.GoesOn | None = None  # of a running session in the queue
    may_ask_again: bool = False  # the reader had this session as the customer, and its mechanic still works here

    @property
    def vehicle(self) -> str:
        return self.session.vehicle_words

    @property
    def asks_solved(self) -> bool:
        """Return whether the mechanic ended early and the customer has not answered yet."""
        return self.session.asks_solved

    @property
    def waits_since(self) -> datetime | None:
        """Return since when a mechanic is needed."""
        return self.session.search_at or self.session.requested_at

    @property
    def outcome(self) -> str:
        """Return how the session ended, as this person reads it."""
        return end_reasons.outcome(self.session, self.role)

    @property
    def summary_due_at(self) -> datetime | None:
        """Return the deadline of the written summary while it is missing, else None."""
        return pending_summaries.due_at(self.session)

    @property
    def solved(self) -> int:
        """Return the charge if the customer answers that the problem is solved, in cents."""
        return settlement.amounts_due_if(self.session, self.payments, solved=True)

    @property
    def unsolved(self) -> int:
        """Return the charge if the customer answers that the problem is not solved, in cents."""
        return settlement.amounts_due_if(self.session, self.payments, solved=False)

    @property
    def held(self) -> int:
        return ledger.held_cents(self.payments)

    @property
    def charged(self) -> int:
        """Return what was or will be charged, in cents."""
        return ledger.charged_cents(self.payments)

    @property
    def released(self) -> int:
        return self.held - self.charged

    @property
    def given_back(self) -> int:
        """Return what was refunded, in cents."""
        return self._refunds_in(Refund.State.ISSUED)

    @property
    def coming_back(self) -> int:
        """Return the refunds that are on their way, in cents."""
        return self._refunds_in(Refund.State.REQUESTED)

    def _refunds_in(self, state: Refund.State) -> int:
        refunds = [refund for payment in self.payments for refund in payment.refunds.all()]
        return sum(refund.amount_cents for refund in refunds if refund.state == state)

    @property
    def share(self) -> int:
        """Return what the mechanic earns of the charge after refunds, in cents."""
        return mechanic_share.share_cents(self.session, self.handed_over, self.payments)

    @property
    def offers(self) -> int:
        """Return what the mechanic would earn of the full price, or of the rest of a running session, in cents."""
        if self.goes_on:
            return self.goes_on.earns_cents
        return settlement.mechanic_share_cents(settlement.agreed_cents(self.session))


@dataclass(frozen=True)
class DashboardLists:
    """The sessions of a person, the most urgent first."""

    unpaid: list[SessionRow]
    open: list[SessionRow]
    unanswered: list[SessionRow]
    follow_ups: list[SessionRow]  # those that ask whether the repair held
    history: list[SessionRow]
    page: "Page[Session]"

    @property
    def is_empty(self) -> bool:
        return not (self.unpaid or self.open or self.unanswered or self.history)


def dashboard_lists(user: User, page_number: str | None, now: datetime) -> DashboardLists:
    """Return a person's own sessions. A mechanic may have been a customer before."""
    current = _current(user, now)
    page = page_of(OwnSessions(user, TERMINAL), PER_PAGE, page_number)
    over = list(page)
    rows = {row.session.id: row for row in _rows(user, [*current, *over])}
    current_rows = [rows[session.id] for session in current]
    return DashboardLists(
        unpaid=[row for row in current_rows if row.session.state == State.DRAFT],
        open=[row for row in current_rows if row.session.state in OPEN - {State.DRAFT}],
        unanswered=[row for row in current_rows if row.asks_solved],
        follow_ups=[row for row in current_rows if row.session.state in TERMINAL and not row.asks_solved],
        history=[rows[session.id] for session in over],
        page=page,
    )


def _current(user: User, now: datetime) -> list[Session]:
    """Return the person's open sessions and those that ask them something, the newest first."""
    ids = Session.objects.order_by().values_list("id", flat=True)
    booked, asks = ids.filter(customer=user, state__in=OPEN), ids.filter(_unanswered(user))
    to_follow_up = follow_ups.asked_of(user, now).order_by().values_list("id", flat=True)
    return newest_of(booked.union(ids.filter(mechanic=user, state__in=CLAIMED), asks, to_follow_up))


def open_requests(mechanic: User, now: datetime) -> list[SessionRow]:
    """The queue as this mechanic may take from it."""
    sessions = list(fit.queue_of(mechanic, now))
    files, fits = request_queue.files_of(sessions), fit.shared_skills(sessions, mechanic)
    rest, role = substitutes.going_on(sessions, now), Role.MECHANIC.value
    return [
        SessionRow(session, role, [], files=files[session.id], fits=fits[session.id], goes_on=rest.get(session.id))
        for session in sessions
    ]


def completed_by(mechanic: User) -> int:
    """Return how many sessions the mechanic has completed."""
    return Session.objects.filter(mechanic=mechanic, state=State.COMPLETED).count()


def has_met(customer: User, mechanic: User) -> bool:
    """Return whether the two have completed a session."""
    return Session.objects.filter(customer=customer, mechanic=mechanic, state=State.COMPLETED).exists()


@dataclass(frozen=True)
class FavoriteMechanic:
    """A mechanic whom the customer keeps. `is_here`: they still work here; `is_free`: they can accept now."""

    favorite: Favorite
    is_here: bool
    is_free: bool


def favorite_mechanics(customer: User, now: datetime) -> list[FavoriteMechanic]:
    """Return the customer's favorites, the newest first, in a fixed number of queries."""
    kept = list(favorites.favorites_of(customer))
    if not kept:
        return []
    people = [favorite.mechanic_id for favorite in kept]
    free = set(eligibility.free_mechanics(now).filter(pk__in=people).values_list("pk", flat=True))
    return [
        FavoriteMechanic(favorite, favorite.mechanic.is_mechanic, favorite.mechanic_id in free) for favorite in kept
    ]


def _unanswered(customer: User) -> Q:
    return Q(customer=customer, end_reason=EndReason.ENDED_BY_MECHANIC, solved=None)


def _rows(user: User, sessions: list[Session]) -> list[SessionRow]:
    payments = _payments(session.id for session in sessions)
    before = substitutes.handed_over(session.id for session in sessions if session.handed_over)
    # Customers read it; a mechanic's own stands at the top of the page.
    standing = rating_averages(session.mechanic for session in sessions if session.customer_id == user.id)
    return [
        SessionRow(
            session,
            _role(user, session),
            payments[session.id],
            handed_over=before.get(session.id, []),
            standing=standing.get(session.mechanic_id, NOT_RATED),
            may_ask_again=session.customer_id == user.id and bool(session.mechanic and session.mechanic.is_mechanic),
        )
        for session in sessions
    ]


def _role(user: User, session: Session) -> str:
    if session.customer_id == user.id:
        return Role.CUSTOMER.value
    return Role.MECHANIC.value if session.mechanic_id == user.id else Role.SUPPORT.value


def _payments(session_ids: Iterable[UUID]) -> dict[UUID, list[Payment]]:
    found: dict[UUID, list[Payment]] = defaultdict(list)
    mine = Payment.objects.filter(owner_id__in=list(session_ids))
    for payment in mine.prefetch_related("earnings", "refunds"):
        found[payment.owner_id].append(payment)
    return found
