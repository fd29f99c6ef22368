"""`{% trouble_codes text %}`: a card for each trouble code in what somebody typed; `brief=True` leaves checks out."""

from typing import Any

from django import template

from autodoctor.trouble_codes.explanation import explanations_in

register = template.Library()


@register.inclusion_tag("trouble_codes/cards.html")
def trouble_codes(text: str, *, brief: bool = False) -> dict[str, Any]:
    return {"cards": explanations_in(text), "brief": brief}
