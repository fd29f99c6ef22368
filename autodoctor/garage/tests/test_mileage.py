"""The mileage of a car over time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.booking.models import Vehicle
from autodoctor.garage import mileage_chart
from autodoctor.garage.mileage_chart import HEIGHT, WIDTH

ClientOf = Callable[[User], Client]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def read(car: Vehicle, *readings: tuple[float, int]) -> None:
    for days, mileage in readings:
        car.readings.create(mileage=mileage, read_at=NOON + timedelta(days=days))


def test_readings_become_a_line_and_the_same_in_words(customer: User, client_of: ClientOf, truck: Vehicle) -> None:
    read(truck, (0, 84_000), (30, 84_900), (61, 85_800))
    page = client_of(customer).get(f"/garage/{truck.pk}/").content.decode()
    assert '<path class="chart__line" d="M6.0 94.0 L147.6 50.0 L294.0 6.0"/>' in page
    assert "From 84,000 on Mar 2, 2026" in page
    assert "to 85,800 on May 2, 2026." in page
    assert "That is about 898 a month." in page
    assert page.count('name="wrong"') == 3


@pytest.mark.parametrize(
    "readings",
    [
        [(0, 0), (1, 2_000_000)],
        [(0, 84_000), (0, 90_000)],
        [(0, 84_000), (400, 84_000)],
        [(0, 840_000), (9, 84_500), (30, 85_000)],
        [(day, 1000 * day) for day in range(100)],
    ],
)
def test_every_point_lies_in_the_drawing(truck: Vehicle, readings: list[tuple[float, int]]) -> None:
    read(truck, *readings)
    shown = mileage_chart.of_car(truck)
    assert shown
    assert len(shown.points) == min(len(readings), mileage_chart.READINGS_SHOWN)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in shown.points)
    assert shown.last.mileage == readings[-1][1]


@pytest.mark.parametrize("readings", [[(0, 84_000), (13, 85_000)], [(0, 84_000), (90, 83_000)], [(0, 84_000)]])
def test_a_pace_that_says_nothing_is_not_shown(truck: Vehicle, readings: list[tuple[float, int]]) -> None:
    read(truck, *readings)
    shown = mileage_chart.of_car(truck)
    assert shown
    assert shown.a_month is None


def test_a_mileage_of_zero_is_shown_like_others(customer: User, client_of: ClientOf, truck: Vehicle) -> None:
    client, address = client_of(customer), f"/garage/{truck.pk}/"
    client.post(f"{address}mileage/", {"mileage": "0"})
    assert '<dd class="tabular">0</dd>' in client.get(address).content.decode()
    assert "Mileage 0" in " ".join(client.get("/garage/").content.decode().split())
    assert 'name="mileage"' in client.get(f"{address}links/").content.decode()


def test_one_reading_and_none_are_said_in_words(customer: User, client_of: ClientOf, truck: Vehicle) -> None:
    client = client_of(customer)
    assert "No reading yet." in client.get(f"/garage/{truck.pk}/").content.decode()
    read(truck, (0, 84_000))
    page = client.get(f"/garage/{truck.pk}/").content.decode()
    assert "84,000 on Mar 2, 2026." in page
    assert "chart__line" not in page


def test_the_owner_writes_down_the_mileage_and_takes_a_wrong_one_back(
    customer: User, client_of: ClientOf, truck: Vehicle
) -> None:
    client, path = client_of(customer), f"/garage/{truck.pk}/mileage/"
    read(truck, (0, 84_000))
    assert client.post(path, {"mileage": "840,000"})["Location"] == f"/garage/{truck.pk}/#mileage"
    truck.refresh_from_db()
    assert truck.mileage == 840_000
    wrong = truck.readings.get(mileage=840_000)
    assert client.post(path, {"wrong": str(wrong.pk)}).status_code == 303
    truck.refresh_from_db()
    assert truck.mileage == 84_000
    assert client.post(path, {"wrong": str(wrong.pk)}).status_code == 404


@pytest.mark.parametrize("mileage", ["", "2000001", "-5", "much", "84.5", "9" * 5000, "\0"])
def test_what_is_no_mileage_is_refused_on_the_page(
    customer: User, client_of: ClientOf, truck: Vehicle, mileage: str
) -> None:
    answer = client_of(customer).post(f"/garage/{truck.pk}/mileage/", {"mileage": mileage})
    assert answer.status_code == 422
    assert "id_mileage_error" in answer.content.decode()
    assert not truck.readings.exists()
