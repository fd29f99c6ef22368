"""The evidence document for a disputed charge: the agreement, the session, the charge.

It contains only entries of our log and ledger, in their order and with their times.
"""

import asyncio
import os
import weakref
import zipfile
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from autodoctor.booking.models import Booking
from autodoctor.core import links
from autodoctor.core.formatting import document_moment, exact_moment
from autodoctor.core.heavy_work import Remembered, turns
from autodoctor.core.pdf import as_set, look_up, typeset
from autodoctor.files.listing import open_file
from autodoctor.files.models import StoredFile
from autodoctor.legal.pages import CANCELLATION, TERMS
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Dispute, Payment, Refund
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.states import EventKind, Kind
from autodoctor.summaries import document
from autodoctor.summaries import pdf as summary_pdf
from autodoctor.support.case_file import Case, Money
from autodoctor.support.case_presence import Attendance, attendance
from autodoctor.support.case_timeline import Group, group_of, in_words
from autodoctor.transcripts import reading
from autodoctor.transcripts.models import Line

TEMPLATE = Path(__file__).parent / "typst" / "evidence.typ"
LEFT_OUT = frozenset({Group.SUPPORT, Group.ALERTS, Group.CHAT})  # ours alone, or given in full below
MOST_MESSAGES = MOST_LINES = 1_000
PIECE_BYTES = 1 << 20
MOST_REMEMBERED = 512 * 1024 * 1024  # bytes on the disk


def pdf(case: Case, *, time_zone: str) -> bytes:
    """Return the document, with times in this zone."""
    with timezone.override(ZoneInfo(time_zone)):
        return typeset(TEMPLATE, _data(case), made_at=case.now.replace(second=0, microsecond=0))


def documents(case: Case, *, time_zone: str) -> dict[str, bytes]:
    """Return the document and, if there is one, the written summary, by name."""
    written = {"summary.pdf": _summary(case, time_zone)} if case.session.summarized_at else {}
    return {"evidence.pdf": pdf(case, time_zone=time_zone), **written}


def zipped(papers: dict[str, bytes], files: list[StoredFile]) -> AsyncIterator[bytes]:
    """Return a ZIP of the documents and all files, packed on the disk; the last ones are remembered there.

    Raises `OSError` if a file cannot be read, and `TooFast` if too many documents are made at once.
    """
    key = tuple(sha256(paper).digest() for paper in papers.values()), tuple(file.id for file in files)
    packed = _remembered.get(key, lambda: _pack(papers, files))
    return packed.pieces()


class _Packed:
    """A file without a name. It is gone once it is neither remembered nor being sent."""

    def __init__(self, file: IO[bytes]) -> None:
        self.size = file.tell()
        self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    async def pieces(self) -> AsyncIterator[bytes]:
        position = 0
        while piece := await asyncio.to_thread(os.pread, self._descriptor, PIECE_BYTES, position):
            yield piece
            position += len(piece)


def _pack(papers: dict[str, bytes], files: list[StoredFile]) -> _Packed:
    with TemporaryFile() as packed:
        _write(packed, papers, files)
        packed.seek(0, os.SEEK_END)
        packed.flush()
        return _Packed(packed)


def _write(packed: IO[bytes], papers: dict[str, bytes], files: list[StoredFile]) -> None:
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in papers.items():
            archive.writestr(name, content)
        for name, file in _named(files):
            with open_file(file) as stored, archive.open(zipfile.ZipInfo(name), "w") as entry:
                while part := stored.read(PIECE_BYTES):
                    entry.write(part)


_remembered: Remembered[_Packed] = Remembered(turns=turns, most=MOST_REMEMBERED, size=lambda packed: packed.size)


def _summary(case: Case, time_zone: str) -> bytes:
    return summary_pdf.render(document.of(case.session.summary), time_zone=time_zone)


def _named(files: list[StoredFile]) -> Iterator[tuple[str, StoredFile]]:
    """Number the files, the oldest first, because two may have the same name."""
    for number, file in enumerate(reversed(files), 1):
        yield f"files/{number:02d}-{file.name}", file


