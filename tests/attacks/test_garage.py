"""The garage against other people, and against what they send."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from autodoctor.accounts.models import User
from autodoctor.booking.models import Vehicle
from autodoctor.garage import sharing
from autodoctor.garage.advice import take_from_summary
from autodoctor.garage.models import Advice, SharedLink
from autodoctor.garage.tests.stories import add_car, session_about
from autodoctor.summaries.content import PartLine
from autodoctor.summaries.tests.desk import Desk
from tests.attacks.test_markup import PAYLOADS, read

ClientOf = Callable[[User], Client]
NOBODY = "00000000-0000-4000-8000-000000000000"
PAGES = ("", "edit/", "remove/", "sessions/", "links/", f"links/{NOBODY}/")
FORMS: list[tuple[str, dict[str, str]]] = [
    ("edit/", {"year": "2001", "make": "Mine", "model": "Mine"}),
    ("edit/", {}),
    ("remove/", {}),
    ("advice/", {"done": NOBODY}),
    ("advice/", {}),
    ("mileage/", {"mileage": "1"}),
    ("mileage/", {"wrong": "1"}),
    ("sessions/", {"session": NOBODY, "to": NOBODY}),
    ("sessions/", {"add": NOBODY}),
    ("merge/", {"into": NOBODY}),
    ("links/", {"days": "30", "vin": "on"}),
    ("links/", {}),
    (f"links/{NOBODY}/revoke/", {}),
]
SHARED = {"days": "7", "summaries": "on", "advice": "on", "vin": "on", "mileage": "on"}


@pytest.fixture
def truck(customer: User) -> Vehicle:
    return add_car(customer, mileage=84_000)


@pytest.fixture
def desk(truck: Vehicle, mechanic: User) -> Desk:
    return session_about(truck, mechanic)


def look(answer: Any, id_: object) -> tuple[int, list[str], str]:
    body = answer.content.decode().replace(str(id_), "ID")
    body = re.sub(r'(csrfmiddlewaretoken" value=|nonce=|x-csrftoken": )"[^"]*"', r"\1", body)
    return answer.status_code, sorted(answer.headers), body


def everything(client: Client, id_: object) -> dict[str, Any]:
    found = {path: client.get(f"/garage/{id_}/{path}") for path in PAGES}
    found |= {f"{path} {form}": client.post(f"/garage/{id_}/{path}", form) for path, form in FORMS}
    return {asked: look(answer, id_) for asked, answer in found.items()}


@pytest.mark.parametrize("who", ["stranger", "mechanic", "support"])
def test_another_persons_car_is_the_same_404_as_an_unknown_one(
    request: pytest.FixtureRequest, client_of: ClientOf, truck: Vehicle, desk: Desk, who: str
) -> None:
    person = request.getfixturevalue(who)
    theirs, none = (everything(client_of(person), id_) for id_ in (truck.pk, uuid4()))
    assert theirs == none
    assert {status for status, _, _ in theirs.values()} == {404}
    truck.refresh_from_db()
    assert (truck.words, truck.mileage) == ("2013 Ford F-150", 84_000)
    assert truck.words not in client_of(person).get("/garage/").content.decode()


def test_what_another_person_has_cannot_be_named_on_ones_own_car(
    customer: User, stranger: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    desk.submit()
    take_from_summary(desk.id)
    truck.readings.create(mileage=84_000, read_at=timezone.now())
    theirs = Advice.objects.first()
    assert theirs
    mine = add_car(stranger)
    client, path = client_of(stranger), f"/garage/{mine.pk}/"
    for address, form in (
        ("advice/", {"done": str(theirs.pk)}),
        ("mileage/", {"wrong": str(truck.readings.get().pk)}),
        ("sessions/", {"session": str(desk.id), "to": str(mine.pk)}),
        ("sessions/", {"session": str(desk.id), "to": str(truck.pk)}),
        ("sessions/", {"add": str(desk.id)}),
        ("merge/", {"into": str(truck.pk)}),
    ):
        assert (address, client.post(path + address, form).status_code) == (address, 404)
    assert client.get(path, {"behind": str(desk.id), "advice": str(theirs.pk)}).status_code == 200
    assert str(desk.id) not in client.get(f"{path}sessions/").content.decode()
    assert not Advice.objects.exclude(done_at=None).exists()
    assert (truck.readings.count(), truck.booked.count(), Vehicle.objects.count()) == (1, 1, 2)


@pytest.fixture
def token(customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk) -> str:
    """A link that works."""
    page = client_of(customer).post(f"/garage/{truck.pk}/links/", SHARED).content.decode()
    found = re.search(r"/garage/shared/([\w-]+)/", page)
    assert found
    return found[1]


def guesses(token: str) -> list[str]:
    """Tokens that are not the one: forged, cut, longer, and those that no database takes."""
    other = "A" if token[0] != "A" else "B"
    last = "A" if token[-1] != "A" else "B"
    strange = ["x", "é" * 44, "\udcff", "\0" * 20, "A" * 44, "A" * 500, "../../admin", "' OR '1'='1"]
    return [other + token[1:], token[:-1] + last, token[:-1], token + "A", token[:24] + "A" * 20, *strange]


def opened(client: Client, token: str) -> tuple[int, list[str], str]:
    path = quote(token, safe="", errors="surrogateescape")
    return look(client.get(f"/garage/shared/{path}/"), NOBODY)


def test_a_link_that_is_forged_revoked_or_over_is_the_same_404(client: Client, truck: Vehicle, token: str) -> None:
    assert opened(client, token)[0] == 200
    link, now = SharedLink.objects.get(), timezone.now()
    answers = {guess: opened(client, guess) for guess in guesses(token)}
    over: dict[str, dict[str, Any]] = {
        "revoked": {"revoked_at": now},
        "over": {"ends_at": now},
        "of another key": {"token_hash": "0" * 64},
    }
    for case, changes in over.items():
        SharedLink.objects.update(**changes)
        answers[case] = opened(client, token)
        SharedLink.objects.update(revoked_at=None, ends_at=link.ends_at, token_hash=link.token_hash)
    truck.delete()
    answers["removed"] = opened(client, token)
    nothing = opened(client, "nothing-of-ours")
    assert nothing[0] == 404
    assert {case: answer == nothing for case, answer in answers.items()} == dict.fromkeys(answers, True)


def test_a_guess_that_we_did_not_sign_is_refused_without_a_look_into_the_links(
    token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert all(sharing.find(guess, now=timezone.now(), opened=True) is None for guess in guesses(token))
    assert sharing.find(token, now=timezone.now(), opened=False)


def test_guesses_at_links_are_counted(client: Client, token: str, settings: Settings) -> None:
    settings.LIMITS = {"shared_links": [3, 600]}
    assert [client.get(f"/garage/shared/{number:044}/").status_code for number in range(4)] == [404, 404, 404, 429]
    assert client.get(f"/garage/shared/{token}/").status_code == 429
    assert client.get(f"/garage/shared/{token}/files/{NOBODY}/").status_code == 429


def test_a_link_shows_no_file_of_another_persons_car(
    customer: User, stranger: User, mechanic: User, client_of: ClientOf, truck: Vehicle, desk: Desk
) -> None:
    theirs = desk.photo()
    mine = add_car(stranger)
    session_about(mine, mechanic)
    answer = client_of(stranger).post(f"/garage/{mine.pk}/links/", SHARED | {"chosen": [str(theirs.id)]})
    assert answer.status_code == 422
    assert not SharedLink.objects.exists()
    choice = sharing.Choice(uuid4(), 7, "", vin=True, mileage=True, advice=True, summaries=True, files=[theirs.id])
    assert sharing.make(mine, choice, now=timezone.now())
    assert not SharedLink.objects.get().files.exists()


def test_the_id_of_another_persons_link_takes_nothing_from_them(
    stranger: User, client_of: ClientOf, token: str
) -> None:
    link, mine = SharedLink.objects.get(), add_car(stranger)
    client, path = client_of(stranger), f"/garage/{mine.pk}/links/"
    assert client.get(f"{path}{link.pk}/").status_code == 404
    assert client.post(f"{path}{link.pk}/revoke/").status_code == 404
    assert client.post(path, SHARED | {"form": str(link.pk)}).status_code == 200
    assert SharedLink.objects.filter(revoked_at=None).count() == 2


def test_the_page_of_a_link_takes_nothing_in(client: Client, token: str) -> None:
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(f"/garage/shared/{token}/").status_code == 405


def test_words_of_a_car_are_shown_as_text(customer: User, mechanic: User, client_of: ClientOf) -> None:
    car = add_car(customer, make=PAYLOADS[0][:40], model=PAYLOADS[1], nickname=PAYLOADS[0][:40])
    desk = session_about(car, mechanic, concern=PAYLOADS[0])
    desk.submit(safe_why=PAYLOADS[1], next_steps=PAYLOADS[3], parts=(PartLine(PAYLOADS[0], PAYLOADS[1], 1, 100),))
    take_from_summary(desk.id)
    client = client_of(customer)
    made = client.post(f"/garage/{car.pk}/links/", SHARED | {"label": PAYLOADS[0]})
    link = SharedLink.objects.get()
    paths = [
        "/garage/",
        *(f"/garage/{car.pk}/{part}" for part in ("", "edit/", "remove/", "links/", f"links/{link.pk}/")),
    ]
    for path in paths:
        watchman = read(client.get(path).content)
        assert (path, watchman.acting, watchman.inline) == (path, [], [])
        assert watchman.text
    assert read(made.content).acting == []


@pytest.mark.parametrize("behind", ["x", "\0", "00000000-0000-4000-8000-000000000000", "1' OR 1=1"])
def test_a_made_up_place_in_the_history_is_its_beginning(
    customer: User, client_of: ClientOf, truck: Vehicle, desk: Desk, behind: str
) -> None:
    answer = client_of(customer).get(f"/garage/{truck.pk}/", {"behind": behind, "advice": behind})
    assert answer.status_code == 200
    assert str(desk.id) in answer.content.decode()
