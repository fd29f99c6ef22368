""" "Get help" on a session's page, and the words for its reasons."""

from typing import Any

from django import template
from django.template import RequestContext

from autodoctor.room.pages.help import help_context
from autodoctor.sessions.lifecycle.help_requests import Reason

register = template.Library()


@register.filter
def help_reason(reason: str) -> str:
    """Return the topic in words."""
    return str(Reason(reason).label) if reason in Reason.values else ""


@register.inclusion_tag("room/parts/get_help.html", takes_context=True)
def get_help(context: RequestContext) -> dict[str, Any]:
    """Render the help dialog of `page`."""
    page = context["page"]
    return help_context(page.session, page.viewer, page.now) | {
        "is_over": page.is_over,
        "csrf_token": context["csrf_token"],
    }
