"""The switch that subscribes this browser."""

from typing import Any

from django import template
from django.conf import settings

register = template.Library()


@register.inclusion_tag("push/parts/switch.html", takes_context=True)
def push_switch(context: dict[str, Any], place: str) -> dict[str, Any]:
    """Render the switch; `place` (queue, dashboard, account) chooses the words; nothing without Web Push."""
    return {"key": settings.VAPID_PUBLIC_KEY, "me": context["user"].pk, "place": place}
