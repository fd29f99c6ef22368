"""The list of cars, the page of a car, adding, editing and removing it."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from autodoctor.accounts.models import User
from autodoctor.booking import vehicles
from autodoctor.booking.models import Vehicle, VehicleSession
from autodoctor.garage import cars
from autodoctor.garage.tests.stories import FORD, add_car
from autodoctor.sessions.models import Session
from autodoctor.summaries.models import Summary
from autodoctor.summaries.tests.desk import Desk

ClientOf = Callable[[User], Client]
Another = Callable[..., Desk]
SAID = {"nickname": "", "vin": "", "year": "2014", "make": "Volvo", "model": "V60", "mileage": "120,000"}


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_the_dashboard_leads_to_the_garage(customer: User, client_of: ClientOf) -> None:
    assert 'href="/garage/"' in page(client_of(customer), "/dashboard/").split("<main")[1]


def test_an_empty_garage_says_how_a_car_comes_into_it(customer: User, client_of: ClientOf) -> None:
    shown = page(client_of(customer), "/garage/")
    assert "No car in your garage yet" in shown
    assert 'href="/garage/add/"' in shown


def test_cars_stand_in_the_garage_with_their_last_verdict_the_one_used_last_first(
    customer: User, client_of: ClientOf, truck: Vehicle, another: Another
) -> None:
    add_car(customer, make="Volvo", model="V60", used_at=timezone.now() - timedelta(days=1))
    another(hours_ago=5).submit(safe="no")
    another(hours_ago=2).submit(safe="care")
    another(hours_ago=1)  # its summary is not written yet
    shown = page(client_of(customer), "/garage/")
    assert shown.index("2013 Ford F-150") < shown.index("2013 Volvo V60")
    assert "Drive with care" in shown
    assert "Not safe to drive" not in shown
    assert "Not judged yet" in shown


def test_the_page_of_a_car_shows_its_verdict_and_its_sessions(
    customer: User, mechanic: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    desk.submit(safe="no", safe_why="The brake hose leaks.")
    shown = page(client_of(customer), f"/garage/{truck.pk}/")
    for words in ("Not safe to drive", "The brake hose leaks.", "Quick Chat", mechanic.name, "Lasted its full time"):
        assert words in shown
    for path in (f"/sessions/{desk.id}/", f"/sessions/{desk.id}/summary/", f"/book/?vehicle={truck.pk}"):
        assert f'href="{path}"' in shown


def test_the_page_of_a_car_leads_to_its_documents(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    file = desk.photo("clamp.jpg")
    desk.submit()
    shown = page(client_of(customer), f"/garage/{truck.pk}/")
    assert f'href="/sessions/{desk.id}/summary/summary.pdf"' in shown
    assert f'src="/sessions/{desk.id}/files/{file.id}/thumbnail/"' in shown
    assert client_of(customer).get(f"/sessions/{desk.id}/files/{file.id}/").status_code == 302


def test_a_correction_stands_beside_the_verdict(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    desk.submit(safe="yes", safe_why="")
    assert "Corrected" not in page(client_of(customer), "/garage/")
    desk.correct("Do not drive: it is the brake hose.")
    assert "Do not drive: it is the brake hose." in page(client_of(customer), f"/garage/{truck.pk}/")
    assert "Corrected" in page(client_of(customer), "/garage/")


def test_a_booking_that_nobody_paid_is_not_shown(
    customer: User, client_of: ClientOf, truck: Vehicle, another: Another
) -> None:
    another(requested_at=None)
    assert "No session about this car yet." in page(client_of(customer), f"/garage/{truck.pk}/")


def test_a_long_history_is_read_page_by_page(
    customer: User, client_of: ClientOf, truck: Vehicle, another: Another
) -> None:
    desks = [another(hours_ago=number) for number in range(cars.SESSIONS_SHOWN * 2 + 1)]
    seen, behind, pages = [], None, 0
    while pages == 0 or behind:
        shown = cars.sessions_of(truck, behind=behind)
        seen += [row.session.id for row in shown.rows]
        behind, pages = shown.older, pages + 1
    assert (seen, pages) == ([desk.id for desk in desks], 3)
    first = page(client_of(customer), f"/garage/{truck.pk}/")
    assert f"?behind={desks[cars.SESSIONS_SHOWN - 1].id}#sessions" in first


def test_sessions_that_were_booked_at_the_same_moment_are_all_shown(truck: Vehicle, another: Another) -> None:
    moment = timezone.now()
    for _ in range(cars.SESSIONS_SHOWN + 3):
        another()
    VehicleSession.objects.update(booked_at=moment)
    first = cars.sessions_of(truck)
    rest = cars.sessions_of(truck, behind=first.older)
    assert len({row.session.id for row in (*first.rows, *rest.rows)}) == cars.SESSIONS_SHOWN + 3


def test_the_pages_ask_as_often_for_many_sessions_as_for_one(
    customer: User,
    client_of: ClientOf,
    truck: Vehicle,
    another: Another,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_of(customer)
    another(hours_ago=50).submit()
    asked = {path: _queries(client, path) for path in ("/garage/", f"/garage/{truck.pk}/")}
    for number in range(cars.SESSIONS_SHOWN + 2):
        another(hours_ago=number).submit()
        add_car(customer, model=f"Model {number}")
    assert {path: _queries(client, path) for path in asked} == asked


def _queries(client: Client, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)  # what a process reads once
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


def test_a_car_is_added_with_its_mileage(customer: User, client_of: ClientOf) -> None:
    answer = client_of(customer).post("/garage/add/", SAID | {"nickname": "The family car"})
    car = Vehicle.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/garage/{car.pk}/")
    assert (car.owner, car.title, car.words, car.mileage) == (customer, "The family car", "2014 Volvo V60", 120_000)
    assert [reading.mileage for reading in car.readings.all()] == [120_000]


def test_a_vin_is_enough_to_add_a_car(customer: User, client_of: ClientOf) -> None:
    client_of(customer).post("/garage/add/", {"vin": FORD.lower()})
    car = Vehicle.objects.get()
    assert (car.vin, car.year, car.make) == (FORD, 2013, "Ford")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vin", "1FTFW1ET5DFC1031O"),
        ("vin", "' OR 1=1 --"),
        ("vin", "\0" * 17),
        ("year", "1899"),
        ("year", "99999999999999999999"),
        ("make", ""),
        ("make", "x" * 41),
        ("model", "x" * 61),
        ("mileage", "2000001"),
        ("mileage", "9" * 4000),
        ("mileage", "-1"),
        ("nickname", "x" * 41),
        ("make", "\u200b"),
        ("model", "\u202e \u0301"),
    ],
)
def test_what_cannot_be_a_car_is_refused_at_its_field(
    customer: User, client_of: ClientOf, field: str, value: str
) -> None:
    answer = client_of(customer).post("/garage/add/", SAID | {field: value})
    assert answer.status_code == 422
    assert not Vehicle.objects.exists()


def test_a_name_that_nobody_sees_is_none(customer: User, client_of: ClientOf) -> None:
    """Else the car's link in the garage has no words, and nobody finds it."""
    client_of(customer).post("/garage/add/", SAID | {"nickname": "\u200b\u2060"})
    assert re.search(r'<a href="/garage/[^"]*">2014 Volvo V60</a>', page(client_of(customer), "/garage/"))


