"""Render template and context to subject, text and HTML, in the recipient's time zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template import Context, Engine
from django.utils import timezone, translation

from autodoctor.mail.text_blocks import blocks

SUBJECT = "Subject:"
LONGEST_SUBJECT = 150  # characters


@dataclass(frozen=True)
class Letter:
    """The rendered mail: text and HTML."""

    subject: str
    text: str
    html: str


class Malformed(Exception):
    """The template's first line is not "Subject: …"."""


def render(template: str, context: Mapping[str, Any], *, time_zone: str) -> Letter:
    """Render a mail. Raises `TemplateDoesNotExist` or `Malformed`: both are our bugs."""
    with timezone.override(ZoneInfo(time_zone)), translation.override(settings.LANGUAGE_CODE):
        facts = _moments(dict(context)) | {"site_url": settings.SITE_URL, "support_email": settings.SUPPORT_EMAIL}
        subject, text = _text(template, facts)
        page = Engine.get_default().select_template([f"{template}.html", "mail/derived.html"])
        html = page.render(Context(facts | {"subject": subject, "blocks": blocks(text)}))
        foot = _plain("mail/foot.txt", facts)
    return Letter(subject, f"{text}\n\n{foot}\n", html)


def one_line(text: str) -> str:
    """Return one line without invisible characters, so that no text starts another header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _text(template: str, facts: dict[str, Any]) -> tuple[str, str]:
    subject, _, text = _plain(f"{template}.txt", facts).partition("\n")
    if not subject.startswith(SUBJECT):
        raise Malformed(template)
    line = one_line(subject.removeprefix(SUBJECT))
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…", text.strip("\n")


def _plain(template: str, facts: dict[str, Any]) -> str:
    """Plain text has no markup, so nothing is escaped."""
    page = Engine.get_default().get_template(template).render(Context(facts, autoescape=False))
    return page.replace("\0", "").strip()


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
