"""`{% known_skills mechanic %}`: what a mechanic knows. `{{ names|listed }}`: names in a sentence."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.skills import queries

register = template.Library()


@register.inclusion_tag("skills/parts/known.html")
def known_skills(mechanic: User) -> dict[str, Any]:
    return {"skills": queries.known_by(mechanic)}


@register.filter
def listed(names: Sequence[object]) -> str:
    """Return "Toyota, brakes and exhaust"."""
    return get_text_list([str(name) for name in names], _("and"))
