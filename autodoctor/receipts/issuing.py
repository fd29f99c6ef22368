"""Issue receipts, credit notes and reversals when money has moved, and mail each of them once."""

from datetime import datetime
from uuid import UUID

from autodoctor.core import links
from autodoctor.mail.delivery import answering, deliver
from autodoctor.mail.message import Attachment
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Refund
from autodoctor.receipts import documents, pdf
from autodoctor.receipts.explanations import card
from autodoctor.receipts.models import Document, Kind
from autodoctor.scheduler.handlers import Handler, JobKind
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.lifecycle import closing


class ReceiptJob(JobKind):
    MAIL = "receipt.mail"
    REFUND_MAIL = "refund.mail"
    REFUND_FAILED_MAIL = "refund.failed_mail"


def issue(*, session_id: UUID, now: datetime) -> None:
    """Issue the receipt if all payments are settled, in the caller's transaction; once per session."""
    if closing.record_settled(session_id=session_id, now=now):
        receipt = documents.issue_receipt(session_id=session_id, now=now)
        schedule(ReceiptJob.MAIL, str(session_id), now, session_id=session_id)
        earlier = Refund.objects.filter(payment__owner_id=session_id, state=Refund.State.ISSUED)
        for refund in earlier.select_related("payment").order_by("created_at"):
            documents.issue_credit_note(refund=refund, receipt=receipt, now=now)


def write_of_refund(*, refund_id: UUID, now: datetime) -> None:
    """Issue the credit note of a refund and mail it, in the caller's transaction.

    Before the receipt is issued there is nothing to credit: the mail goes without, the note follows the receipt.
    """
    refund = Refund.objects.select_related("payment").get(id=refund_id)
    session_id = refund.payment.owner_id
    receipt = documents.receipt_issued(session_id)
    if receipt and not documents.of_refund(refund_id, Kind.CREDIT_NOTE):
        documents.issue_credit_note(refund=refund, receipt=receipt, now=now)
    schedule(ReceiptJob.REFUND_MAIL, str(refund_id), now, session_id=session_id)


def write_of_failed_refund(*, refund_id: UUID, now: datetime) -> None:
    """Take back the credit note of a refund that did not arrive, and mail that, in the caller's transaction."""
    refund = Refund.objects.select_related("payment").get(id=refund_id)
    note = documents.of_refund(refund_id, Kind.CREDIT_NOTE)
    if note and not documents.of_refund(refund_id, Kind.REVERSAL):
        documents.issue_reversal(refund=refund, note=note, now=now)
    schedule(ReceiptJob.REFUND_FAILED_MAIL, str(refund_id), now, session_id=refund.payment.owner_id)


def send(job: Job, now: datetime) -> None:
    """Send the receipt with its PDF, as it was issued."""
    document = Document.objects.select_related("session__customer").get(session_id=job.key, kind=Kind.RECEIPT)
    deliver(
        "receipts/mail/receipt",
        to=answering(document.session.customer, document.session_id),
        context={"paper": document.content, "page": links.absolute(links.receipt_page(document.session_id))},
        key=f"receipt:{job.key}",
        attachments=_attached(document),
    )


def send_of_refund(job: Job, now: datetime) -> None:
    """Send the amount and the card of a refund, with its credit note."""
    _send_about("refund", UUID(job.key), Kind.CREDIT_NOTE)


def send_of_failed_refund(job: Job, now: datetime) -> None:
    """Tell that a refund which was announced has not arrived."""
    _send_about("refund_failed", UUID(job.key), Kind.REVERSAL)


def _send_about(template: str, refund_id: UUID, kind: Kind) -> None:
    refund = Refund.objects.select_related("payment__payer").get(id=refund_id)
    payment = refund.payment
    deliver(
        f"receipts/mail/{template}",
        to=payment.payer,
        context={
            "session_id": str(payment.owner_id),
            "amount": format_cents(refund.amount_cents, payment.currency),
            "charged": format_cents(payment.captured_cents, payment.currency),
            "for_what": payment.description,
            "card": card(payment),
        },
        key=f"{template}:{refund_id}",
        attachments=_attached(documents.of_refund(refund_id, kind)),
    )


def _attached(document: Document | None) -> list[Attachment]:
    if document is None:
        return []
    return [Attachment(pdf.file_name(document), "application/pdf", pdf.content_of(document))]


JOBS: dict[str, Handler] = {
    ReceiptJob.MAIL: Handler(send, lane=Lane.HEAVY, attempts=30),
    ReceiptJob.REFUND_MAIL: Handler(send_of_refund, lane=Lane.HEAVY, attempts=30),
    ReceiptJob.REFUND_FAILED_MAIL: Handler(send_of_failed_refund, lane=Lane.HEAVY, attempts=30),
}
