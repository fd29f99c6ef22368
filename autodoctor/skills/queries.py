"""What a car needs, and what a mechanic knows."""

from collections.abc import Collection

from django.db.models import QuerySet

from autodoctor.accounts.models import User
from autodoctor.skills.models import Skill


def needed_for(*, make: str, codes: Collection[str]) -> list[Skill]:
    """Return the makes and systems that a car of this make with these trouble codes is about."""
    return [skill for skill in Skill.objects.filter(active=True) if skill.is_needed(make=make, codes=codes)]


def known_by(mechanic: User) -> "QuerySet[Skill]":
    """Return the offered makes and systems that this mechanic knows, makes first."""
    return Skill.objects.filter(active=True, pk__in=mechanic.known_skills.values("skill"))