def _data(case: Case) -> dict[str, Any]:
    session = case.session
    events = list(session.events.order_by("seq"))
    messages = [event for event in events if event.kind == EventKind.MESSAGE_POSTED]
    spoken = reading.lines_between(session, None, None)
    about = case.vehicle or session.plan_name
    texts = [line.text for line in spoken[:MOST_LINES]]
    look_up(session.concern, *(file.name for file in case.files), *map(in_words, events), *texts)
    return {
        "words": _words(),
        "title": _("Evidence: session of %(name)s") % {"name": session.customer.name},
        "author": settings.SELLER_NAME,
        "heading": as_set(f"{session.plan_name}, {session.customer.name}"),
        "dated": document_moment(case.now),
        "facts": _facts(case),
        "service": _service(case, attendance(events, case.now), messages),
        "agreed": _agreed(case),
        "charges": [row for each in case.money for row in _charge(each)],
        "timeline": [_entry(event) for event in events if group_of(event.kind) not in LEFT_OUT],
        "messages": [_entry(event) | {"who": as_set(event.actor_name)} for event in messages[:MOST_MESSAGES]],
        "messages_note": _cut(len(messages), MOST_MESSAGES),
        "spoken": [_spoken(line) for line in spoken[:MOST_LINES]],
        "spoken_note": _cut(len(spoken), MOST_LINES),
        "zone": _("Times are in the time zone %(zone)s.") % {"zone": timezone.get_current_timezone_name()},
        "files": [as_set(file.name) for file in reversed(case.files)],
        "summary": _about_summary(case),
        "footer": as_set(f"{settings.SELLER_NAME} · {about} · {session.id}"[:110]),
    }


def _words() -> dict[str, str]:
    return {
        "kind": _("Evidence for a charge"),
        "service": _("What was provided"),
        "agreed": _("What the customer agreed to"),
        "charges": _("What was charged"),
        "what": _("What"),
        "when": _("When"),
        "reference": _("Reference"),
        "amount": _("Amount"),
        "timeline": _("What happened"),
        "messages": _("What was written"),
        "spoken": _("What was said, as a program understood it"),
        "files": _("Files that were shared"),
        "summary": _("The written summary"),
    }


def _facts(case: Case) -> list[dict[str, str]]:
    session = case.session
    cards = (each.payment for each in case.money if each.payment.card_last4)
    facts = {
        _("Customer"): f"{session.customer.name}\n{session.customer.email}",
        _("Mechanic"): session.mechanic.name if session.mechanic else "",
        _("Card"): "\n".join(sorted({f"{payment.card_brand.title()} {payment.card_last4}" for payment in cards})),
        _("Booked"): document_moment(session.created_at),
        _("Began"): document_moment(session.started_at),
        _("Ended"): document_moment(session.ended_at),
        _("Vehicle"): case.vehicle,
        _("VIN"): str(session.vehicle.get("vin") or ""),
        _("Session"): str(session.id),
    }
    return [{"label": label, "value": as_set(value)} for label, value in facts.items() if value]


def _service(case: Case, times: Attendance, messages: list[SessionEvent]) -> list[dict[str, str]]:
    session = case.session
    by_role = {role: sum(event.actor_role == role for event in messages) for role in ("customer", "mechanic")}
    is_call = session.kind != Kind.CHAT
    rows = {
        _("Time used"): _("%(used)s of %(granted)s") % _spans(used=case.used_seconds, granted=session.granted_seconds),
        _("Customer present"): format_duration(times.present["customer"]),
        _("Mechanic present"): format_duration(times.present["mechanic"]),
        _("Sound and picture, both connected") if is_call else _("Both connected"): format_duration(times.connected),
        _("Messages"): _("%(customer)d from the customer, %(mechanic)d from the mechanic") % by_role,
        _("Files"): str(len(case.files)),
    }
    return [{"label": label, "value": value} for label, value in rows.items()]


def _spans(**seconds: float) -> dict[str, str]:
    return {name: format_duration(value) for name, value in seconds.items()}


