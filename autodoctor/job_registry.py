"""Every job's handler, and which fact of a lower capability has which consequence in a higher one, in one table.

A fact is scheduled in the transaction that makes it true, so it cannot be lost. Its consequence runs immediately from
the queue, in its own transaction.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone

from autodoctor.accounts.job_kinds import AccountsFact, MechanicLeft
from autodoctor.accounts.jobs import JOBS as ACCOUNTS
from autodoctor.conversations.jobs import JOBS as CONVERSATIONS
from autodoctor.files.jobs import JOBS as FILES
from autodoctor.garage import advice
from autodoctor.garage.jobs import JOBS as GARAGE
from autodoctor.handover.jobs import JOBS as HANDOVER
from autodoctor.mail.jobs import JOBS as MAIL
from autodoctor.payments.job_kinds import PaymentFact, PaymentNews
from autodoctor.payments.jobs import JOBS as PAYMENTS
from autodoctor.payments.models import Payment, Refund
from autodoctor.push.jobs import JOBS as PUSH
from autodoctor.rates.jobs import JOBS as RATES
from autodoctor.receipts import issuing
from autodoctor.receipts.issuing import JOBS as RECEIPTS
from autodoctor.room.jobs import JOBS as ROOM
from autodoctor.scheduler.handlers import Handler, parked
from autodoctor.scheduler.lane_watch import JOBS as SCHEDULER
from autodoctor.scheduler.lane_watch import LaneFact
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import DisputeData, ParkedJobData, PaymentData, RefundData
from autodoctor.sessions.job_kinds import SessionFact, SessionJob
from autodoctor.sessions.jobs.handlers import JOBS as SESSIONS
from autodoctor.sessions.lifecycle import alert_work, closing, extensions, private_requests, refunds, transitions
from autodoctor.sessions.record.event_log import Audience
from autodoctor.sessions.states import EventKind
from autodoctor.summaries.drafting import JOBS as DRAFTING
from autodoctor.summaries.jobs import JOBS as SUMMARIES
from autodoctor.summaries.jobs import SummaryFact
from autodoctor.support import lane_alerts
from autodoctor.support.jobs import JOBS as SUPPORT
from autodoctor.transcripts.jobs import JOBS as TRANSCRIPTS
from autodoctor.transcripts.jobs import make_transcript

ABOUT_ALERTS = {SessionJob.ALERT_UNTAKEN, SessionJob.ANSWER_OVERDUE}


def _session_of(job: Job) -> UUID:
    news: PaymentNews = job.payload
    return UUID(news["owner_id"])


def _payment_id_of(job: Job) -> UUID:
    news: PaymentNews = job.payload
    return UUID(news["payment_id"])


def fulfill(job: Job, now: datetime) -> None:
    """A hold was placed: put the request into the queue, or extend the session."""
    news: PaymentNews = job.payload
    if news["purpose"] == Payment.Purpose.BOOKING:
        transitions.admit_request(session_id=_session_of(job), now=now)
    else:
        extensions.apply_extension(session_id=_session_of(job), payment_id=_payment_id_of(job), now=now)


def tell_of_extension(job: Job, now: datetime) -> None:
    """The bank asks for a confirmation or declined: log it for both participants."""
    extensions.notify_extension_pending(session_id=_session_of(job), payment_id=_payment_id_of(job), now=now)


def lapse_extension(job: Job, now: datetime) -> None:
    """The time to enter a card in the room is over: an extension that is still unpaid is canceled."""
    extensions.lapse_extension(session_id=_session_of(job), payment_id=_payment_id_of(job), now=now)


def close(job: Job, now: datetime) -> None:
    """A hold was charged or released: log it. The last one issues the receipt."""
    data: PaymentData = job.payload
    transitions.record_payment_event(
        session_id=_session_of(job),
        kind=EventKind(job.kind),
        data=data,
        audience=Audience.CUSTOMER,
        now=now,
    )
    issuing.issue(session_id=_session_of(job), now=now)


def issue_receipt(job: Job, now: datetime) -> None:
    """The charge is decided of what was charged or released before: no other news may follow."""
    issuing.issue(session_id=_session_of(job), now=now)


def tell_of_refund(job: Job, now: datetime) -> None:
    """A refund was issued: log it and send a mail. One that has failed meanwhile is told of by nobody."""
    session_id = _session_of(job)
    data: RefundData = job.payload
    if Refund.objects.filter(id=data["refund_id"], state=Refund.State.FAILED).exists():
        return
    transitions.record_payment_event(
        session_id=session_id, kind=EventKind.REFUND_ISSUED, data=data, audience=Audience.CUSTOMER, now=now
    )
    issuing.write_of_refund(refund_id=UUID(data["refund_id"]), now=now)


def tell_of_failed_refund(job: Job, now: datetime) -> None:
    """A refund failed: support looks for another way. A customer who was told of the refund is told of this, too."""
    alert_support(job, now)
    session_id = _session_of(job)
    data: RefundData = job.payload
    if not refunds.was_announced(session_id=session_id, refund_id=data["refund_id"]):
        return
    transitions.record_payment_event(
        session_id=session_id, kind=EventKind.REFUND_FAILED, data=data, audience=Audience.CUSTOMER, now=now
    )
    issuing.write_of_failed_refund(refund_id=UUID(data["refund_id"]), now=now)


def credit_the_mechanic(job: Job, now: datetime) -> None:
    """A session is over, and something of it was charged."""
    closing.credit_earning(session_id=_session_of(job), now=now)


def keep_advice(job: Job, now: datetime) -> None:
    """A summary was submitted: what it advises is open on the page of the car."""
    advice.take_from_summary(UUID(job.key))


def alert_support(job: Job, now: datetime) -> None:
    """A payment does not match our row, cannot be made, or is disputed: a person has to look."""
    data: PaymentData = job.payload  # of a refund or a dispute, what these carry beside it, too
    alert_work.raise_support_alert(session_id=_session_of(job), rule=job.kind, data=data, now=now)


def note_for_support(job: Job, now: datetime) -> None:
    """A dispute is decided: log it for support."""
    data: DisputeData = job.payload
    transitions.record_payment_event(
        session_id=_session_of(job),
        kind=EventKind(job.kind),
        data=data,
        audience=Audience.SUPPORT,
        now=now,
    )


def open_private_requests(job: Job, now: datetime) -> None:
    """A mechanic takes no sessions any more: what waits for them alone goes to everybody, or ends."""
    news: MechanicLeft = job.payload
    left_at = datetime.fromisoformat(news["at"])
    private_requests.mechanic_left(mechanic_id=UUID(job.key), left_at=left_at, now=now)


@receiver(parked)
def alert_of_parked(job: Job, **rest: object) -> None:
    """Work about a session was given up: money stands still, or somebody does not know what they should."""
    if job.session_id and job.kind not in ABOUT_ALERTS:  # an alert about an alert would fail in the same way
        data = ParkedJobData(kind=job.kind)
        if "template" in job.payload:
            data["template"] = job.payload["template"]
        if payment := _payment_of(job):
            data["payment_id"] = str(payment.id)
        alert_work.raise_support_alert(session_id=job.session_id, rule="job.parked", data=data, now=timezone.now())


def _payment_of(job: Job) -> Payment | None:
    """Return the payment of a charge, release, cancellation, refund or transfer."""
    of_this = Q(id=job.key) | Q(refunds__id=job.key) | Q(earnings__movements__id=job.key)
    with suppress(ValidationError):  # what is done about a customer's card is kept under another kind of key
        return Payment.objects.filter(of_this).first()
    return None


REACTIONS: dict[str, Handler] = {
    AccountsFact.MECHANIC_LEFT: Handler(open_private_requests),
    PaymentFact.AUTHORIZED: Handler(fulfill),
    PaymentFact.WAITING: Handler(tell_of_extension),
    PaymentFact.DECLINED: Handler(tell_of_extension),
    PaymentFact.ENTRY_LAPSED: Handler(lapse_extension),
    PaymentFact.CAPTURED: Handler(close),
    PaymentFact.EARNED: Handler(credit_the_mechanic),
    PaymentFact.RELEASED: Handler(close),
    PaymentFact.FAILED: Handler(close),
    PaymentFact.SETTLED: Handler(issue_receipt),
    PaymentFact.REFUNDED: Handler(tell_of_refund),
    PaymentFact.REFUND_FAILED: Handler(tell_of_failed_refund),
    PaymentFact.DISPUTED: Handler(alert_support),
    PaymentFact.DISPUTE_CLOSED: Handler(note_for_support),
    PaymentFact.MISMATCH: Handler(alert_support),
    PaymentFact.OWED: Handler(alert_support),
    PaymentFact.STANDS_STILL: Handler(alert_support),
    PaymentFact.HOLD_ENDS: Handler(alert_support),
    PaymentFact.REFUSED: Handler(alert_support),
    PaymentFact.FRAUD_WARNING: Handler(alert_support),
    SessionFact.RECORDING_OVER: Handler(make_transcript, lane=Lane.SPEECH),
    SummaryFact.SUBMITTED: Handler(keep_advice),
    LaneFact.STANDS_STILL: Handler(lane_alerts.tell_of_standstill),
    LaneFact.RUNS_AGAIN: Handler(lane_alerts.tell_of_recovery),
}


def in_one_table(*tables: Mapping[str, Handler]) -> dict[str, Handler]:
    """Return all handlers by kind. Raises `ValueError` for a kind that two capabilities claim."""
    found: dict[str, Handler] = {}
    for table in tables:
        if twice := found.keys() & table.keys():
            raise ValueError(f"two handlers for {', '.join(twice)}")
        found |= table
    return found


HANDLERS = in_one_table(
    SCHEDULER,
    RATES,
    MAIL,
    ACCOUNTS,
    PAYMENTS,
    FILES,
    PUSH,
    CONVERSATIONS,
    SESSIONS,
    TRANSCRIPTS,
    ROOM,
    HANDOVER,
    RECEIPTS,
    SUMMARIES,
    DRAFTING,
    GARAGE,
    SUPPORT,
    REACTIONS,
)
