"""Which vehicle a booking is about, and what becomes of its mileage."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.booking import actions, vehicles
from autodoctor.booking.actions import Intake
from autodoctor.booking.models import Vehicle, VehicleSession
from autodoctor.sessions.models import Session

MakeIntake = Callable[..., Intake]
ClientOf = Callable[[User], Client]
FORD, HONDA = "1FTFW1ET5DFC10312", "1HGCM82633A004352"
pytestmark = pytest.mark.django_db


@pytest.fixture
def book(customer: User, intake: MakeIntake, now: datetime) -> Callable[..., Session]:
    def done(vehicle: Vehicle, *, owner: User = customer, at: datetime = now) -> Session:
        return actions.book(customer=owner, intake=intake(vehicle=vehicle), another=True, now=at)

    return done


Book = Callable[..., Session]


def about(session: Session) -> Vehicle:
    return VehicleSession.objects.get(session=session).vehicle


def called(**said: object) -> Vehicle:
    return Vehicle(**({"year": 2013, "make": "Ford", "model": "F-150"} | said))


def test_a_booking_is_about_the_vehicle_that_it_describes(book: Book) -> None:
    first, again = book(called()), book(called(make="FORD"))
    other, with_vin = book(called(model="Ranger")), book(called(vin=FORD))
    assert about(first) == about(again)
    assert len({about(each).pk for each in (first, other, with_vin)}) == 3


def test_a_booking_is_about_the_vehicle_that_was_chosen_whatever_others_are_called(customer: User, book: Book) -> None:
    twins = [vehicles.add(called(), owner=customer, now=book(called()).created_at) for _ in range(2)]
    chosen = Vehicle.objects.get(pk=twins[0].pk)
    assert about(book(chosen)) == twins[0]


def test_the_same_vin_is_the_same_vehicle_and_keeps_the_name_that_its_owner_gave(customer: User, book: Book) -> None:
    first = about(book(called(vin=FORD)))
    vehicles.edit(first, nickname="The truck", model="F-150 Lariat")
    session = book(called(vin=FORD, model="F-150 XL", mileage=90_000))
    again = about(session)
    assert (again, again.title, again.model, again.mileage) == (first, "The truck", "F-150 Lariat", 90_000)
    assert (session.vehicle["model"], session.vehicle["mileage"]) == ("F-150 XL", 90_000)


@pytest.mark.django_db(transaction=True)
@pytest.mark.on_postgres
@pytest.mark.parametrize("vin", [FORD, ""])
def test_bookings_at_once_for_a_new_vehicle_are_about_one(customer: User, book: Book, vin: str) -> None:
    def send(_: int) -> Vehicle:
        try:
            return about(book(called(vin=vin)))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1
    assert customer.vehicles.count() == 1


def test_a_corrected_vin_leaves_sessions_where_they_are_and_finds_later_ones(book: Book) -> None:
    session = book(called(vin=HONDA))
    car = about(session)
    vehicles.edit(car, vin=FORD)
    assert about(session) == car
    assert session.vehicle["vin"] == HONDA
    assert about(book(called(vin=FORD))) == car


def test_vehicles_of_different_people_with_one_vin_are_different_ones(stranger: User, book: Book) -> None:
    assert about(book(called(vin=FORD))) != about(book(called(vin=FORD), owner=stranger))


def test_a_vehicle_that_was_removed_meanwhile_is_saved_anew(customer: User, book: Book) -> None:
    chosen = about(book(called(vin=FORD)))
    Vehicle.objects.filter(pk=chosen.pk).delete()
    again = about(book(chosen))
    assert (again.vin, again.owner) == (FORD, customer)


def test_a_booking_goes_on_where_there_is_no_room_for_its_vehicle(
    customer: User, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vehicles, "MOST_VEHICLES", 1)
    book(called())
    session = book(called(model="Ranger"))
    assert session.vehicle["model"] == "Ranger"
    assert not VehicleSession.objects.filter(session=session).exists()
    assert customer.vehicles.count() == 1


def test_bookings_write_down_what_the_odometer_shows(book: Book, now: datetime) -> None:
    for days, mileage in ((0, 84_000), (1, None), (2, 84_000), (3, 85_500)):
        book(called(mileage=mileage), at=now + timedelta(days=days))
    car = Vehicle.objects.get()
    assert [reading.mileage for reading in car.readings.order_by("read_at")] == [84_000, 85_500]
    assert car.mileage == 85_500


def test_a_new_odometer_begins_at_zero(book: Book) -> None:
    vehicle = about(book(called(vin=FORD, mileage=90_000)))
    session = book(called(vin=FORD, mileage=0))
    vehicle.refresh_from_db()
    assert (session.vehicle["mileage"], vehicle.mileage) == (0, 0)
    assert [reading.mileage for reading in vehicle.readings.order_by("id")] == [90_000, 0]


def test_a_reading_without_a_booking_counts_and_replaces_the_one_of_the_same_day(customer: User, now: datetime) -> None:
    car = vehicles.add(called(mileage=84_000), owner=customer, now=now)
    vehicles.read_mileage(car, 840_000, now=now + timedelta(hours=1))
    vehicles.read_mileage(car, 84_010, now=now + timedelta(hours=2))
    vehicles.read_mileage(car, 84_500, now=now + timedelta(days=3))
    assert [reading.mileage for reading in car.readings.order_by("read_at")] == [84_010, 84_500]


def test_without_a_wrong_reading_the_one_before_counts_again(customer: User, now: datetime) -> None:
    car = vehicles.add(called(mileage=84_000), owner=customer, now=now)
    vehicles.read_mileage(car, 840_000, now=now + timedelta(days=3))
    wrong = car.readings.get(mileage=840_000)
    assert vehicles.forget_reading(car, wrong.pk)
    assert not vehicles.forget_reading(car, wrong.pk)
    car.refresh_from_db()
    assert car.mileage == 84_000


def test_the_intake_begins_with_the_vehicle_that_was_asked_about(
    customer: User, stranger: User, client_of: ClientOf, now: datetime
) -> None:
    old = vehicles.add(called(vin=FORD, mileage=84_000), owner=customer, now=now - timedelta(days=9))
    for number in range(8):
        vehicles.add(called(model=f"Model {number}"), owner=customer, now=now)
    form = client_of(customer).get(f"/book/?vehicle={old.pk}").context["form"]
    assert str(form["vehicle"].value()) == str(old.pk)
    assert str(old.pk) in form.kept
    assert form.fields["mileage"].widget.attrs["placeholder"] == "84,000"
    for client, asked in ((client_of(stranger), old.pk), (client_of(customer), "x"), (Client(), old.pk)):
        page = client.get(f"/book/?vehicle={asked}")
        assert page.status_code == 200
        assert str(page.context["form"]["vehicle"].value()) != str(old.pk)
