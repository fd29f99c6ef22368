"""The kinds of jobs of payments: the work with Stripe, and the facts that `job_registry.py` hands upward."""

from autodoctor.payments.models import Payment
from autodoctor.scheduler.handlers import JobKind, JobPayload


class PaymentJob(JobKind):
    """Work, done by `jobs.py`."""

    CAPTURE = "payment.capture"
    RELEASE = "payment.release"
    CLOSE = "payment.close"
    COLLECT = "payment.collect"
    REFUND = "payment.refund"
    FORGET_CARD = "card.forget"
    RECONCILE = "ledger.reconcile"
    SWEEP = "money.sweep"
    ADVANCE_EARNING = "earning.advance"
    MOVE_EARNING = "earning.move"
    ASK_AGAIN = "earning.ask_again"
    STRIPE_EVENT = "stripe.event"
    TIDY_INBOX = "inbox.tidy"
    OPEN_ACCOUNT = "account.open"
    UPDATE_CUSTOMER = "customer.update"


class PaymentFact(JobKind):
    """What has become true of a payment."""

    AUTHORIZED = "payment.authorised"
    WAITING = "payment.waiting"
    DECLINED = "payment.declined"
    ENTRY_LAPSED = "payment.entry_lapsed"
    CAPTURED = "payment.captured"
    EARNED = "payment.earned"
    RELEASED = "payment.released"
    FAILED = "payment.failed"
    SETTLED = "payment.settled"  # it was charged or released before that was decided
    REFUNDED = "payment.refunded"
    REFUND_FAILED = "payment.refund_failed"
    DISPUTED = "payment.disputed"
    DISPUTE_CLOSED = "payment.dispute_closed"
    MISMATCH = "payment.mismatch"
    OWED = "payment.owed"
    STANDS_STILL = "payment.stands_still"
    HOLD_ENDS = "payment.hold_ends"
    REFUSED = "payment.refused"
    FRAUD_WARNING = "payment.fraud_warning"


class AccountWish(JobPayload):
    """What the opening of a connected account carries."""

    country: str  # two letters, upper case


class PaymentNews(JobPayload):
    """What each fact carries."""

    owner_id: str
    purpose: str
    payment_id: str


class RefundNews(PaymentNews):
    """What the facts about a refund carry."""

    refund_id: str


class DebtNews(PaymentNews):
    """What the fact carries that a mechanic owes what they were sent of this charge."""

    mechanic_id: str
    amount_cents: int
    currency: str


class StandstillNews(PaymentNews):
    """What the facts about money that stands still carry. `what` is one of `standstills.What`."""

    what: str
    amount_cents: int
    currency: str
    since: str  # ISO 8601; of a hold: when it ends


class DisputeNews(PaymentNews):
    """What the facts about a dispute carry, once Stripe has told more than that there is one."""

    dispute_id: str
    outcome: str
    amount_cents: int
    currency: str
    reason: str


def news_of(payment: Payment) -> PaymentNews:
    return PaymentNews(owner_id=str(payment.owner_id), purpose=payment.purpose, payment_id=str(payment.id))
