"""Template and facts to subject and text, in the recipient's time zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template import Context, Engine
from django.utils import timezone, translation

SUBJECT = "Subject:"


@dataclass(frozen=True)
class Letter:
    """What is sent; an HTML part would be one more field."""

    subject: str
    text: str


class Malformed(Exception):
    """The template's first line is not "Subject: …"."""


def render(template: str, context: Mapping[str, Any], *, time_zone: str) -> Letter:
    """Raises `TemplateDoesNotExist` or `Malformed`: both are ours to mend."""
    with timezone.override(ZoneInfo(time_zone)), translation.override(settings.LANGUAGE_CODE):
        facts = _moments(dict(context)) | {"site_url": settings.SITE_URL}
        # Plain text: nothing in it is markup, so nothing is escaped.
        page = Engine.get_default().get_template(f"{template}.txt").render(Context(facts, autoescape=False))
    subject, _, text = page.lstrip().partition("\n")
    if not subject.startswith(SUBJECT):
        raise Malformed(template)
    return Letter(_one_line(subject.removeprefix(SUBJECT)), text.strip() + "\n")


def _one_line(text: str) -> str:
    """Without anything that could begin another header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _moments(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            return {name: _moments(inner, name) for name, inner in value.items()}
        case list():
            return [_moments(inner, key) for inner in value]
        case str() if key.endswith("_at"):
            return datetime.fromisoformat(value)
        case _:
            return value
