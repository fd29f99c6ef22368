"""Lines for a summary, proposed from what was written and said, by rules. The mechanic takes what is right, and writes.

Each line names the place that it comes from. Nothing is added to a summary, and nothing is sent, without a press.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role
from autodoctor.summaries.sources import Source
from autodoctor.trouble_codes.reading import codes_in

MOST_A_FIELD = 8
LINE_MAX = 300  # characters
FEWEST_WORDS = 3


class Field(TextChoices):
    """Where a line is proposed."""

    FINDINGS = "findings", gettext_lazy("Findings")
    STEPS = "steps", gettext_lazy("Steps performed")
    NEXT_STEPS = "next_steps", gettext_lazy("Next steps")
    PARTS = "parts", gettext_lazy("Parts")


@dataclass(frozen=True)
class Proposal:
    field: Field
    text: str
    source: Source


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


# Advice is looked for first: "check the hose again next week" is to be done, whatever else it says.
_ADVICE: Final = _words(
    *("should", "must", "have to", "has to", "need to", "needs? to", "needs?", "recommend", "replace", "order", "buy"),
    *("next (?:week|month|service|time)", "within", "soon", "workshop", "garage", "do(?:n't|n’t| not) drive", "avoid"),
    *("keep an eye", "before (?:winter|you drive)", "stop driving", "come back", "make an appointment", "top up"),
)
_DONE: Final = _words(
    *("checked", "tested", "measured", "cleaned", "tightened", "removed", "disconnected", "connected", "looked at"),
    *("opened", "listened", "compared", "cleared", "reset", "turned", "started", "inspected", "swapped", "unplugged"),
)
_ASKED_FOR: Final = re.compile(
    r"^\s*(?:now |then |please |ok(?:ay)?,? |and |first |can you |could you )*"
    r"(?:open|check|look|turn|start|press|show|listen|hold|pull|push|remove|disconnect|connect|measure|clean|tighten|rev)\b",
    re.IGNORECASE,
)
_STATE: Final = _words(
    *("leak(?:s|ing)?", "worn", "corroded", "corrosion", "rust(?:y|ed)?", "broken", "crack(?:s|ed)?", "loose", "low"),
    *(
        "empty",
        "dirty",
        "clogged",
        "noise",
        "nois(?:y|es)",
        "rattl\\w+",
        "squeal\\w*",
        "knock\\w*",
        "grind\\w*",
        "smoke",
    ),
    *("misfir\\w+", "overheat\\w*", "dead", "flat", "smell\\w*", "vibrat\\w+", "damaged", "burnt", "missing", "fine"),
    *("will not start", "won[’']t start", "does ?n[o’']t \\w+", "warning light", "sounds? like", "looks? like"),
)
_MEASURED: Final = re.compile(
    r"\d+(?:[.,]\d+)?\s?(?:volts?|v|bar|psi|°\s?[cf]|rpm|mm|amps?|a|ohms?|%)(?!\w)", re.IGNORECASE
)
_PART: Final = re.compile(
    r"\b(?:replace|order|buy|get|fit|needs?|change)\s+(?:both |all |(?:a|an|the|your|its|this|that|two|four|new) )*"
    r"((?:[\w-]+ ){0,3}(?:batter(?:y|ies)|pads?|discs?|rotors?|filters?|clamps?|belts?|hoses?|plugs?|sensors?|pumps?|"
    r"bulbs?|fuses?|tires?|tyres?|gaskets?|bearings?|alternator|starter|thermostat|radiator|calipers?|struts?|coils?|relay|wipers?"
    r"|bushings?|joints?|mounts?|valves?|seals?))\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")


def propose(sources: Sequence[Source]) -> list[Proposal]:
    """Return the proposals in the order in which things were said, each text once, so many a field at most."""
    found: dict[tuple[Field, str], Proposal] = {}
    for proposal in (each for source in sources for each in _from(source)):
        found.setdefault((proposal.field, proposal.text.casefold()), proposal)
    return [proposal for field in Field for proposal in _first(field, list(found.values()))]


def _first(field: Field, proposals: list[Proposal]) -> list[Proposal]:
    return [proposal for proposal in proposals if proposal.field == field][:MOST_A_FIELD]


def _from(source: Source) -> Iterator[Proposal]:
    if source.is_picture:
        yield Proposal(Field.FINDINGS, _("See the picture “%s”.") % source.text, source)
        return
    for sentence in map(str.strip, _SENTENCE.split(source.text)):
        if len(sentence.split()) < FEWEST_WORDS or sentence.endswith("?"):
            continue
        yield from _from_sentence(sentence[:LINE_MAX], source)


def _from_sentence(sentence: str, source: Source) -> Iterator[Proposal]:
    is_mechanic = source.role == Role.MECHANIC
    field = _field_of(sentence) if is_mechanic else _field_of_report(sentence)
    if field is None:
        return
    words = _sentence_case(sentence)
    yield Proposal(field, words if is_mechanic else _("The customer says: %s") % words, source)
    if field is Field.NEXT_STEPS and (part := _PART.search(sentence)):
        yield Proposal(Field.PARTS, _sentence_case(part[1]), source)


def _field_of(sentence: str) -> Field | None:
    if _ADVICE.search(sentence):
        return Field.NEXT_STEPS
    if _DONE.search(sentence) or _ASKED_FOR.search(sentence):
        return Field.STEPS
    return _field_of_report(sentence)


def _field_of_report(sentence: str) -> Field | None:
    is_finding = _STATE.search(sentence) or _MEASURED.search(sentence) or codes_in(sentence)
    return Field.FINDINGS if is_finding else None


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]
