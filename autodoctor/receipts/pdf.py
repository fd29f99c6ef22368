"""A document as PDF: typeset once, then kept with the document."""

from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from autodoctor.core import links
from autodoctor.core.pdf import as_set, typeset
from autodoctor.receipts.contents import Content, Part
from autodoctor.receipts.models import Document

TEMPLATE = Path(__file__).parent / "typst" / "receipt.typ"


def content_of(document: Document) -> bytes:
    """Return the PDF, the same bytes every time. Outside of any transaction: typesetting takes a while."""
    if document.pdf is None:
        with timezone.override(ZoneInfo(document.time_zone)):
            data = _data(document.content, document.session_id)
            made = typeset(TEMPLATE, data, made_at=document.issued_at)
        Document.objects.filter(id=document.id, pdf=None).update(pdf=made)  # the first one counts
        document.refresh_from_db(fields=["pdf"])
    return bytes(document.pdf or b"")


def file_name(document: Document) -> str:
    """Return "receipt-R-2026-000123.pdf"."""
    return f"{document.kind.replace('_', '-')}-{document.number}.pdf"


def _data(content: Content, session_id: UUID) -> dict[str, Any]:
    return {
        "words": _words() | {"kind": content["kind"]},
        "title": content["title"],
        "author": content["seller"],
        "brand": as_set(content["seller"]),
        "heading": as_set(content["heading"]),
        "dated": content["dated"],
        "facts": [fact | {"value": as_set(fact["value"])} for fact in content["facts"]],
        "lines": [_line(part) for part in content["parts"]],
        "totals": content["totals"],
        "why": content["why"],
        "notes": content["notes"],
        "address": links.absolute(links.receipt_page(session_id)),
        "footer": as_set(f"{content['seller']} · {content['title']} · {content['customer']}"[:110]),
    }


def _words() -> dict[str, str]:
    return {
        "booked": _("What was booked"),
        "part": _("Time"),
        "held": _("Held"),
        "charged": _("Charged"),
        "why": _("How we calculated the charge"),
        "about": _("About this document"),
        "address": _("You also find this document here:"),
    }


def _line(part: Part) -> dict[str, str]:
    more = " · ".join(filter(None, (part["used"], part["card"])))
    return {"name": as_set(part["name"]), "more": more, "held": part["held"], "charged": part["charged"]}
