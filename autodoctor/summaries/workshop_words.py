"""What to say to the workshop: the summary in the customer's own voice, put together by rules."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from autodoctor.core.formatting import day
from autodoctor.sessions.states import Kind
from autodoctor.summaries.content import PartLine, Safe
from autodoctor.summaries.document import Document
from autodoctor.trouble_codes.explanation import explain
from autodoctor.trouble_codes.structure import TroubleCode


@dataclass(frozen=True)
class Section:
    title: str
    text: str


def sections(document: Document) -> list[Section]:
    """Return what there is to say, in the order in which a workshop wants to hear it."""
    content, name = document.content, document.mechanic.name
    found = [
        Section(_("My car"), _car(document)),
        Section(_("What is wrong"), document.session.concern),
        Section(_("Trouble codes that I read"), _codes(document)),
        Section(_("Who looked at it"), _who(document)),
        Section(_("What %(name)s found") % {"name": name}, content.findings),
        Section(_("What was already done"), content.steps),
        Section(_("What %(name)s recommends") % {"name": name}, content.next_steps),
        *(
            Section(_("Correction of %(day)s") % {"day": day(correction.written_at)}, correction.text)
            for correction in document.corrections
        ),
        Section(_("Parts that may be needed"), "\n".join(map(_part, content.parts))),
        Section(_("Can it be driven?"), _safe(document)),
        Section(_("What I ask of you"), _request()),
    ]
    return [section for section in found if section.text]


def as_text(found: list[Section]) -> str:
    """Return the words as they are copied and shared."""
    return "\n\n".join(f"{section.title}\n{section.text}" for section in found)


def _car(document: Document) -> str:
    vin = _("VIN: %(vin)s") % {"vin": document.vin} if document.vin else ""
    mileage = _("Mileage: %(mileage)s") % {"mileage": f"{document.mileage:,}"} if document.mileage is not None else ""
    return "\n".join(filter(None, [document.vehicle, vin, mileage]))


def _codes(document: Document) -> str:
    codes = (TroubleCode(*code.split("-", 1)) for code in document.session.trouble_codes)
    return "\n".join(f"{code}: {explain(code).title}" for code in codes)


def _who(document: Document) -> str:
    mechanic = ", ".join(filter(None, [document.mechanic.name, document.headline]))
    when = {"mechanic": mechanic, "day": day(document.session.started_at or document.session.ended_at)}
    if document.session.kind == Kind.CHAT:
        return _("%(mechanic)s, in a chat on %(day)s. Nobody but me has touched the car.") % when
    return _("%(mechanic)s, in a video call on %(day)s. Nobody but me has touched the car.") % when


def _part(part: PartLine) -> str:
    number = f" ({part.number})" if part.number else ""
    return f"{part.quantity} × {part.name}{number}"


def _safe(document: Document) -> str:
    """Return the verdict, its reason, and what follows from it."""
    content = document.content
    match Safe(content.safe):
        case Safe.YES:
            then = _("I can bring it to you.")
        case Safe.CARE:
            then = _("I would like an appointment soon.")
        case Safe.NO:
            then = _("It has to be towed, or you would have to come to it.")
    return "\n".join(filter(None, [f"{document.safe_words}.", content.safe_why, then]))


def _request() -> str:
    return "\n".join(
        (
            _("Please check this before you replace anything: the mechanic saw the car only from afar."),
            _("Tell me the price of parts and labor, and wait for my yes before you begin."),
            _("Keep the parts that you take out, so that I can see them."),
        )
    )
