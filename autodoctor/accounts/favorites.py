"""A customer's favorite mechanics, and which of them the customer wants to hear of when they take sessions again.

The list is the customer's alone: no mechanic learns who is on it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from autodoctor.accounts.actions import Refused, lock_person
from autodoctor.accounts.models import Favorite, User

MOST = 50  # of one person
TELL_FOR = timedelta(days=14)  # who asked earlier has found help elsewhere


def add(*, customer: User, mechanic: User, now: datetime) -> Favorite:
    """Keep this mechanic; a mechanic who is kept already stays. Raises `Refused` beyond `MOST`."""
    return _keep(customer, mechanic, now)


def remove(*, customer: User, mechanic_id: UUID) -> None:
    """Forget this mechanic, and what was to be told of them."""
    Favorite.objects.filter(customer=customer, mechanic_id=mechanic_id).delete()


def tell_when_back(*, customer: User, mechanic: User, now: datetime) -> Favorite:
    """Keep this mechanic, and have the customer told once when they take sessions again. Raises `Refused`."""
    return _keep(customer, mechanic, now, tell_until=now + TELL_FOR)


@transaction.atomic
def _keep(customer: User, mechanic: User, now: datetime, **said: datetime) -> Favorite:
    """Keep this mechanic, and write down what was said. One that is there is locked: nobody removes it meanwhile."""
    lock_person(customer)
    mine = Favorite.objects.filter(customer=customer)
    if not mine.filter(mechanic=mechanic).exists() and mine.count() >= MOST:
        raise Refused("too_many", _("You have %d favorites. Remove one first.") % MOST)
    return Favorite.objects.update_or_create(
        customer=customer, mechanic=mechanic, defaults=said, create_defaults={"added_at": now, **said}
    )[0]


def do_not_tell(*, customer: User, mechanic_id: UUID) -> None:
    """The customer has changed their mind, or has met the mechanic meanwhile."""
    Favorite.objects.filter(customer=customer, mechanic_id=mechanic_id).update(tell_until=None)


def favorites_of(customer: User) -> "QuerySet[Favorite]":
    """Return the customer's favorites, the newest first."""
    mine = Favorite.objects.filter(customer=customer).select_related("mechanic__mechanic_profile")
    return mine.order_by("-added_at", "pk")


def to_be_told(now: datetime, *, of: "QuerySet[User]") -> "QuerySet[Favorite]":
    """Return who is to be told that one of these mechanics is back, who asked first before others."""
    waiting = Favorite.objects.filter(tell_until__gt=now, mechanic__in=of, customer__is_active=True)
    return waiting.select_related("customer", "mechanic").order_by("tell_until", "pk")


def mark_told(favorite: Favorite) -> bool:
    """Take the news off, and return whether it was still to be told: whoever gets True tells it."""
    there = Favorite.objects.filter(pk=favorite.pk, tell_until=favorite.tell_until)
    return bool(there.update(tell_until=None))


def kept_by(customer: User, mechanics: Collection[UUID]) -> dict[UUID, Favorite]:
    """Return which of these mechanics the customer keeps."""
    mine = Favorite.objects.filter(customer=customer, mechanic__in=mechanics)
    return {favorite.mechanic_id: favorite for favorite in mine}
