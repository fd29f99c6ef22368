"""What a document says, in words: composed once, stored with it, and read by page, mail and PDF alike."""

from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role
from autodoctor.core.formatting import day, document_moment
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Refund
from autodoctor.receipts.explanations import card
from autodoctor.receipts.receipt import Line, Receipt, seller
from autodoctor.sessions import lost_time
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.models import Session
from autodoctor.sessions.rules import settlement


class Fact(TypedDict):
    label: str
    value: str


class Part(TypedDict):
    """A booked part. `used` and `card` may be empty."""

    name: str
    used: str
    card: str
    held: str
    charged: str


class Total(TypedDict):
    label: str
    amount: str
    strong: bool


class Content(TypedDict):
    """`charged` and `released` are empty where nothing is."""

    kind: str
    number: str
    title: str
    seller: str
    heading: str
    dated: str
    plan: str
    customer: str
    facts: list[Fact]
    parts: list[Part]
    totals: list[Total]
    charged: str
    released: str
    why: str
    notes: list[str]


def of_receipt(receipt: Receipt, *, number: str = "", time_zone: str) -> Content:
    """Return what the receipt says, with times in this zone. Without a number it is not final yet."""
    with timezone.override(ZoneInfo(time_zone)):
        session, currency = receipt.session, receipt.session.currency
        asked = receipt.asks_solved
        amount = format_cents(receipt.held_cents if asked else receipt.charged_cents, currency)
        return Content(
            kind=_("Receipt"),
            number=number,
            title=_("Receipt %(number)s") % {"number": number} if number else _("Receipt"),
            seller=seller().name,
            heading=(_("%(amount)s held") if asked else _("%(amount)s paid")) % {"amount": amount},
            dated=document_moment(receipt.settled_at),
            plan=session.plan_name,
            customer=session.customer.name,
            facts=_facts({_("Receipt number"): number, **_people(session), **_about(receipt)}),
            parts=[_part(line, session) for line in receipt.lines],
            totals=[] if asked else _totals(receipt),
            charged=format_cents(receipt.charged_cents, currency) if receipt.charged_cents else "",
            released=format_cents(receipt.released_cents, currency) if receipt.released_cents else "",
            why=receipt.why,
            notes=_notes(receipt),
        )


def of_credit_note(refund: Refund, session: Session, *, number: str, receipt_number: str, time_zone: str) -> Content:
    """Return what the credit note for this refund says, with times in this zone."""
    payment = refund.payment
    with timezone.override(ZoneInfo(time_zone)):
        amount = format_cents(refund.amount_cents, payment.currency)
        facts = {
            _("Credit note number"): number,
            _("For receipt"): receipt_number,
            **_people(session),
            _("Refund of"): payment.description,
            _("Asked for"): document_moment(refund.created_at),
            _("Reason"): refund.reason,
            _("Card"): card(payment),
        }
        return _slip(
            session,
            kind=_("Credit note"),
            number=number,
            heading=_("%(amount)s refunded") % {"amount": amount},
            facts=facts,
            totals=_one_total(_("Refunded, %(currency)s"), f"−{amount}", payment.currency),
            why=_("This credit note lowers receipt %(number)s, which stays as it was issued.")
            % {"number": receipt_number},
        )


def of_reversal(refund: Refund, session: Session, *, number: str, note_number: str, now: datetime) -> Content:
    """Return what the reversal of a credit note says, with times in the active zone."""
    payment = refund.payment
    amount = format_cents(refund.amount_cents, payment.currency)
    facts = {
        _("Number"): number,
        _("For credit note"): note_number,
        **_people(session),
        _("Refund of"): payment.description,
        _("Returned on"): day(now),
        _("Card"): card(payment),
    }
    return _slip(
        session,
        kind=_("Reversal of a credit note"),
        number=number,
        heading=_("%(amount)s did not arrive") % {"amount": amount},
        facts=facts,
        totals=_one_total(_("Not refunded, %(currency)s"), amount, payment.currency),
        why=_("The bank returned this refund to us, so credit note %(number)s no longer counts. We still owe you this.")
        % {"number": note_number},
    )


def _slip(
    session: Session, *, kind: str, number: str, heading: str, facts: dict[str, str], totals: list[Total], why: str
) -> Content:
    return Content(
        kind=kind,
        number=number,
        title=f"{kind} {number}",
        seller=seller().name,
        heading=heading,
        dated="",
        plan=session.plan_name,
        customer=session.customer.name,
        facts=_facts(facts),
        parts=[],
        totals=totals,
        charged="",
        released="",
        why=why,
        notes=[],
    )


def _facts(facts: dict[str, str]) -> list[Fact]:
    return [Fact(label=label, value=value) for label, value in facts.items() if value]


def _people(session: Session) -> dict[str, str]:
    return {
        _("From"): "\n".join([seller().name, *seller().address]),
        _("For"): f"{session.customer.name}\n{session.customer.email}",
    }


def _about(receipt: Receipt) -> dict[str, str]:
    session = receipt.session
    facts = {_("Session"): session.plan_name, _("Card"): receipt.card}
    if session.started_at is None:
        return facts
    used = {"used": format_duration(receipt.used_seconds), "of": format_duration(session.granted_seconds)}
    return facts | {
        _("With"): session.mechanic.name if session.mechanic else "",
        _("Began"): document_moment(session.started_at),
        _("Time used"): _("%(used)s of %(of)s") % used,
    }


def _part(line: Line, session: Session) -> Part:
    payment = line.payment
    return Part(
        name=payment.description,
        used=_time(line, session),
        card=line.card,
        held=format_cents(payment.amount_cents, payment.currency),
        charged="–" if line.is_open else format_cents(payment.charged_cents, payment.currency),
    )


def _time(line: Line, session: Session) -> str:
    if not line.gave_time:
        return _("paid too late to extend the session")
    whole = format_duration(settlement.seconds_of(session, line.payment))
    if session.started_at is None:
        return whole
    return _("%(used)s of %(of)s used") % {"used": format_duration(line.used_seconds), "of": whole}


def _totals(receipt: Receipt) -> list[Total]:
    currency = receipt.session.currency
    rows = [Total(label=_("Held"), amount=format_cents(receipt.held_cents, currency), strong=False)]
    if receipt.released_cents:
        released = f"−{format_cents(receipt.released_cents, currency)}"
        rows.append(Total(label=_("Released"), amount=released, strong=False))
    charged = format_cents(receipt.charged_cents, currency)
    return rows + _one_total(_("Charged, %(currency)s"), charged, currency)


def _one_total(label: str, amount: str, currency: str) -> list[Total]:
    return [Total(label=label % {"currency": currency.upper()}, amount=amount, strong=True)]


def _notes(receipt: Receipt) -> list[str]:
    notes = [lost_time.words(receipt.session, Role.CUSTOMER)]
    if receipt.released_cents and not receipt.asks_solved:
        notes.append(_("A released hold was never charged. Some banks show the hold for a few more days."))
    return [note for note in notes if note]