def _agreed_texts(booking: Booking) -> list[dict[str, str]]:
    """Return the versions of our texts that the customer agreed to with this intake."""
    sentences = [(TERMS, booking.terms_version, _("Agreed to the terms of use, version %(version)s: %(address)s"))]
    if booking.cancellation_version:
        sentence = _("Agreed to “Canceling and refunds”, version %(version)s: %(address)s")
        sentences.append((CANCELLATION, booking.cancellation_version, sentence))
    return [
        {
            "when": exact_moment(booking.agreed_at),
            "text": as_set(sentence % {"version": version, "address": page.address_of(version)}),
        }
        for page, version, sentence in sentences
    ]


def _agreed(case: Case) -> list[dict[str, str]]:
    """Return the customer's agreements, in the words of the booking form, all made before the payment."""
    session = case.session
    price = format_cents(session.price_cents, session.currency)
    terms = {"plan": session.plan_name, "time": format_duration(case.booked_seconds), "price": price}
    said = [
        _("%(plan)s, %(time)s, for %(price)s: held on the card at booking, charged after the session.") % terms,
        _("Accepted: “I understand the limits of remote advice”."),
    ]
    if session.keep_card:
        said.append(_("Accepted: “Keep my card for extending this session”."))
    rows = [{"when": exact_moment(session.waiver_at), "text": as_set(text)} for text in said]
    for booking in Booking.objects.filter(session=session).exclude(terms_version=""):
        rows += _agreed_texts(booking)
    rows.append({"when": exact_moment(session.created_at), "text": as_set(f"“{session.concern}”")})
    return rows + [_bought(each.payment) for each in case.money if each.payment.granted_at]


def _bought(payment: Payment) -> dict[str, str]:
    words = _("Bought during the session: %(what)s for %(price)s.")
    price = format_cents(payment.amount_cents, payment.currency)
    return {"when": exact_moment(payment.created_at), "text": words % {"what": payment.description, "price": price}}


def _charge(each: Money) -> Iterator[dict[str, str]]:
    payment = each.payment
    if not payment.authorized_at:
        return
    held, charged = _("%s: held"), _("%s: charged")
    yield _row(held % payment.description, payment.authorized_at, payment.intent_id, payment.amount_cents, payment)
    if payment.state == Payment.State.CAPTURED and payment.closed_at:
        what = charged % payment.description
        yield _row(what, payment.closed_at, payment.charge_id, payment.captured_cents, payment)
    for refund in each.refunds:
        if refund.state != Refund.State.FAILED:
            yield _row(_("Refunded"), refund.created_at, refund.stripe_id, -refund.amount_cents, payment)
    for dispute in each.disputes:
        yield _row(_disputed(dispute), dispute.opened_at, dispute.stripe_id, dispute.amount_cents, payment)


def _disputed(dispute: Dispute) -> str:
    return _("Disputed: %(reason)s") % {"reason": dispute.reason_words}


def _row(what: str, at: Any, reference: str, cents: int, payment: Payment) -> dict[str, str]:
    amount = format_cents(abs(cents), payment.currency)
    return {
        "what": as_set(what),
        "when": exact_moment(at),
        "reference": as_set(reference),
        "amount": f"−{amount}" if cents < 0 else amount,
    }


def _entry(event: SessionEvent) -> dict[str, str]:
    return {"when": exact_moment(event.at), "text": as_set(in_words(event))}


def _spoken(line: Line) -> dict[str, str]:
    return {"when": exact_moment(line.at), "who": as_set(line.voice.name), "text": as_set(line.text)}


def _cut(there: int, most: int) -> str:
    """Return that not all is in the document; empty if it is."""
    return _("Only the first %(most)d of %(there)d lines.") % {"most": most, "there": there} if there > most else ""


def _about_summary(case: Case) -> str:
    if case.session.summarized_at is None:
        return ""
    page = links.absolute(links.summary_page(case.session.id))
    sentence = _("Written by the mechanic and emailed to the customer, with photos, on %(at)s: %(page)s")
    return sentence % {"at": document_moment(case.session.summarized_at), "page": page}
