"""The only writer of what a mechanic knows."""

from collections.abc import Collection

from django.db import transaction

from autodoctor.accounts.actions import lock_person
from autodoctor.accounts.models import User
from autodoctor.skills.models import KnownSkill, Skill


def choose(*, mechanic: User, skills: Collection[Skill]) -> None:
    """Set which of the offered makes and systems this mechanic knows. One that is no longer offered stays as it is."""
    with transaction.atomic():
        lock_person(mechanic)
        known = KnownSkill.objects.filter(mechanic=mechanic, skill__active=True)
        known.exclude(skill__in=skills).delete()
        missing = {skill.pk for skill in skills}.difference(known.values_list("skill_id", flat=True))
        KnownSkill.objects.bulk_create(KnownSkill(mechanic=mechanic, skill_id=key) for key in sorted(missing))
