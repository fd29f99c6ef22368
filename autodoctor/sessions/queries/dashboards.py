"""The dashboards' lists: sessions with their money, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.core.paginator import Page
from django.db.models import Q

from autodoctor.accounts.models import Role, User
from autodoctor.files.models import StoredFile
from autodoctor.payments import ledger
from autodoctor.payments.models import Payment, Refund
from autodoctor.sessions import end_reasons
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import eligibility, pending_summaries, request_queue
from autodoctor.sessions.queries.own_sessions import OwnSessions, newest_of, page_of
from autodoctor.sessions.queries.ratings import NOT_RATED, RatingAverage, rating_averages
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import CLAIMED, OPEN, TERMINAL, EndReason, State

PER_PAGE = 20


@dataclass(frozen=True)
class SessionRow:
    """A session as a person sees it. Amounts in integer cents."""

    session: Session
    role: str
    payments: list[Payment]
    standing: RatingAverage = NOT_RATED  # the mechanic's
    files: list[StoredFile] = field(default_factory=list)  # newest first; of requests in the queue

    @property
    def vehicle(self) -> str:
        return self.session.vehicle_words

    @property
    def asks_solved(self) -> bool:
        """Return whether the mechanic ended early and the customer has not answered yet."""
        return self.session.asks_solved

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
        """Return what was or will be refunded, in cents."""
        refunds = [refund for payment in self.payments for refund in payment.refunds.all()]
        return sum(refund.amount_cents for refund in refunds if refund.state != Refund.State.FAILED)

    @property
    def share(self) -> int:
        """Return what the mechanic earns of the charge after refunds, in cents."""
        return sum(_share(payment) for payment in self.payments)

    @property
    def offers(self) -> int:
        """Return what the mechanic would earn of the full price, in cents."""
        return settlement.mechanic_share_cents(settlement.agreed_cents(self.session))


@dataclass(frozen=True)
class DashboardLists:
    """The sessions of a person, the most urgent first."""

    unpaid: list[SessionRow]
    open: list[SessionRow]
    unanswered: list[SessionRow]
    history: list[SessionRow]
    page: "Page[Session]"

    @property
    def is_empty(self) -> bool:
        return not (self.unpaid or self.open or self.unanswered or self.history)


def dashboard_lists(user: User, page_number: str | None) -> DashboardLists:
    """Return a person's own sessions. A mechanic may have been a customer before."""
    current = _current(user)
    page = page_of(OwnSessions(user, TERMINAL), PER_PAGE, page_number)
    over = list(page)
    rows = {row.session.id: row for row in _rows(user, [*current, *over])}
    current_rows = [rows[session.id] for session in current]
    return DashboardLists(
        unpaid=[row for row in current_rows if row.session.state == State.DRAFT],
        open=[row for row in current_rows if row.session.state in OPEN - {State.DRAFT}],
        unanswered=[row for row in current_rows if row.session.state in TERMINAL],
        history=[rows[session.id] for session in over],
        page=page,
    )


def _current(user: User) -> list[Session]:
    """Return the person's open sessions and those that ask them whether the problem is solved, the newest first."""
    ids = Session.objects.order_by().values_list("id", flat=True)
    booked, asks = ids.filter(customer=user, state__in=OPEN), ids.filter(_unanswered(user))
    return newest_of(booked.union(ids.filter(mechanic=user, state__in=CLAIMED), asks))


def open_requests(mechanic: User) -> list[SessionRow]:
    """The queue as this mechanic may take from it."""
    sessions = list(eligibility.requests_open_to(mechanic))
    files = request_queue.files_of(sessions)
    return [SessionRow(session, Role.MECHANIC.value, [], files=files[session.id]) for session in sessions]


def completed_by(mechanic: User) -> int:
    """Return how many sessions the mechanic has completed."""
    return Session.objects.filter(mechanic=mechanic, state=State.COMPLETED).count()


def _unanswered(customer: User) -> Q:
    return Q(customer=customer, end_reason=EndReason.ENDED_BY_MECHANIC, solved=None)


def _rows(user: User, sessions: list[Session]) -> list[SessionRow]:
    payments = _payments(session.id for session in sessions)
    # Customers read it; a mechanic's own stands at the top of the page.
    standing = rating_averages(session.mechanic for session in sessions if session.customer_id == user.id)
    return [
        SessionRow(
            session, _role(user, session), payments[session.id], standing=standing.get(session.mechanic_id, NOT_RATED)
        )
        for session in sessions
    ]


def _role(user: User, session: Session) -> str:
    if session.customer_id == user.id:
        return Role.CUSTOMER.value
    return Role.MECHANIC.value if session.mechanic_id == user.id else Role.SUPPORT.value


def _share(payment: Payment) -> int:
    earning = getattr(payment, "earning", None)
    return earning.share_cents if earning else settlement.mechanic_share_cents(payment.charged_cents)


def _payments(session_ids: Iterable[UUID]) -> dict[UUID, list[Payment]]:
    found: dict[UUID, list[Payment]] = defaultdict(list)
    mine = Payment.objects.filter(owner_id__in=list(session_ids))
    for payment in mine.select_related("earning").prefetch_related("refunds"):
        found[payment.owner_id].append(payment)
    return found
