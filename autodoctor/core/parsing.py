"""Values that come from outside, read in one way by every capability."""

from uuid import UUID

from django.http import HttpRequest


def parse_uuid(value: object) -> UUID | None:
    """The UUID that this is or spells; None for anything else."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def parse_count(value: str | None) -> int | None:
    """A whole number of up to nine plain digits; None for anything else."""
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) <= 9 else None


def storable_text(text: str) -> str:
    """Text as every database, page and mail can hold it.

    Without NUL; half a character, as JSON can carry it, becomes a question mark; a line break is one character, as the
    browser counts it.
    """
    return text.replace("\0", "").encode(errors="replace").decode().replace("\r\n", "\n")


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks: a browser that follows a link or a form prefers a page."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
