"""Mail receipts when the payments of a session are settled, and a mail per refund."""

from datetime import datetime
from uuid import UUID

from autodoctor.core import links
from autodoctor.mail.delivery import answering, deliver
from autodoctor.mail.message import Attachment
from autodoctor.mail.queue import queue_mail
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Refund
from autodoctor.receipts import pdf
from autodoctor.receipts.explanations import card
from autodoctor.receipts.receipt import receipt_of
from autodoctor.scheduler.handlers import Handler, JobKind
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.lifecycle import closing
from autodoctor.sessions.models import Session


class ReceiptJob(JobKind):
    MAIL = "receipt.mail"


def issue(*, session_id: UUID, now: datetime) -> None:
    """Issue the receipt if all payments are settled, in the caller's transaction; once per session."""
    if closing.record_settled(session_id=session_id, now=now):
        schedule(ReceiptJob.MAIL, str(session_id), now, session_id=session_id)


def write_of_refund(*, refund_id: UUID, now: datetime) -> None:
    """Mail the amount and the card of a refund, once per refund, in the caller's transaction."""
    refund = Refund.objects.select_related("payment__payer").get(id=refund_id)
    payment = refund.payment
    context = {
        "session_id": str(payment.owner_id),
        "amount": format_cents(refund.amount_cents, payment.currency),
        "charged": format_cents(payment.captured_cents, payment.currency),
        "for_what": payment.description,
        "card": card(payment),
        "asked_at": refund.created_at.isoformat(),
    }
    key = f"refund:{refund.id}"
    queue_mail("receipts/mail/refund", to=payment.payer, context=context, key=key, now=now, session_id=payment.owner_id)


def send(job: Job, now: datetime) -> None:
    """Send the receipt with its PDF."""
    session = Session.objects.select_related("customer", "mechanic").get(id=job.key)
    shown, customer = receipt_of(session), session.customer
    content = pdf.render(shown, time_zone=customer.time_zone)
    deliver(
        "receipts/mail/receipt",
        to=answering(customer, session.id),
        context={"receipt": shown, "session": session, "page": links.absolute(links.receipt_page(session.id))},
        key=f"receipt:{job.key}",
        attachments=[Attachment(f"receipt-{shown.number}.pdf", "application/pdf", content)],
    )


JOBS: dict[str, Handler] = {ReceiptJob.MAIL: Handler(send, external=True, attempts=30)}
