"""The intake: required fields, checks, and the session made from them."""

from typing import Any

import pytest

from autodoctor.accounts.models import User
from autodoctor.booking.forms import IntakeForm
from autodoctor.booking.models import Plan, Vehicle

FORD = "1FTFW1ET5DFC10312"  # 2013, or 1983
HONDA = "1HGCM82633A004352"  # 2003

pytestmark = pytest.mark.django_db


def form_of(data: dict[str, Any], by: User | None = None, /, **changes: Any) -> IntakeForm:
    return IntakeForm({**data, **changes}, user=by)


def test_a_complete_intake_is_stored_unchanged(filled_in: dict[str, str]) -> None:
    form = form_of(filled_in)
    assert form.is_valid(), form.errors
    intake = form.intake()
    assert intake.plan.slug == "chat"
    assert intake.vehicle.as_values() == {"vin": "", "year": 2013, "make": "Ford", "model": "F-150", "mileage": 84_000}
    assert intake.concern == "It clicks and does not start.\nThe dash lights go dim."
    assert str(intake.token) == filled_in["token"]


@pytest.mark.parametrize("mileage", ["84.000", "84,000", "84 000", "84’000", "84\u00a0000", "٨٤٠٠٠"])
def test_the_mileage_is_read_as_people_write_it(filled_in: dict[str, str], mileage: str) -> None:
    form = form_of(filled_in, mileage=mileage)
    assert form.is_valid(), form.errors
    assert form.intake().vehicle.mileage == 84_000


def test_the_card_is_not_saved_unless_the_customer_asks_for_it(filled_in: dict[str, str]) -> None:
    assert not form_of(filled_in).fields["keep_card"].initial
    unasked, asked = form_of(filled_in), form_of(filled_in, keep_card="on")
    assert (unasked.is_valid(), asked.is_valid()) == (True, True)
    assert (unasked.intake().keep_card, asked.intake().keep_card) == (False, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("safe", "no"),
        ("safe", ""),
        ("safe", "perhaps"),
        ("plan", ""),
        ("plan", "nothing-of-ours"),
        ("waiver", ""),
        ("concern", ""),
        ("concern", "too short"),
        ("concern", "          a          "),
        ("concern", "x" * 2001),
        ("concern", "It clicks \0 and does not start."),
        ("year", ""),
        ("year", "1899"),
        ("year", "2999"),
        ("year", "last"),
        ("year", "9" * 5000),
        ("make", ""),
        ("make", "x" * 41),
        ("model", ""),
        ("mileage", "-1"),
        ("mileage", "84,5"),
        ("mileage", "84.5"),
        ("mileage", "2000001"),
        ("vin", "1FTFW1ET5DFC1031O"),
        ("vin", "1FTFW1ET5DFC"),
        ("token", "not-a-token"),
    ],
)
def test_an_error_of_the_intake_stands_at_its_field(filled_in: dict[str, str], field: str, value: str) -> None:
    form = form_of(filled_in, **{field: value})
    assert not form.is_valid()
    assert set(form.errors) == {field}


@pytest.mark.parametrize("length", [10, 2000])
def test_a_concern_of_the_longest_length_is_accepted(filled_in: dict[str, str], length: int) -> None:
    assert form_of(filled_in, concern="x" * length).is_valid()


def test_a_line_break_of_the_concern_counts_as_one_character(filled_in: dict[str, str]) -> None:
    assert form_of(filled_in, concern="x\r\n" * 999 + "ab").is_valid()


def test_a_plan_that_support_takes_away_cannot_be_booked(filled_in: dict[str, str]) -> None:
    Plan.objects.filter(slug="chat").update(active=False)
    assert set(form_of(filled_in).errors) == {"plan"}


def test_a_plan_that_support_closes_cannot_be_booked_until_it_opens(filled_in: dict[str, str]) -> None:
    for bookable in (False, True):
        Plan.objects.filter(slug="video").update(bookable=bookable)
        assert form_of(filled_in, plan="video").is_valid() == bookable


def test_a_vin_fills_in_year_and_make_of_the_vehicle(filled_in: dict[str, str]) -> None:
    form = form_of(filled_in, vin="1hgcm826 33a-004352", year="", make="", model="")
    assert form.is_valid(), form.errors
    described = form.intake().vehicle
    assert (described.vin, described.year, described.make) == (HONDA, 2003, "Honda")


def test_typed_values_override_the_vin(filled_in: dict[str, str]) -> None:
    form = form_of(filled_in, vin=FORD, year="1983")
    assert form.is_valid(), form.errors
    assert form.intake().vehicle.year == 1983


def test_a_vin_with_a_wrong_check_digit_is_accepted(filled_in: dict[str, str]) -> None:
    assert form_of(filled_in, vin=FORD).is_valid()


def test_a_chosen_stored_vehicle_precedes_the_typed_vehicle_fields(
    filled_in: dict[str, str], customer: User, vehicle: Vehicle
) -> None:
    left_over: dict[str, Any] = {"vin": "nonsense", "year": "", "make": "", "model": "", "mileage": ""}
    form = form_of(filled_in, customer, vehicle=str(vehicle.pk), **left_over)
    assert form.is_valid(), form.errors
    assert form.intake().vehicle == vehicle
    assert form.intake().vehicle.mileage == 90_000


def test_a_typed_mileage_replaces_that_of_a_stored_vehicle(
    filled_in: dict[str, str], customer: User, vehicle: Vehicle
) -> None:
    form = form_of(filled_in, customer, vehicle=str(vehicle.pk), mileage="91 500")
    assert form.is_valid(), form.errors
    assert form.intake().vehicle.mileage == 91_500


def test_a_mileage_of_zero_is_a_mileage(filled_in: dict[str, str], customer: User, vehicle: Vehicle) -> None:
    form = form_of(filled_in, customer, vehicle=str(vehicle.pk), mileage="0")
    assert form.is_valid(), form.errors
    assert form.intake().vehicle.mileage == 0


def test_another_customers_vehicle_is_not_offered(filled_in: dict[str, str], stranger: User, vehicle: Vehicle) -> None:
    form = form_of(filled_in, stranger, vehicle=str(vehicle.pk))
    assert set(form.errors) == {"vehicle"}


@pytest.mark.parametrize(
    "typed", ["", "P0301, p0420 U0100-00", "the reader says nothing", "P0301\nwhen it is cold", "é" * 500]
)
def test_trouble_codes_are_kept_as_typed(filled_in: dict[str, str], typed: str) -> None:
    form = form_of(filled_in, trouble_codes=typed)
    assert form.is_valid(), form.errors
    assert form.intake().trouble_codes == typed


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        (" ".join(f"P03{number:02}" for number in range(13)), "Enter at most 12 codes"),
        ("P0301 " * 100, "Enter only the codes"),
        ("P0301 \0", "Null characters"),
        ("P0301 \ud800", "characters that are not text"),
    ],
)
def test_an_error_about_trouble_codes_says_what_to_do_and_keeps_them(
    filled_in: dict[str, str], typed: str, advice: str
) -> None:
    form = form_of(filled_in, trouble_codes=typed)
    assert list(form.errors) == ["trouble_codes"]
    assert advice in form.errors["trouble_codes"][0]
    assert form["trouble_codes"].value() == typed