def test_earlier_sessions_without_a_car_are_read_page_by_page(
    customer: User, client_of: ClientOf, truck: Vehicle, another: Another
) -> None:
    """The eleventh of a car that was removed can be added, too."""
    moment = timezone.now() - timedelta(hours=100)
    desks = [another(created_at=moment) for _ in range(cars.SESSIONS_SHOWN + 1)]
    VehicleSession.objects.all().delete()
    address = f"/garage/{truck.pk}/sessions/"
    first = page(client_of(customer), address)
    (older,) = re.findall(r'href="([^"]*\?behind=[^"]*)"', first)
    second = page(client_of(customer), older)
    offered = re.findall(r'name="add" value="([^"]*)"', first + second)
    assert sorted(offered) == sorted(str(desk.id) for desk in desks)
    assert "behind=" not in second


def test_files_that_are_left_out_are_mentioned(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.photos(2)
    sentence = "These are the latest files."
    assert sentence not in page(client_of(customer), f"/garage/{truck.pk}/")
    monkeypatch.setattr(cars, "FILES_SHOWN", 1)
    shown = page(client_of(customer), f"/garage/{truck.pk}/")
    assert (shown.count("data-caption="), sentence in shown) == (1, True)


def test_the_same_vin_twice_is_one_car(customer: User, stranger: User, client_of: ClientOf, truck: Vehicle) -> None:
    vehicles.edit(truck, vin=FORD)
    answer = client_of(customer).post("/garage/add/", {"vin": FORD})
    assert answer.status_code == 422
    assert "Another car in your garage has this VIN." in answer.content.decode()
    other = add_car(customer, model="Ranger")
    assert client_of(customer).post(f"/garage/{other.pk}/edit/", SAID | {"vin": FORD}).status_code == 422
    assert client_of(stranger).post("/garage/add/", {"vin": FORD}).status_code == 303


def test_two_cars_without_a_vin_may_be_called_the_same(customer: User, client_of: ClientOf) -> None:
    for name in ("North", "South"):
        assert client_of(customer).post("/garage/add/", SAID | {"nickname": name}).status_code == 303
    shown = page(client_of(customer), "/garage/")
    assert ("North" in shown, "South" in shown) == (True, True)


def test_a_garage_has_room_for_so_many_cars(
    customer: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vehicles, "MOST_VEHICLES", 2)
    for number in range(3):
        answer = client_of(customer).post("/garage/add/", SAID | {"model": f"V{number}"})
    assert Vehicle.objects.count() == 2
    assert answer.status_code == 422
    assert 'value="V2"' in answer.content.decode(), "what was typed is not lost"
    assert "Remove one first" in answer.content.decode()


def test_editing_a_car_changes_it_and_not_what_its_sessions_say(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    client = client_of(customer)
    form = client.get(f"/garage/{truck.pk}/edit/").context["form"]
    assert (form["year"].value(), form["make"].value(), form["model"].value()) == (2013, "Ford", "F-150")
    said = SAID | {"vin": FORD, "make": "Ford", "model": "F-250", "year": "2012"}
    assert client.post(f"/garage/{truck.pk}/edit/", said).status_code == 303
    truck.refresh_from_db()
    assert (truck.vin, truck.words, truck.mileage) == (FORD, "2012 Ford F-250", None)
    assert desk.session.vehicle["model"] == "F-150"
    assert str(desk.id) in page(client, f"/garage/{truck.pk}/")


def test_removing_a_car_leaves_its_sessions_and_summaries(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    desk.submit()
    client = client_of(customer)
    assert "Remove this car?" in page(client, f"/garage/{truck.pk}/remove/")
    assert Vehicle.objects.exists()
    answer = client.post(f"/garage/{truck.pk}/remove/")
    assert (answer.status_code, answer["Location"]) == (303, "/garage/")
    assert not Vehicle.objects.exists()
    assert Session.objects.get(pk=desk.id).vehicle["make"] == "Ford"
    assert Summary.objects.filter(pk=desk.id).exists()
    assert client.get(f"/sessions/{desk.id}/summary/").status_code == 200
    assert client.get(f"/garage/{truck.pk}/").status_code == 404


def test_a_person_who_goes_takes_their_cars_along(customer: User, truck: Vehicle) -> None:
    truck.readings.create(mileage=1, read_at=timezone.now())
    customer.delete()
    assert not Vehicle.objects.exists()
