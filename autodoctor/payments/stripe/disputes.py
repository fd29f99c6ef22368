"""Disputes. A charge does not contain its disputes, so they are listed by the PaymentIntent."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from autodoctor.payments.stripe.client import client, part, translate_errors

_LOST = ("lost",)
_NOT_LOST = ("won", "warning_closed", "prevented")


@dataclass(frozen=True)
class DisputeSnapshot:
    id: str
    amount_cents: int
    currency: str
    reason: str
    status: str  # Stripe's word
    evidence_due_at: datetime | None
    opened_at: datetime

    @property
    def outcome(self) -> str:
        """Return won or lost; empty while the dispute is open."""
        return "lost" if self.status in _LOST else "won" if self.status in _NOT_LOST else ""


def disputes_of(intent_id: str) -> tuple[DisputeSnapshot, ...]:
    """Return this payment's disputes, as they are now. The caller translates Stripe's errors."""
    found = client().v1.disputes.list({"payment_intent": intent_id, "limit": 100})
    return tuple(read_dispute(dispute.to_dict()) for dispute in found.data)


def is_suspected(warning_id: str) -> bool:
    """Return whether this early fraud warning still asks for something: neither refunded nor disputed yet."""
    with translate_errors():
        return bool(client().v1.radar.early_fraud_warnings.retrieve(warning_id).actionable)


def read_dispute(data: dict[str, Any]) -> DisputeSnapshot:
    """Convert a dispute of Stripe into a snapshot."""
    due_by = part(data, "evidence_details").get("due_by")
    return DisputeSnapshot(
        id=data["id"],
        amount_cents=data["amount"],
        currency=data["currency"],
        reason=data.get("reason") or "general",
        status=data["status"],
        evidence_due_at=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        opened_at=datetime.fromtimestamp(data["created"], UTC),
    )
