"""A car that is removed, becomes one with another, or is added, while somebody does something with it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.booking import vehicles
from autodoctor.booking.models import MileageReading, Vehicle, VehicleSession
from autodoctor.files.models import StoredFile
from autodoctor.garage import advice, linking
from autodoctor.garage.models import SharedFile
from autodoctor.garage.tests.stories import add_car, session_about
from autodoctor.scheduler.handlers import Retry
from autodoctor.summaries.tests.desk import Desk
from tests.kit.meanwhile import at_every_moment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.on_postgres]
ClientOf = Callable[[User], Client]


@pytest.fixture
def owner(customer: User, client_of: ClientOf) -> Client:
    return client_of(customer)


def page(car: Vehicle, rest: str = "") -> str:
    return f"/garage/{car.pk}/{rest}"


def read(car: Vehicle) -> dict[str, Any]:
    return {"wrong": car.readings.create(mileage=84_000, read_at=timezone.now()).pk}


FORMS: dict[str, tuple[str, Callable[[Vehicle], dict[str, Any]]]] = {
    "mileage": ("mileage/", lambda _car: {"mileage": "85000"}),
    "wrong mileage": ("mileage/", read),
    "link": ("links/", lambda _car: {"days": "7", "form": str(uuid4()), "vin": "on"}),
    "edit": ("edit/", lambda _car: {"year": "2013", "make": "Ford", "model": "F-150", "nickname": "Truck"}),
    "remove": ("remove/", lambda _car: {}),
}


def test_two_cars_added_at_once_do_not_overfill_a_garage(customer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list shows as many as there is room for: nobody would find one more."""
    monkeypatch.setattr(vehicles, "MOST_VEHICLES", 1)

    def add(model: str) -> None:
        with suppress(vehicles.TooManyVehicles):
            vehicles.add(Vehicle(make="Ford", model=model), owner=customer, now=timezone.now())

    for _ in at_every_moment(
        User, Vehicle, prepare=Vehicle.objects.all().delete, act=lambda _: add("Focus"), other=lambda _: add("Fiesta")
    ):
        assert Vehicle.objects.count() == 1


def gone(car: Vehicle) -> None:
    vehicles.remove(Vehicle.objects.get(pk=car.pk))


@pytest.mark.parametrize("form", FORMS)
def test_a_car_that_is_removed_meanwhile_is_as_good_as_none(owner: Client, customer: User, form: str) -> None:
    path, said_of = FORMS[form]

    def prepare() -> tuple[Vehicle, dict[str, Any]]:
        car = add_car(customer)
        return car, said_of(car)

    *before, last = at_every_moment(
        Vehicle,
        prepare=prepare,
        act=lambda case: owner.post(page(case[0], path), case[1]).status_code,
        other=lambda case: gone(case[0]),
    )
    assert (set(before), last) == ({404}, 200 if form == "link" else 303)


def test_a_car_is_removed_with_what_is_written_to_it_meanwhile(owner: Client, customer: User) -> None:
    answers = at_every_moment(
        Vehicle,
        MileageReading,
        prepare=lambda: add_car(customer),
        act=lambda car: owner.post(page(car, "remove/")).status_code,
        other=lambda car: vehicles.read_mileage(car, 85_000, now=timezone.now()),
    )
    assert set(answers) == {303}
    assert not Vehicle.objects.exists()


@pytest.fixture
def pair(customer: User, mechanic: User) -> Callable[[], tuple[Vehicle, Vehicle, Desk]]:
    """Two cars, and a session about the first one, with what its odometer showed and with its advice."""

    def make() -> tuple[Vehicle, Vehicle, Desk]:
        car, other = add_car(customer, mileage=84_000), add_car(customer)
        desk = session_about(car, mechanic)
        desk.submit()
        car.readings.create(session_id=desk.id, mileage=84_000, read_at=timezone.now())
        return car, other, desk

    return make


Case = tuple[Vehicle, Vehicle, Desk]
Pair = Callable[[], Case]


def test_a_session_is_not_added_to_a_car_that_is_removed_meanwhile(owner: Client, pair: Pair) -> None:
    def without_car() -> Case:
        case = pair()
        case[0].delete()
        return case

    *before, last = at_every_moment(
        Vehicle,
        prepare=without_car,
        act=lambda case: owner.post(page(case[1], "sessions/"), {"add": str(case[2].id)}).status_code,
        other=lambda case: gone(case[1]),
    )
    assert (set(before), last) == ({404}, 303)


def move(owner: Client, case: Case) -> int:
    car, other, desk = case
    return owner.post(page(car, "sessions/"), {"session": str(desk.id), "to": str(other.pk)}).status_code


def merge(owner: Client, case: Case) -> int:
    car, other, _desk = case
    return owner.post(page(car, "merge/"), {"into": str(other.pk)}).status_code


def first(case: Case) -> Vehicle:
    return case[0]


def second(case: Case) -> Vehicle:
    return case[1]


@pytest.mark.parametrize("which", [first, second])
@pytest.mark.parametrize("act", [move, merge])
def test_two_cars_of_which_one_is_removed_meanwhile(
    owner: Client, pair: Pair, act: Callable[[Client, Case], int], which: Callable[[Case], Vehicle]
) -> None:
    *before, last = at_every_moment(
        Vehicle, prepare=pair, act=lambda case: act(owner, case), other=lambda case: gone(which(case))
    )
    assert (set(before), last) == ({404}, 303)


def test_a_car_becomes_one_with_another_with_what_is_written_to_it_meanwhile(owner: Client, pair: Pair) -> None:
    answers = at_every_moment(
        Vehicle,
        prepare=pair,
        act=lambda case: merge(owner, case),
        other=lambda case: vehicles.read_mileage(case[0], 85_000, now=timezone.now()),
    )
    assert set(answers) == {303}
    assert VehicleSession.objects.count() == Vehicle.objects.count()  # each car that is left has its session


def test_advice_is_kept_for_the_car_that_a_session_is_about_in_the_end(pair: Pair) -> None:
    """Removed or moved while the job writes it down: nothing of it stays with a car that is not there."""

    def take(case: Case) -> str:
        try:
            advice.take_from_summary(case[2].id)
        except Retry:
            return "again"
        return "done"

    assert set(at_every_moment(Vehicle, prepare=pair, act=take, other=lambda case: gone(case[0]))) == {"done"}
    moved = at_every_moment(
        Vehicle,
        prepare=pair,
        act=take,
        other=lambda case: linking.move_session(case[2].id, since=case[0], to=case[1]),
    )
    assert set(moved) <= {"again", "done"}


def test_a_link_shows_no_file_that_is_deleted_while_it_is_made(owner: Client, pair: Pair) -> None:
    def with_file() -> tuple[Vehicle, StoredFile]:
        car, _other, desk = pair()
        key, at = str(uuid4()), timezone.now()
        file = StoredFile.objects.create(owner_id=desk.id, uploader=car.owner, key=key, name="x", size=1, created_at=at)
        return car, file

    def make(case: tuple[Vehicle, StoredFile]) -> tuple[int, bool]:
        car, file = case
        form = {"days": "7", "form": str(uuid4()), "vin": "on", "chosen": str(file.pk)}
        answer = owner.post(page(car, "links/"), form)
        return answer.status_code, SharedFile.objects.filter(link__car=car).exists()

    *before, last = at_every_moment(
        StoredFile, prepare=with_file, act=make, other=lambda case: StoredFile.objects.filter(pk=case[1].pk).delete()
    )
    assert (set(before), last) == ({(200, False)}, (200, True))
