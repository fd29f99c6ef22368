"""A receipt as PDF."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from autodoctor.core import links
from autodoctor.core.formatting import day, document_moment
from autodoctor.core.pdf import as_set, typeset
from autodoctor.payments.formatting import format_cents
from autodoctor.receipts.receipt import Line, Receipt, seller
from autodoctor.sessions.formatting import format_duration

TEMPLATE = Path(__file__).parent / "typst" / "receipt.typ"


def render(receipt: Receipt, *, time_zone: str) -> bytes:
    """Return the PDF, with times in this zone."""
    with timezone.override(ZoneInfo(time_zone)):
        made_at = receipt.settled_at or receipt.session.created_at
        return typeset(TEMPLATE, _data(receipt), made_at=made_at)


def _data(receipt: Receipt) -> dict[str, Any]:
    session = receipt.session
    title = _("Receipt %(number)s") % {"number": receipt.number}
    return {
        "words": _words(),
        "title": title,
        "author": seller().name,
        "heading": _("%(amount)s paid") % {"amount": format_cents(receipt.paid_cents, session.currency)},
        "dated": document_moment(receipt.settled_at),
        "facts": _facts(receipt),
        "lines": [_line(line, session.currency) for line in receipt.lines],
        "totals": _totals(receipt),
        "why": receipt.why,
        "notes": _notes(receipt),
        "address": links.absolute(links.receipt_page(session.id)),
        "footer": as_set(f"{seller().name} · {title} · {session.customer.name}"[:110]),
    }


def _words() -> dict[str, str]:
    return {
        "kind": _("Receipt"),
        "booked": _("What was booked"),
        "part": _("Time"),
        "held": _("Held"),
        "charged": _("Charged"),
        "why": _("How we calculated the charge"),
        "address": _("You also find this receipt here:"),
    }


def _facts(receipt: Receipt) -> list[dict[str, str]]:
    session = receipt.session
    helped_by = session.mechanic.name if session.mechanic and session.started_at else ""
    facts = {
        _("Receipt number"): receipt.number,
        _("From"): "\n".join([seller().name, *seller().address]),
        _("For"): f"{session.customer.name}\n{session.customer.email}",
        _("Session"): session.plan_name,
        _("With"): helped_by,
        _("Began"): document_moment(session.started_at),
        _("Time used"): format_duration(receipt.used_seconds) if session.started_at else "",
        _("Card"): receipt.card,
    }
    return [{"label": label, "value": as_set(value)} for label, value in facts.items() if value]


def _line(line: Line, currency: str) -> dict[str, str]:
    payment = line.payment
    said = [_time(line), line.card]
    return {
        "name": as_set(payment.description),
        "more": " · ".join(filter(None, said)),
        "held": format_cents(payment.amount_cents, currency),
        "charged": format_cents(payment.charged_cents, currency),
    }


def _time(line: Line) -> str:
    if not line.gave_time:
        return _("paid too late to extend the session")
    return _("%(used)s of %(of)s used") % {
        "used": format_duration(line.used_seconds),
        "of": format_duration(line.payment.seconds),
    }


def _totals(receipt: Receipt) -> list[dict[str, Any]]:
    currency = receipt.session.currency
    rows = [(_("Held"), receipt.held_cents, False)]
    if receipt.released_cents:
        rows.append((_("Released"), -receipt.released_cents, False))
    if receipt.refunds or receipt.taken_back_cents:
        rows.append((_("Charged"), receipt.charged_cents, False))
    rows += [(_refunded(refund), -refund.amount_cents, False) for refund in receipt.refunds]
    if receipt.taken_back_cents:
        rows.append((_("Returned by your bank"), -receipt.taken_back_cents, False))
    rows.append((_("Paid, %(currency)s") % {"currency": currency.upper()}, receipt.paid_cents, True))
    return [{"label": label, "amount": _signed(cents, currency), "strong": strong} for label, cents, strong in rows]


def _refunded(refund: Any) -> str:
    return _("Refunded on %(day)s") % {"day": day(refund.created_at)}


def _signed(cents: int, currency: str) -> str:
    return f"−{format_cents(-cents, currency)}" if cents < 0 else format_cents(cents, currency)


def _notes(receipt: Receipt) -> list[str]:
    notes = []
    if receipt.released_cents:
        notes.append(_("A released hold was never charged. Some banks show the hold for a few more days."))
    if receipt.is_disputed:
        notes.append(_("This charge is disputed. Your bank decides."))
    return notes
