"""Filters for amounts, durations, links and the lines of the log."""

from django import template
from django.template import Context, Engine
from django.template.defaultfilters import floatformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from autodoctor.conversations.templatetags.conversations import linked
from autodoctor.core.page_parts import always_same
from autodoctor.files import errors
from autodoctor.payments.formatting import format_cents
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.lifecycle import support_actions

register = template.Library()

register.filter("linked", linked)
register.filter("money", format_cents)
register.filter("span", format_duration)


@register.filter
def clock(seconds: int) -> str:
    """Format minutes and seconds like the session's clock: "29:05"."""
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


@register.filter
def file_size(size: int) -> str:
    """Format a size, "1.2 MB", like file-words.js."""
    if size < 1024:
        return _("%s byte") % size
    words, unit = (_("%s kB"), 1024) if size < 1024 * 1024 else (_("%s MB"), 1024 * 1024)
    return words % floatformat(size / unit, -1)


register.filter("said_at_the_end", support_actions.closing_reason)


@register.simple_tag(takes_context=True)
def rendered(context: Context, name: str) -> SafeString:
    """Render a part that stands on the page more than once: `{% rendered "room/parts/….html" as part %}`."""
    return Engine.get_default().get_template(name).render(context)


@register.simple_tag
@always_same
def max_file_bytes() -> int:
    return errors.MAX_BYTES


@register.simple_tag
@always_same
def slot(name: str, content: str = "") -> SafeString:
    """Render a slot in a line of the log: filled here, or by the script that clones the line."""
    return format_html('<b data-slot="{}" dir="auto">{}</b>', name, content)
