"""Advice of summaries: what is open, what is done, and to which car it belongs."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.booking.models import Vehicle, VehicleSession
from autodoctor.garage import advice
from autodoctor.garage.models import Advice
from autodoctor.garage.tests.stories import FORD, add_car
from autodoctor.scheduler.loop import run_due
from autodoctor.summaries.content import PartLine
from autodoctor.summaries.tests.desk import CONTENT, Desk

ClientOf = Callable[[User], Client]
Another = Callable[..., Desk]


def submitted(desk: Desk, **changes: object) -> Desk:
    """Submit the summary, and let what follows from it happen."""
    desk.submit(**changes)
    advice.take_from_summary(desk.id)
    return desk


def open_words(car: Vehicle) -> list[str]:
    return [each.words for each in advice.of_car(car).open]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("Replace the clamp.", ["Replace the clamp."]),
        ("- Clean it\n* Test it\n\n3. Drive 10 miles", ["Clean it", "Test it", "Drive 10 miles"]),
        ("2) Top up 5.5 quarts\r\n12 V at rest?", ["Top up 5.5 quarts", "12 V at rest?"]),
        ("None.", []),
        ("\u200b\n \n", []),
        ("\n".join("abc"[number % 3] for number in range(100)), None),
    ],
)
def test_each_line_of_the_next_steps_is_a_step(text: str, steps: list[str] | None) -> None:
    found = advice.steps_in(text)
    assert found == steps if steps is not None else len(found) == advice.MOST_STEPS


def test_a_submitted_summary_opens_its_steps_and_parts_on_the_page_of_the_car(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.CLOCK_HANDLERS = "autodoctor.job_registry.HANDLERS"
    desk.submit()
    run_due(timezone.now())
    shown = client_of(customer).get(f"/garage/{truck.pk}/").content.decode()
    for words in ("Replace the clamp within two weeks.", "Battery clamp, negative", "VOL-31346572", "$14.50", "$6.90"):
        assert words in shown
    assert "$21.40" in shown  # of those with a price
    assert "4 things to do" in client_of(customer).get("/garage/").content.decode()


def test_a_summary_is_taken_once(truck: Vehicle, desk: Desk) -> None:
    submitted(desk)
    advice.take_from_summary(desk.id)
    assert Advice.objects.count() == 4


def test_the_summary_of_a_session_about_no_car_of_a_garage_is_let_be(desk: Desk) -> None:
    VehicleSession.objects.all().delete()
    submitted(desk)
    assert not Advice.objects.exists()


def test_done_is_done_until_it_is_undone(customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk) -> None:
    submitted(desk)
    step = Advice.objects.get(position=0)
    client, path = client_of(customer), f"/garage/{truck.pk}/advice/"
    for _ in range(2):
        assert client.post(path, {"done": str(step.pk)})["Location"] == f"/garage/{truck.pk}/#advice"
    done_at = Advice.objects.get(pk=step.pk).done_at
    assert done_at
    client.post(path, {"done": str(step.pk)})
    assert Advice.objects.get(pk=step.pk).done_at == done_at
    shown = advice.of_car(truck)
    assert (step in shown.open, step in shown.done) == (False, True)
    assert "Done lately" in client.get(f"/garage/{truck.pk}/").content.decode()
    client.post(path, {"open": str(step.pk)})
    assert step in advice.of_car(truck).open


def test_open_advice_is_read_page_by_page_however_much_is_done(truck: Vehicle, another: Another) -> None:
    many = tuple(PartLine(f"Part {number}", "", 1, 100) for number in range(40))
    for hours in (3, 2, 1):
        submitted(another(hours_ago=hours), parts=many)
    Advice.objects.filter(words="Part 0").update(done_at=timezone.now())
    seen, behind, pages = [], None, 0
    while pages == 0 or behind:
        page = advice.of_car(truck, behind=behind)
        assert len(page.open) <= advice.OPEN_SHOWN
        seen += [each.pk for each in page.open]
        behind, pages = page.older, pages + 1
    assert len(set(seen)) == len(seen) == 3 * 40
    assert pages == 4


def test_who_ticks_older_advice_stays_there(
    customer: User, client_of: ClientOf, truck: Vehicle, another: Another
) -> None:
    submitted(another(), parts=tuple(PartLine(f"Part {number}", "", 1, 100) for number in range(40)))
    client, begins = client_of(customer), advice.of_car(truck).older
    older = f"/garage/{truck.pk}/?advice={begins}"
    assert f'name="behind" value="{begins}"' in client.get(older).content.decode()
    ticked = advice.of_car(truck, behind=begins).open[0]
    sent = client.post(f"/garage/{truck.pk}/advice/", {"done": str(ticked.pk), "behind": str(begins)})
    assert sent["Location"] == f"{older}#advice"


def test_prices_of_different_currencies_are_not_added(truck: Vehicle, another: Another) -> None:
    submitted(another(), parts=(PartLine("Clamp", "", 2, 1450),))
    submitted(another(currency="eur"), parts=(PartLine("Clamp", "", 1, 1000),))
    assert advice.of_car(truck).total == "€10.00 + $29.00"


def test_a_session_about_another_car_takes_its_advice_and_mileage_along(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    submitted(desk)
    truck.readings.create(session_id=desk.id, mileage=120_000, read_at=timezone.now())
    other = add_car(customer, model="Ranger")
    form = {"session": str(desk.id), "to": str(other.pk)}
    assert client_of(customer).post(f"/garage/{truck.pk}/sessions/", form).status_code == 303
    other.refresh_from_db()
    assert (len(open_words(other)), open_words(truck), other.mileage) == (4, [], 120_000)
    assert VehicleSession.objects.get().vehicle == other
    assert client_of(customer).post(f"/garage/{truck.pk}/sessions/", form).status_code == 404


def test_a_session_of_a_car_that_was_removed_is_added_to_another_with_all_it_has(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    submitted(desk)
    truck.delete()
    again = add_car(customer)
    client, path = client_of(customer), f"/garage/{again.pk}/sessions/"
    assert f'value="{desk.id}"' in client.get(path).content.decode()
    assert client.post(path, {"add": str(desk.id)}).status_code == 303
    again.refresh_from_db()
    assert (len(open_words(again)), VehicleSession.objects.get().vehicle) == (4, again)
    assert "No session is left over" in client.get(path).content.decode()
    assert client.post(path, {"add": str(desk.id)}).status_code == 404


def test_a_session_is_not_taken_from_the_car_that_it_is_with(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    other = add_car(customer, model="Ranger")
    assert client_of(customer).post(f"/garage/{other.pk}/sessions/", {"add": str(desk.id)}).status_code == 404
    assert VehicleSession.objects.get().vehicle == truck


def test_a_car_that_is_there_twice_becomes_one(customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk) -> None:
    submitted(desk)
    truck.vin = FORD
    truck.save()
    truck.readings.create(mileage=90_000, read_at=timezone.now())
    other = add_car(customer, nickname="The truck")
    assert client_of(customer).post(f"/garage/{truck.pk}/merge/", {"into": str(other.pk)}).status_code == 303
    other.refresh_from_db()
    assert list(Vehicle.objects.all()) == [other]
    assert (other.title, other.vin, other.mileage) == ("The truck", FORD, 90_000)
    assert (len(open_words(other)), VehicleSession.objects.get().vehicle) == (4, other)


def test_a_car_is_not_merged_into_itself(customer: User, client_of: ClientOf, truck: Vehicle) -> None:
    assert client_of(customer).post(f"/garage/{truck.pk}/merge/", {"into": str(truck.pk)}).status_code == 303
    assert Vehicle.objects.filter(pk=truck.pk).exists()


def test_removing_a_car_takes_its_advice_along_and_leaves_the_summary(truck: Vehicle, desk: Desk) -> None:
    submitted(desk)
    truck.delete()
    assert not Advice.objects.exists()
    assert desk.summary.content == replace(CONTENT)
