"""Which makes and systems a car is about, and what support may write into their rows."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.skills.models import Kind, Skill
from autodoctor.skills.queries import needed_for

pytestmark = pytest.mark.django_db


def names(make: str = "", *codes: str) -> set[str]:
    return {skill.name for skill in needed_for(make=make, codes=codes)}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Toyota", {"Toyota"}),
        ("  toyota ", {"Toyota"}),
        ("TOYOTA MOTOR", {"Toyota"}),
        ("Changan Ford", {"Ford"}),
        ("VW", {"Volkswagen"}),
        ("Mercedes Benz", {"Mercedes-Benz"}),
        ("Mercedes-Benz Argentina", {"Mercedes-Benz"}),
        ("skoda", {"Škoda"}),
        ("CITROËN", {"Citroën"}),
        ("Nissan (Infiniti)", {"Nissan", "Infiniti"}),
        ("Hyundai/Kia", {"Hyundai", "Kia"}),
        ("Landrover", {"Land Rover"}),
        ("Toyotas", set()),
        ("Rams", set()),
        ("T", set()),
        ("", set()),
        ("'; DROP TABLE", set()),
    ],
)
def test_a_make_is_found_in_what_people_and_vins_write(typed: str, found: set[str]) -> None:
    assert names(typed) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("P0301", {"engine and fuel"}),
        ("P0420", {"exhaust and emissions"}),
        ("P0740", {"transmission and clutch"}),
        ("P0A80", {"hybrid and electric drive"}),
        ("C0035", {"brakes and ABS"}),
        ("C1201", {"brakes and ABS", "steering and suspension"}),
        ("B0001", {"airbags and restraints"}),
        ("U0100-00", {"electrics and control units"}),
        ("P33FF", set()),
    ],
)
def test_a_system_is_found_by_the_beginnings_of_its_codes(code: str, found: set[str]) -> None:
    assert names("", code) == found


def test_a_row_that_is_switched_off_is_found_no_more() -> None:
    Skill.objects.filter(name="Toyota").update(active=False)
    assert names("Toyota", "P0301") == {"engine and fuel"}


def test_a_make_without_letters_is_found_nowhere() -> None:
    Skill.objects.create(kind=Kind.MAKE, name="—", also="\n \n")
    assert names("Toyota") == {"Toyota"}
    assert names("—") == set()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": Kind.MAKE, "codes": "P03"}, "codes"),
        ({"kind": Kind.SYSTEM, "also": "gearbox"}, "also"),
        ({"kind": Kind.SYSTEM, "codes": "P03 X1"}, "codes"),
        ({"kind": Kind.SYSTEM, "codes": "P03011"}, "codes"),
        ({"kind": Kind.SYSTEM, "codes": "P9"}, "codes"),
    ],
)
def test_what_would_find_nothing_is_refused(changes: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Skill(name="x", **changes).full_clean()
    assert set(refused.value.message_dict) == {field}


def test_support_edits_makes_and_systems_but_deletes_none(
    support: User, customer: User, client_of: Callable[[User], Client]
) -> None:
    desk = client_of(support)
    form = {"kind": "system", "name": "trailer", "also": "", "codes": " b2a  c2f ", "active": "on", "position": "20"}
    assert desk.post("/admin/skills/skill/add/", form).status_code == 302
    trailer = Skill.objects.get(name="trailer")
    assert (trailer.codes, names("", "B2A00")) == ("B2A C2F", {"body electrics", "trailer"})
    assert desk.post(f"/admin/skills/skill/{trailer.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.post("/admin/skills/skill/add/", form).status_code == 200  # the name is taken
    assert client_of(customer).get("/admin/skills/skill/").status_code in {302, 404}
