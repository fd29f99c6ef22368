"""`{% trouble_codes text %}`: a card for each trouble code in what somebody typed; `brief=True` leaves checks out."""

from typing import Any

from django import template

from autodoctor.trouble_codes.explanation import explanations_in
from autodoctor.trouble_codes.table import Urgency

register = template.Library()


@register.inclusion_tag("trouble_codes/cards.html")
def trouble_codes(text: str, *, brief: bool = False) -> dict[str, Any]:
    return {"cards": explanations_in(text), "brief": brief}


@register.inclusion_tag("trouble_codes/templates.html")
def trouble_code_templates() -> dict[str, Any]:
    """Write what `room/chat/trouble-codes.js` clones: a list, and a card for each urgency and an unknown one."""
    return {"urgencies": [*Urgency.values, "unknown"]}
