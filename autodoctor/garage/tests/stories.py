"""Cars, and sessions about them that are over."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.booking.models import Vehicle, VehicleSession
from autodoctor.summaries.tests.desk import Desk

FORD = "1FTFW1ET5DFC10312"


def add_car(owner: User, **changes: Any) -> Vehicle:
    said = {"year": 2013, "make": "Ford", "model": "F-150", "used_at": timezone.now()} | changes
    return Vehicle.objects.create(owner=owner, **said)


def session_about(car: Vehicle, mechanic: User, *, hours_ago: float = 0, **changes: Any) -> Desk:
    """Return the desk of a session that was booked so long ago."""
    booked_at = timezone.now() - timedelta(hours=hours_ago)
    times = {"created_at": booked_at, "requested_at": booked_at}
    desk = Desk(car.owner, mechanic, vehicle=car.as_values(), **(times | changes))
    VehicleSession.objects.create(session_id=desk.id, vehicle=car, booked_at=booked_at)
    return desk
