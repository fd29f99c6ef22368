"""Issue documents, and find them. Every function that issues joins the caller's transaction.

The series of a number stays locked until the transaction ends; a transaction that fails gives its number back.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.utils import timezone

from autodoctor.payments.models import Refund
from autodoctor.receipts import contents
from autodoctor.receipts.models import LETTERS, Document, Kind, Series, number_of
from autodoctor.receipts.receipt import receipt_of
from autodoctor.sessions.models import Session

OF_A_NUMBER = re.compile(rf"([{''.join(LETTERS.values())}])-?(\d{{4}})-?(\d{{1,9}})", re.ASCII)


@dataclass(frozen=True)
class Number:
    kind: Kind
    year: int
    serial: int

    def __str__(self) -> str:
        return number_of(self.kind, self.year, self.serial)


def issue_receipt(*, session_id: UUID, now: datetime) -> Document:
    """Issue the receipt of a settled session. Raises IntegrityError if it has one."""
    session = Session.objects.select_related("customer", "mechanic").get(id=session_id)
    shown, zone = receipt_of(session), session.customer.time_zone
    number = _next(Kind.RECEIPT, now)
    return Document.objects.create(
        **vars(number),
        session=session,
        amount_cents=shown.charged_cents,
        currency=session.currency,
        content=contents.of_receipt(shown, number=str(number), time_zone=zone),
        time_zone=zone,
        issued_at=now,
    )


def issue_credit_note(*, refund: Refund, receipt: Document, now: datetime) -> Document:
    """Issue the credit note of a refund. Raises IntegrityError if it has one."""
    session, number = receipt.session, _next(Kind.CREDIT_NOTE, now)
    zone = session.customer.time_zone
    content = contents.of_credit_note(
        refund, session, number=str(number), receipt_number=receipt.number, time_zone=zone
    )
    return _follow(receipt, number, refund, content, now)


def issue_reversal(*, refund: Refund, note: Document, now: datetime) -> Document:
    """Issue the reversal of a credit note whose refund failed. Raises IntegrityError if it has one."""
    session, number = note.session, _next(Kind.REVERSAL, now)
    with timezone.override(ZoneInfo(session.customer.time_zone)):
        content = contents.of_reversal(refund, session, number=str(number), note_number=note.number, now=now)
    return _follow(note, number, refund, content, now)


def receipt_issued(session_id: UUID) -> Document | None:
    """Return the issued receipt of a session."""
    return _stored().filter(session_id=session_id, kind=Kind.RECEIPT).first()


def after_receipt(session_id: UUID) -> list[Document]:
    """Return the credit notes and reversals of a session, the first one first."""
    return list(
        _stored().filter(session_id=session_id).exclude(kind=Kind.RECEIPT).order_by("issued_at", "year", "kind")
    )


def session_of_number(text: str) -> UUID | None:
    """Return the session whose document has this number, as people type it ("r-2026-123")."""
    if not (read := OF_A_NUMBER.fullmatch(text.strip().upper())):
        return None
    letter, year, serial = read.groups()
    kind = next(kind for kind, its_letter in LETTERS.items() if its_letter == letter)
    found = Document.objects.filter(kind=kind, year=int(year), serial=int(serial))
    return found.values_list("session_id", flat=True).first()


def of_refund(refund_id: UUID, kind: Kind) -> Document | None:
    """Return the credit note of a refund, or its reversal."""
    return _stored().filter(refund_id=refund_id, kind=kind).first()


def _stored() -> "QuerySet[Document]":
    return Document.objects.select_related("session__customer").defer("pdf")


def _follow(first: Document, number: Number, refund: Refund, content: contents.Content, now: datetime) -> Document:
    return Document.objects.create(
        **vars(number),
        session=first.session,
        refers_to=first,
        refund_id=refund.id,
        amount_cents=refund.amount_cents,
        currency=refund.payment.currency,
        content=content,
        time_zone=first.session.customer.time_zone,
        issued_at=now,
    )


def _next(kind: Kind, now: datetime) -> Number:
    """Take the next number of this kind in the year of `now`, UTC.

    Not in the year where the customer is: two years would be counted at once around each New Year, and numbers would
    not rise with the moments of issue. A number names a series; the document's date is in the customer's zone.
    """
    series, _created = Series.objects.get_or_create(kind=kind, year=now.year)
    Series.objects.filter(pk=series.pk).update(last=F("last") + 1)
    series.refresh_from_db()
    return Number(kind, series.year, series.last)
