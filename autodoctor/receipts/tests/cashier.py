"""A session, and a double of the bank that captures or releases its holds on demand."""

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from autodoctor.job_registry import HANDLERS
from autodoctor.payments import ledger
from autodoctor.payments.job_kinds import PaymentNews, RefundNews, news_of
from autodoctor.payments.models import Payment, Refund
from autodoctor.receipts.models import Document
from autodoctor.receipts.receipt import Receipt, receipt_of
from autodoctor.scheduler.models import Job
from autodoctor.sessions.tests.story import Story

State = Payment.State


class Cashier(Story):
    """Thirty minutes for $9.99; `adds` are fifteen more for $14.99."""

    @property
    def receipt(self) -> Receipt:
        return receipt_of(self.session)

    @property
    def issued(self) -> Document:
        return Document.objects.get(session_id=self.id, kind="receipt")

    def adds(self) -> "Cashier":
        """Time that is paid and given."""
        payment = self.ask()
        self.hold(payment).extend(payment)
        return self

    def adds_too_late(self) -> Payment:
        """Time that is paid, and not given."""
        payment = self.ask()
        self.hold(payment)
        return payment

    def bank_acts(self) -> "Cashier":
        """Let the bank capture, release or cancel every decided payment, and deliver the news."""
        Payment.objects.filter(owner_id=self.id).update(card_brand="visa", card_last4="4242")
        for payment in Payment.objects.filter(owner_id=self.id).exclude(due_cents=None).order_by("created_at"):
            self.moves(payment)
        return self

    def moves(self, payment: Payment) -> None:
        if payment.state not in (State.AUTHORIZED, State.CREATED):
            return
        cents = payment.to_capture_cents
        payment.state = State.FAILED if payment.state == State.CREATED else State.CAPTURED if cents else State.RELEASED
        payment.captured_cents, payment.closed_at = cents, self.now
        payment.save()
        self.hears_of(payment)

    def hears_of(self, payment: Payment) -> None:
        """The news reaches the session; it may do so again."""
        self._react(f"payment.{payment.state}", str(payment.id), news_of(payment))

    def gives_back(self, cents: int, *, arrives: bool = True) -> Refund:
        refund = ledger.refund(payment_id=self.payment.id, amount_cents=cents, reason="for the wait", now=self.now)
        if arrives:
            Refund.objects.filter(id=refund.id).update(state=Refund.State.ISSUED, stripe_id=f"re_{refund.id}")
            self.hears_of_refund(refund)
        return refund

    def hears_of_refund(self, refund: Refund) -> None:
        self._react("payment.refunded", str(refund.id), self._news_of(refund))

    def bounces(self, refund: Refund) -> None:
        """The bank returns a refund days later."""
        Refund.objects.filter(id=refund.id).update(state=Refund.State.FAILED)
        self._react("payment.refund_failed", str(refund.id), self._news_of(refund))

    def letters(self) -> list[EmailMultiAlternatives]:
        """Send all queued mails and return them."""
        for job in Job.objects.filter(
            kind__in=["receipt.mail", "refund.mail", "refund.failed_mail", "mail.send"]
        ).order_by("id"):
            HANDLERS[job.kind].run(job, self.now)
            job.delete()
        sent = [letter for letter in mail.outbox if isinstance(letter, EmailMultiAlternatives)]
        mail.outbox.clear()
        return sent

    def _react(self, kind: str, key: str, news: PaymentNews) -> None:
        HANDLERS[kind].run(Job(kind=kind, key=key, due_at=self.now, payload=news), self.now)

    def _news_of(self, refund: Refund) -> RefundNews:
        return RefundNews(**news_of(refund.payment), refund_id=str(refund.id))
