"""Words of people with their links, and the topics of questions."""

from html import escape

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from autodoctor.conversations.topics import topic_words
from autodoctor.core.request_limits import FILE_MEGABYTES, HELP_FILES
from autodoctor.core.web_addresses import Address, addresses

register = template.Library()

register.filter("topic_words", topic_words)


@register.simple_tag
def thread_limits() -> dict[str, int]:
    """Return how many files a message to support can bring, and how large each can be."""
    return {"files": HELP_FILES, "megabytes": FILE_MEGABYTES}


@register.filter
def linked(text: str) -> SafeString:
    """Turn web addresses in a text into links and escape everything else."""
    parts, done = [], 0
    for found in addresses(text):
        parts += [escape(text[done : found.start]), _link(found)]
        done = found.start + len(found.written)
    return mark_safe("".join([*parts, escape(text[done:])]))  # noqa: S308 each part is escaped


def _link(to: Address) -> SafeString:
    return format_html('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>', to.url, to.written)
