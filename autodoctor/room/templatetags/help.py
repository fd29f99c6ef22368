"""Get help" on a session's page."""

from typing import Any

from django import template
from django.template import RequestContext

from autodoctor.conversations.topics import Reason
from autodoctor.core.page_parts import always_same
from autodoctor.room.pages.help import help_context

register = template.Library()


@register.simple_tag
@always_same
def help_reasons() -> list[tuple[str, str]]:
    """Return what a question can be about, each with its words."""
    return [(reason.value, str(reason.label)) for reason in Reason]


@register.inclusion_tag("room/parts/get_help.html", takes_context=True)
def get_help(context: RequestContext) -> dict[str, Any]:
    """Render the help dialog of `page`."""
    page = context["page"]
    return help_context(page.session, page.viewer, page.now) | {
        "is_over": page.is_over,
        "viewer": page.viewer,
        "csrf_token": context["csrf_token"],
    }
