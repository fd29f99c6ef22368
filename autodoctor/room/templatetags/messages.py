"""The log of the chat. There are hundreds of messages on a page: made of templates, they take half of its time."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from html import escape
from itertools import groupby

from django import template
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from autodoctor.accounts.models import Role
from autodoctor.conversations.templatetags.conversations import linked
from autodoctor.core.formatting import time_of_day, weekday
from autodoctor.room.pages.timeline import Entry
from autodoctor.sessions.event_data import MessageData
from autodoctor.trouble_codes.explanation import explanations_in

register = template.Library()
# Formatted without `format_html`, which looks at each part again: all but names and texts are our own.
BUBBLE = """
<span class="bubble__name" dir="auto">{}</span>
<span data-slot="text" dir="auto">{}</span>{}
<span class="bubble__meta">
  <time{}>{}</time>
{}</span>
"""
DAY = """<p class="chat__note" data-day>{}</p>
"""
MESSAGE = """<div class="bubble{}" data-seq="{}" data-by="{}"{}{}>{}</div>
"""


@register.simple_tag
def bubble() -> SafeString:
    """Write the bubble of a message that the script fills which clones it (chat-log.js)."""
    return mark_safe(_bubble("", "", None, _delivery(get_language())))  # noqa: S308 each part is escaped


@register.simple_tag(takes_context=True)
def log(context: Context, entries: Iterable[Entry]) -> SafeString:
    """Write the entries, and the day before the first one of each further day."""
    parts: list[str] = []
    zone, delivery = timezone.get_current_timezone(), _delivery(get_language())
    moments = ((entry.event.at.astimezone(zone), entry) for entry in entries)
    for day, of_day in groupby(moments, lambda moment: moment[0].date()):
        if parts:
            parts.append(format_html(DAY, weekday(day)))
        parts += [_message(entry, at, delivery) if entry.is_message else _other(entry, context) for at, entry in of_day]
    return mark_safe("".join(parts))  # noqa: S308 each part is escaped


def _bubble(name: str, text: str, at: datetime | None, delivery: str) -> str:
    """`at` in the reader's zone."""
    when = f' datetime="{at.isoformat()}"' if at else ""
    return BUBBLE.format(escape(name), linked(text), _cards(text), when, time_of_day(at), delivery)


def _other(entry: Entry, context: Context) -> SafeString:
    with context.push(entry=entry):
        return Engine.get_default().get_template("room/parts/entry.html").render(context)


def _message(entry: Entry, at: datetime, delivery: str) -> str:
    event = entry.event
    side = " bubble--mine" if entry.mine else " bubble--support" if event.actor_role == Role.SUPPORT else ""
    client_id = f' data-client-id="{event.client_id}"' if event.client_id else ""
    sent = ' data-delivery="sent"' if entry.mine else ""
    content = _bubble(event.actor_name, event.data_as(MessageData)["text"], at, delivery)
    return MESSAGE.format(side, event.seq, event.actor_role, client_id, sent, content)


def _cards(text: str) -> SafeString:
    """Explain the trouble codes in a message; most have none."""
    cards = explanations_in(text)
    return render_to_string("trouble_codes/cards.html", {"cards": cards, "brief": True}) if cards else SafeString()


@cache
def _delivery(language: str) -> str:
    """Return the words for how the sending of a message stands."""
    return render_to_string("room/parts/delivery.html")
