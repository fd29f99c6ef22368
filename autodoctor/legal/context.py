"""Who runs the site and where to write to, in the templates of pages and mails."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from autodoctor.legal.pages import PAGES


def legal(request: HttpRequest) -> dict[str, Any]:
    """Return the address to write to, and the legal pages for the footer and the booking form."""
    return {"support_email": settings.SUPPORT_EMAIL, "legal_pages": PAGES}
