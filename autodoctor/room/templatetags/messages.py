"""The messages of the chat. There are hundreds on a page: made of templates, they take half of its time."""

from datetime import datetime
from functools import cache

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from autodoctor.accounts.models import Role
from autodoctor.conversations.templatetags.conversations import linked
from autodoctor.core.formatting import iso, time_of_day
from autodoctor.room.pages.timeline import Entry
from autodoctor.sessions.event_data import MessageData
from autodoctor.trouble_codes.explanation import explanations_in

register = template.Library()
BUBBLE = """
<span class="bubble__name" dir="auto">{}</span>
<span data-slot="text" dir="auto">{}</span>{}
<span class="bubble__meta">
  <time{}>{}</time>
{}</span>
"""
MESSAGE = """<div class="bubble{}" data-seq="{}" data-by="{}"{}{}>{}</div>
"""


@register.simple_tag
def bubble(name: str = "", text: str = "", at: datetime | None = None) -> SafeString:
    """Write what is in the bubble of a message; empty, what the script fills that clones it (chat-log.js)."""
    when = format_html(' datetime="{}"', iso(at)) if at else ""
    return format_html(BUBBLE, name, linked(text), _cards(text), when, time_of_day(at), _delivery(get_language()))


@register.simple_tag
def message(entry: Entry) -> SafeString:
    """Write an entry of the log that is a message."""
    event = entry.event
    side = " bubble--mine" if entry.mine else " bubble--support" if event.actor_role == Role.SUPPORT else ""
    client_id = format_html(' data-client-id="{}"', event.client_id) if event.client_id else ""
    delivery = SafeString(' data-delivery="sent"') if entry.mine else ""
    content = bubble(event.actor_name, event.data_as(MessageData)["text"], event.at)
    return format_html(MESSAGE, side, event.seq, event.actor_role, client_id, delivery, content)


def _cards(text: str) -> SafeString:
    """Explain the trouble codes in a message; most have none."""
    cards = explanations_in(text)
    return render_to_string("trouble_codes/cards.html", {"cards": cards, "brief": True}) if cards else SafeString()


@cache
def _delivery(language: str) -> str:
    """Return the words for how the sending of a message stands."""
    return render_to_string("room/parts/delivery.html")
