"""Customers' vehicles, and which session was about which: the only writers of both (ADR 52).

A session keeps its own copy of the vehicle, as it was sold. Which vehicle that was is a row, written with the booking
and changed by the customer alone: no page finds out by comparing VINs or names.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from autodoctor.accounts.models import User
from autodoctor.booking.models import MileageReading, Vehicle, VehicleSession
from autodoctor.core.errors import Gone
from autodoctor.core.locking import hold
from autodoctor.sessions.models import Session

MOST_VEHICLES = 50  # of one person
ONE_READING_PER = timedelta(days=1)  # of those that come without a booking: the newest one counts


class VinTaken(Exception):
    """The owner has another vehicle with this VIN."""


class TooManyVehicles(Exception):
    """The owner has as many vehicles as there is room for."""


def keep(described: Vehicle, *, owner: User, now: datetime) -> Vehicle | None:
    """Return the owner's vehicle that a booking is about: the chosen one, the one it describes, or a new one.

    In the caller's transaction. None if there is no room for another one: the booking goes on without it.
    """
    _hold_garage(owner)  # two bookings at once that describe the same one save it once
    known = _known(described, owner)
    if known is None:
        try:
            return _insert(described, owner, now)
        except TooManyVehicles:
            return None
        except VinTaken:  # another booking was faster
            known = _known(described, owner)
    if known:
        known.mileage = known.mileage if described.mileage is None else described.mileage
        known.model = known.model or described.model
        known.used_at = now
        known.save(update_fields=["mileage", "model", "used_at"])
    return known


def as_sold(described: Vehicle, kept: Vehicle | None) -> dict[str, Any]:
    """Return what a session copies: what the customer said now, else what we know of the vehicle."""
    said = described.as_values()
    return {name: getattr(kept, name, value) if value in (None, "") else value for name, value in said.items()}


def link(vehicle: Vehicle, session: Session, *, now: datetime) -> None:
    """Say that a new session is about this vehicle, and what its odometer shows. In the caller's transaction."""
    VehicleSession.objects.create(session=session, vehicle=vehicle, booked_at=session.created_at)
    if vehicle.mileage is not None:
        _read(vehicle, vehicle.mileage, session=session, now=now)


@transaction.atomic
def add(described: Vehicle, *, owner: User, now: datetime) -> Vehicle:
    """Save a new vehicle. Raises `TooManyVehicles`, `VinTaken`."""
    made = _insert(described, owner, now)
    if made.mileage is not None:
        _read(made, made.mileage, session=None, now=now)
    return made


def keep_there(*vehicles: Vehicle) -> None:
    """See to it that nobody changes or removes these until the caller's transaction ends. Raises `Gone`."""
    for key in sorted({vehicle.pk for vehicle in vehicles}):  # always in the same order
        hold(Vehicle.objects.all(), key)


def edit(vehicle: Vehicle, **said: Any) -> None:
    """Change what the owner says of their vehicle. Sessions keep what was said then. Raises `VinTaken`, `Gone`."""
    try:
        with transaction.atomic():
            is_there = Vehicle.objects.filter(pk=vehicle.pk).update(**said)
    except IntegrityError:
        raise VinTaken from None
    if not is_there:
        raise Gone


@transaction.atomic
def remove(vehicle: Vehicle) -> None:
    """Remove a vehicle, with all that is kept of it alone. Sessions about it stay. Raises `Gone`."""
    keep_there(vehicle)
    vehicle.delete()


@transaction.atomic
def read_mileage(vehicle: Vehicle, mileage: int, *, now: datetime) -> None:
    """Write down what the odometer shows today; a second time today replaces the first. Raises `Gone`."""
    keep_there(vehicle)
    vehicle.readings.filter(session=None, read_at__gt=now - ONE_READING_PER).delete()
    _read(vehicle, mileage, session=None, now=now)
    _set_mileage(vehicle)


@transaction.atomic
def forget_reading(vehicle: Vehicle, reading_id: int) -> bool:
    """Delete a reading that was wrong; return whether it was there. Raises `Gone`."""
    keep_there(vehicle)
    deleted, _by_model = vehicle.readings.filter(pk=reading_id).delete()
    if deleted:
        _set_mileage(vehicle)
    return bool(deleted)


def take_in(session: Session, vehicle: Vehicle) -> bool:
    """Say that an earlier session was about this vehicle; return False if it is with one already.

    In the caller's transaction. Raises `Gone`.
    """
    keep_there(vehicle)
    at = session.created_at
    _link, made = VehicleSession.objects.get_or_create(session=session, defaults={"vehicle": vehicle, "booked_at": at})
    mileage = session.vehicle.get("mileage")
    if made and mileage is not None:
        MileageReading.objects.create(vehicle=vehicle, session=session, mileage=mileage, read_at=at)
        _set_mileage(vehicle)
    return made


def move(session_id: UUID, *, since: Vehicle, to: Vehicle) -> bool:
    """Say that a session was about another vehicle of the same owner; return whether it was about the first one.

    In the caller's transaction. Raises `Gone`.
    """
    keep_there(since, to)
    if MileageReading.objects.filter(session_id=session_id, vehicle=since).update(vehicle=to):
        for vehicle in (since, to):
            _set_mileage(vehicle)
    return bool(VehicleSession.objects.filter(session_id=session_id, vehicle=since).update(vehicle=to))


def move_all(*, since: Vehicle, to: Vehicle) -> None:
    """Say that all sessions and readings of one vehicle are the other's. In the caller's transaction. Raises `Gone`."""
    keep_there(since, to)
    VehicleSession.objects.filter(vehicle=since).update(vehicle=to)
    if MileageReading.objects.filter(vehicle=since).update(vehicle=to):
        _set_mileage(to)


def _insert(described: Vehicle, owner: User, now: datetime) -> Vehicle:
    _hold_garage(owner)  # no other request counts now
    if owner.vehicles.count() >= MOST_VEHICLES:
        raise TooManyVehicles
    made = Vehicle(owner=owner, used_at=now, nickname=described.nickname, **described.as_values())
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise VinTaken from None
    return made


def _hold_garage(owner: User) -> None:
    """Let one request at a time add vehicles, until the caller's transaction ends.

    Not the owner's key: a booking that waits here already has rows that point to it.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=owner.pk)


def _known(described: Vehicle, owner: User) -> Vehicle | None:
    """Return the vehicle that was chosen, else the one with this VIN, else the one without a VIN that is called so.

    Locked, so that nobody removes it meanwhile.
    """
    mine = Vehicle.objects.select_for_update(no_key=True).filter(owner=owner)
    chosen = None if described._state.adding else mine.filter(pk=described.pk).first()
    if chosen or described.vin:
        return chosen or mine.filter(vin=described.vin).first()
    called = {"year": described.year, "make__iexact": described.make, "model__iexact": described.model}
    return mine.filter(vin="", **called).first()


def _read(vehicle: Vehicle, mileage: int, *, session: Session | None, now: datetime) -> None:
    """Write down a reading, unless it says what the last one did."""
    last = _last_reading(vehicle)
    if last is None or last.mileage != mileage:
        MileageReading.objects.create(vehicle=vehicle, session=session, mileage=mileage, read_at=now)


def _set_mileage(vehicle: Vehicle) -> None:
    last = _last_reading(vehicle)
    vehicle.mileage = last.mileage if last else None
    vehicle.save(update_fields=["mileage"])


def _last_reading(vehicle: Vehicle) -> MileageReading | None:
    return vehicle.readings.order_by("-read_at", "-id").first()
