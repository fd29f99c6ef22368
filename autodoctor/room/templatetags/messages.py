"""The log of the chat. There are hundreds of messages on a page: made of templates, they take half of its time."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
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
from autodoctor.core.formatting import iso, time_of_day, weekday
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
DAY = """<p class="chat__note" data-day>{}</p>
"""
MESSAGE = """<div class="bubble{}" data-seq="{}" data-by="{}"{}{}>{}</div>
"""


@register.simple_tag
def bubble(name: str = "", text: str = "", at: datetime | None = None) -> SafeString:
    """Write what is in the bubble of a message; empty, what the script fills that clones it (chat-log.js)."""
    when = SafeString(f' datetime="{iso(at)}"') if at else ""
    return format_html(BUBBLE, name, linked(text), _cards(text), when, time_of_day(at), _delivery(get_language()))


@register.simple_tag(takes_context=True)
def log(context: Context, entries: Iterable[Entry]) -> SafeString:
    """Write the entries, and the day before the first one of each further day."""
    parts: list[str] = []
    for day, of_day in groupby(entries, lambda entry: timezone.localdate(entry.event.at)):
        if parts:
            parts.append(format_html(DAY, weekday(day)))
        parts += [_message(entry) if entry.is_message else _other(entry, context) for entry in of_day]
    return mark_safe("".join(parts))  # noqa: S308 each part is escaped


def _other(entry: Entry, context: Context) -> SafeString:
    with context.push(entry=entry):
        return Engine.get_default().get_template("room/parts/entry.html").render(context)


def _message(entry: Entry) -> SafeString:
    event = entry.event
    side = " bubble--mine" if entry.mine else " bubble--support" if event.actor_role == Role.SUPPORT else ""
    client_id = SafeString(f' data-client-id="{event.client_id}"') if event.client_id else ""
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
