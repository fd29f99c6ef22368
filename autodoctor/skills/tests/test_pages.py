"""The page on which a mechanic says what they know, and where others read it."""

from collections.abc import Callable

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.skills import actions
from autodoctor.skills.forms import MOST
from autodoctor.skills.models import Kind, KnownSkill, Skill
from autodoctor.skills.queries import known_by

pytestmark = pytest.mark.django_db
PAGE = "/mechanics/skills/"
ClientOf = Callable[[User], Client]


def keys(*names: str) -> list[str]:
    return [str(Skill.objects.get(name=name).pk) for name in names]


def known(mechanic: User) -> list[str]:
    return [skill.name for skill in known_by(mechanic)]


def test_a_mechanic_chooses_and_chooses_again(mechanic: User, client_of: ClientOf) -> None:
    client = client_of(mechanic)
    answer = client.post(PAGE, {"makes": keys("Toyota", "Kia"), "systems": keys("brakes and ABS")})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/")
    assert known(mechanic) == ["Kia", "Toyota", "brakes and ABS"]
    page = client.get(PAGE).content.decode()
    assert page.count("checked>") == 3
    client.post(PAGE, {"makes": keys("Kia", "Ford")})
    assert known(mechanic) == ["Ford", "Kia"]
    client.post(PAGE)
    assert known(mechanic) == []


def test_the_same_choice_twice_is_one(mechanic: User, client_of: ClientOf) -> None:
    for _ in range(2):
        client_of(mechanic).post(PAGE, {"makes": keys("Kia") * 2})
    assert KnownSkill.objects.filter(mechanic=mechanic).count() == 1


@pytest.mark.parametrize(("field", "kind"), [("makes", Kind.MAKE), ("systems", Kind.SYSTEM)])
def test_too_many_are_refused_and_none_is_lost(mechanic: User, client_of: ClientOf, field: str, kind: Kind) -> None:
    some = [str(key) for key in Skill.objects.filter(kind=kind).values_list("pk", flat=True)[: MOST[kind] + 1]]
    answer = client_of(mechanic).post(PAGE, {field: some})
    assert answer.status_code == 422
    assert f"Choose at most {MOST[kind]}" in answer.content.decode()
    assert answer.content.decode().count("checked>") == len(some)
    assert known(mechanic) == []
    assert client_of(mechanic).post(PAGE, {field: some[1:]}).status_code == 303


@pytest.mark.parametrize("wrong", ["0", "-1", "9" * 40, "x", "\0", "1 OR 1=1", "½", ""])
def test_what_is_not_offered_is_refused(mechanic: User, client_of: ClientOf, wrong: str) -> None:
    actions.choose(mechanic=mechanic, skills=Skill.objects.filter(name="Kia"))
    assert client_of(mechanic).post(PAGE, {"makes": [wrong]}).status_code == 422
    assert known(mechanic) == ["Kia"]


def test_a_system_is_no_make(mechanic: User, client_of: ClientOf) -> None:
    assert client_of(mechanic).post(PAGE, {"makes": keys("brakes and ABS")}).status_code == 422


def test_what_is_no_longer_offered_stays_for_the_day_it_is_again(mechanic: User, client_of: ClientOf) -> None:
    actions.choose(mechanic=mechanic, skills=Skill.objects.filter(name__in=["Saab", "Kia"]))
    Skill.objects.filter(name="Saab").update(active=False)
    assert "Saab" not in client_of(mechanic).get(PAGE).content.decode()
    client_of(mechanic).post(PAGE, {"makes": keys("Ford")})
    Skill.objects.filter(name="Saab").update(active=True)
    assert known(mechanic) == ["Ford", "Saab"]


def test_only_mechanics_say_what_they_know(customer: User, support: User, client_of: ClientOf) -> None:
    for person in (customer, support):
        assert client_of(person).post(PAGE, {"makes": keys("Kia")}).status_code == 404
    assert not KnownSkill.objects.exists()


def test_everybody_reads_it_on_the_mechanic_s_page(mechanic: User, customer: User, client_of: ClientOf) -> None:
    address = f"/mechanics/{mechanic.id}/"
    assert 'class="skills"' not in client_of(customer).get(address).content.decode()
    actions.choose(mechanic=mechanic, skills=Skill.objects.filter(name__in=["Kia", "brakes and ABS"]))
    page = client_of(customer).get(address).content.decode()
    assert page.index(">Kia<") < page.index(">Brakes and ABS<")
