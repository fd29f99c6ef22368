"""Which car a session was about, said anew by the owner: one session, or all of a car that stands there twice."""

from uuid import UUID

from django.db import transaction

from autodoctor.booking import vehicles
from autodoctor.booking.models import Vehicle
from autodoctor.garage import advice
from autodoctor.sessions.models import Session


@transaction.atomic
def move_session(session_id: UUID, *, since: Vehicle, to: Vehicle) -> bool:
    """Say that a session was about another car of the same owner; return whether it was about the first one.

    Raises `Gone`; so do the others here.
    """
    if not vehicles.move(session_id, since=since, to=to):
        return False
    advice.move(session_id, to=to)
    return True


@transaction.atomic
def add_session(session_id: UUID, *, car: Vehicle) -> bool:
    """Say that a session of the owner that is with no car was about this one; return whether there is such a session.

    Its mileage and its advice come along.
    """
    session = Session.objects.filter(pk=session_id, customer=car.owner_id, requested_at__isnull=False).first()
    if session is None or not vehicles.take_in(session, car):
        return False
    if session.summarized_at:
        advice.take_from_summary(session_id)
    return True


@transaction.atomic
def merge(car: Vehicle, *, into: Vehicle) -> None:
    """Put all that one car has into another one of the same owner, and remove it. Its links for a workshop end."""
    vehicles.move_all(since=car, to=into)
    advice.move_all(since=car, to=into)
    vehicles.remove(car)
    if car.vin and not into.vin:
        vehicles.edit(into, vin=car.vin)
