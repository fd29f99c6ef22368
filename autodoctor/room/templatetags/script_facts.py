"""What the scripts of a session's page do not decide themselves: which states mean what, and when time is short."""

import json

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from autodoctor.core.page_parts import always_same
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import RUNNING, TAKES_MESSAGES, TERMINAL, State

register = template.Library()

STATE_SETS = {
    "over": TERMINAL,
    "running": RUNNING,
    "calling": RUNNING - {State.HANDING_OVER} | {State.WAITING},
    "begun": RUNNING | {State.COMPLETED},
    "talking": TAKES_MESSAGES,
}


@register.simple_tag
@always_same
def state_sets() -> str:
    """Return as JSON the states of each set, by its name."""
    return json.dumps({name: sorted(states) for name, states in STATE_SETS.items()})


@register.simple_tag
def clock_warnings() -> SafeString:
    """Return the attributes of a clock that say how many seconds before the end it warns, first and last."""
    first, last = (int(duration(name).total_seconds()) for name in ("warn_first", "warn_last"))
    return format_html('data-warn-seconds="{}" data-last-seconds="{}"', first, last)
