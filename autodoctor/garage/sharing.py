"""Links for a workshop: made, listed, revoked by the owner of a car; opened by whoever has the address."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from autodoctor.booking import vehicles
from autodoctor.booking.models import Vehicle, VehicleSession
from autodoctor.core import acting
from autodoctor.core.errors import Refused
from autodoctor.files.models import StoredFile
from autodoctor.garage import tokens
from autodoctor.garage.models import SharedFile, SharedLink

LIFETIMES = (1, 7, 30)  # days
MOST_LINKS, LINKS_SHOWN = 10, 20  # that work at once, of one car; in the list, with those that have ended
MOST_FILES, FILES_OFFERED = 20, 48
KEPT = timedelta(days=30)  # in the list, after its end


@dataclass(frozen=True)
class Choice:
    """What a link shows, and for how long. `form` names the form, which makes one link however often it is sent."""

    form: UUID
    days: int
    label: str
    vin: bool
    mileage: bool
    advice: bool
    summaries: bool
    files: Collection[UUID]


@transaction.atomic
def make(car: Vehicle, choice: Choice, *, now: datetime) -> str | None:
    """Make a link and return its token, which nothing can tell again; None if this form has made its link already.

    Raises `Refused` if too many links of the car work, and `Gone`.
    """
    vehicles.keep_there(car)
    link_id = uuid5(car.pk, str(choice.form))
    if SharedLink.objects.filter(pk=link_id).exists():
        return None
    if _alive(now).filter(car=car).count() >= MOST_LINKS:
        raise Refused("too_many_links", _("This car has as many links as can work at once. Revoke one first."))
    token = tokens.new()
    link = SharedLink.objects.create(
        id=link_id,
        car=car,
        token_hash=tokens.hash_of(token),
        label=choice.label,
        shows_vin=choice.vin,
        shows_mileage=choice.mileage,
        shows_advice=choice.advice,
        shows_summaries=choice.summaries,
        made_at=now,
        ends_at=now + timedelta(days=choice.days),
    )
    chosen = _kept_files(car, choice.files)
    SharedFile.objects.bulk_create(SharedFile(link=link, file=file) for file in chosen)
    return token


def offered_files(car: Vehicle) -> list[StoredFile]:
    """Return the latest files of the car's sessions that a link may show."""
    return list(_files_of(car)[:FILES_OFFERED])


@acting.system  # others have shared some of them
def _kept_files(car: Vehicle, named: Collection[UUID]) -> list[StoredFile]:
    """Return those of these files that are there. Nobody removes them until the caller's transaction ends."""
    return list(_files_of(car).filter(pk__in=named).select_for_update(no_key=True)[:MOST_FILES])


def _files_of(car: Vehicle) -> "QuerySet[StoredFile]":
    sessions = VehicleSession.objects.filter(vehicle=car).order_by("-booked_at").values_list("session_id", flat=True)
    there = StoredFile.objects.filter(owner_id__in=list(sessions[:FILES_OFFERED]), removed_at=None)
    return there.order_by("-created_at", "id")


def links_of(car: Vehicle, *, now: datetime) -> list[SharedLink]:
    """Return the links of a car, the newest first: all that work, and then the latest of those that have ended."""
    links = SharedLink.objects.filter(car=car).order_by("-made_at", "id")
    working = list(links.filter(revoked_at=None, ends_at__gt=now))
    ended = links.exclude(pk__in=[link.pk for link in working])
    return working + list(ended[: LINKS_SHOWN - len(working)])


def revoke(car: Vehicle, link_id: UUID, *, now: datetime) -> bool:
    """End a link at once; return whether the car has it."""
    there = SharedLink.objects.filter(car=car, pk=link_id)
    there.filter(revoked_at=None).update(revoked_at=now, ends_at=Least(F("ends_at"), now))
    return there.exists()


@acting.system
def find(token: str, *, now: datetime, opened: bool) -> SharedLink | None:
    """Return the link that works by this token; None for one that is forged, revoked or over.

    `opened`: somebody reads the page, and the owner is told when.
    """
    if not tokens.is_genuine(token):
        return None
    link = _alive(now).select_related("car").filter(token_hash=tokens.hash_of(token)).first()
    if link and opened:
        SharedLink.objects.filter(pk=link.pk).update(opened_at=now)
    return link


def _alive(now: datetime) -> QuerySet[SharedLink]:
    return SharedLink.objects.filter(revoked_at=None, ends_at__gt=now)
