"""Fact → consequence: what a higher capability does about news from a lower one; and every job's handler in one table.

A fact is scheduled in the transaction that makes it true, so it cannot be lost; its consequence runs at once from
the durable queue, in a transaction of its own.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone

from autodoctor.accounts.jobs import JOBS as ACCOUNTS
from autodoctor.clock.handlers import Handler, parked
from autodoctor.clock.models import Job
from autodoctor.files.jobs import JOBS as FILES
from autodoctor.mail.jobs import JOBS as MAIL
from autodoctor.payments.jobs import JOBS as PAYMENTS
from autodoctor.payments.models import Payment
from autodoctor.push.jobs import JOBS as PUSH
from autodoctor.receipts import issuing
from autodoctor.receipts.issuing import JOBS as RECEIPTS
from autodoctor.room.jobs import JOBS as ROOM
from autodoctor.sessions import actions, crediting, extending
from autodoctor.sessions.jobs import JOBS as SESSIONS
from autodoctor.summaries.jobs import JOBS as SUMMARIES
from autodoctor.summaries.jobs import session_in


def _session_of(job: Job) -> UUID:
    return UUID(job.payload["owner_id"])


def fulfil(job: Job, now: datetime) -> None:
    """A hold is there: the request goes into the queue, or the session gets its time."""
    if job.payload["purpose"] == Payment.Purpose.BOOKING:
        actions.admit(session_id=_session_of(job), now=now)
    else:
        extending.extend(session_id=_session_of(job), payment_id=UUID(job.payload["payment_id"]), now=now)


def tell_of_extension(job: Job, now: datetime) -> None:
    """The bank asks or declined, while both sit in the session."""
    extending.tell(session_id=_session_of(job), payment_id=UUID(job.payload["payment_id"]), now=now)


def close(job: Job, now: datetime) -> None:
    """A hold became a charge or was released: part of the session's history; the last one brings the receipt."""
    actions.record(session_id=_session_of(job), kind=job.kind, data=dict(job.payload), audience="customer", now=now)
    issuing.issue(session_id=_session_of(job), now=now)


def tell_of_refund(job: Job, now: datetime) -> None:
    """Some of it was given back: in the session's history and by mail."""
    session_id, data = _session_of(job), dict(job.payload)
    actions.record(session_id=session_id, kind="refund.issued", data=data, audience="customer", now=now)
    issuing.write_of_refund(refund_id=UUID(job.payload["refund_id"]), now=now)


def credit_the_mechanic(job: Job, now: datetime) -> None:
    """A session is over, and something of it was charged."""
    crediting.credit(session_id=_session_of(job), now=now)


def alert_support(job: Job, now: datetime) -> None:
    """A payment does not match our row, is disputed, or a refund failed: a person has to look."""
    data = {"rule": job.kind, **job.payload}
    actions.record(session_id=_session_of(job), kind="alert.support", data=data, audience="support", now=now)


@receiver(parked)
def alert_of_given_up_money(job: Job, **rest: object) -> None:
    """A charge, release, call-off, refund or transfer that kept failing: money stands still, a person has to look."""
    of_this = Q(id=job.key) | Q(refunds__id=job.key) | Q(earning__movements__id=job.key)
    about_money = job.kind.startswith(("payment.", "earning."))
    if payment := Payment.objects.filter(of_this).first() if about_money else None:
        data = {"rule": "job.parked", "kind": job.kind, "payment_id": str(payment.id)}
        actions.record(
            session_id=payment.owner_id, kind="alert.support", data=data, audience="support", now=timezone.now()
        )


@receiver(parked)
def alert_of_undelivered_paper(job: Job, **rest: object) -> None:
    """A summary or receipt that no mail server took: it stands on the page, but the customer may not know."""
    if job.kind in ("summary.mail", "receipt.mail"):
        data = {"rule": "job.parked", "kind": job.kind}
        actions.record(
            session_id=session_in(job), kind="alert.support", data=data, audience="support", now=timezone.now()
        )


@receiver(parked)
def alert_of_undelivered_mail(job: Job, **rest: object) -> None:
    """A mail about a session that no server takes: somebody does not know what they should."""
    context = job.payload.get("context", {}) if job.kind == "mail.send" else {}
    if session_id := context.get("session_id"):
        data = {"rule": "job.parked", "kind": job.kind, "template": job.payload["template"]}
        actions.record(
            session_id=UUID(session_id), kind="alert.support", data=data, audience="support", now=timezone.now()
        )


REACTIONS = {
    "payment.authorised": Handler(fulfil),
    "payment.waiting": Handler(tell_of_extension),
    "payment.declined": Handler(tell_of_extension),
    "payment.captured": Handler(close),
    "payment.earned": Handler(credit_the_mechanic),
    "payment.released": Handler(close),
    "payment.failed": Handler(close),
    "payment.refunded": Handler(tell_of_refund),
    "payment.refund_failed": Handler(alert_support),
    "payment.disputed": Handler(alert_support),
    "payment.mismatch": Handler(alert_support),
}

HANDLERS: dict[str, Handler] = {
    **MAIL,
    **ACCOUNTS,
    **PAYMENTS,
    **FILES,
    **PUSH,
    **SESSIONS,
    **ROOM,
    **RECEIPTS,
    **SUMMARIES,
    **REACTIONS,
}
