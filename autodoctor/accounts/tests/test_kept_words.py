"""Words that wait for their form: which ones, how long, how many, and for whom."""

from typing import Any

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.booking.models import Vehicle
from autodoctor.core import kept_words
from autodoctor.garage.tests.stories import add_car
from autodoctor.rates.limits import KEPT_WORDS
from tests.kit.proof import change_session

pytestmark = pytest.mark.django_db
WORDS = "My old truck"


@pytest.fixture
def car(customer: User) -> Vehicle:
    return add_car(customer)


def at(car: Vehicle) -> str:
    return f"/garage/{car.pk}/edit/"


def send(client: Client, address: str, form: dict[str, str], **headers: str) -> Any:
    return client.post(address, form, headers={"Referer": f"http://testserver{address}", **headers})


def kept(client: Client) -> list[kept_words.Kept]:
    return list(client.session.get("kept_words", []))


def sign_in(client: Client, person: User) -> None:
    client.post("/sign-in/", {"login": person.email, "password": "demo"})


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {"Accept": "application/json"}])
def test_what_a_script_sends_it_keeps_itself(car: Vehicle, client: Client, headers: dict[str, str]) -> None:
    send(client, at(car), {"nickname": WORDS}, **headers)
    assert not kept(client)


def test_a_fragment_that_a_script_fetches_does_not_take_the_words(car: Vehicle, customer: User, client: Client) -> None:
    send(client, at(car), {"nickname": WORDS})
    sign_in(client, customer)
    for by_script in ({"HX-Request": "true"}, {"Sec-Fetch-Mode": "cors"}):
        assert WORDS not in client.get(at(car), headers=by_script).content.decode()
    assert WORDS in client.get(at(car), headers={"Sec-Fetch-Mode": "same-origin"}).content.decode()


def test_no_token_password_or_code_is_kept(car: Vehicle, client: Client) -> None:
    secrets = {"csrfmiddlewaretoken": "t", "oldpassword": "p", "password1": "p", "code": "123456", "client_secret": "s"}
    send(client, at(car), secrets | {"nickname": WORDS})
    assert dict(kept(client)[0]["fields"]) == {"nickname": WORDS}
    send(client, at(car), secrets | {"nickname": " "})
    assert dict(kept(client)[0]["fields"]) == {"nickname": WORDS}


def test_words_are_bounded_in_number_and_in_length(car: Vehicle, client: Client) -> None:
    longest = kept_words.MOST_CHARACTERS
    send(client, at(car), {"nickname": WORDS, "make": "x\0" * 2 * longest, "model": "y"})
    (only,) = kept(client)
    assert [name for name, _text in only["fields"]] == ["nickname", "make"]
    assert sum(len(name) + len(text) for name, text in only["fields"]) <= longest
    for page in ("links", "mileage", "advice", "merge"):
        send(client, f"/garage/{car.pk}/{page}/", {"label": WORDS})
    assert [each["path"].split("/")[-2] for each in kept(client)] == ["mileage", "advice", "merge"]


def test_a_program_cannot_fill_the_database_with_words(car: Vehicle) -> None:
    browsers = [Client() for _number in range(KEPT_WORDS.at_once + 1)]
    answers = [send(browser, at(car), {"nickname": WORDS}) for browser in browsers]
    assert {answer.status_code for answer in answers} == {302}
    assert [bool(kept(browser)) for browser in browsers] == [True] * KEPT_WORDS.at_once + [False]
    assert "Sign in, then do it again." in browsers[-1].get("/sign-in/").content.decode()


def test_words_wait_for_an_hour(car: Vehicle, customer: User, client: Client) -> None:
    for age, is_shown in ((kept_words.LONGEST_WAIT.total_seconds() + 1, False), (3000, True)):
        client.logout()
        send(client, at(car), {"nickname": WORDS})
        (only,) = kept(client)
        change_session(client, kept_words=[{**only, "at": only["at"] - age}])
        sign_in(client, customer)
        assert (WORDS in client.get(at(car)).content.decode()) is is_shown


def test_without_a_page_before_the_words_wait_for_their_form(
    car: Vehicle, customer: User, stranger: User, client: Client
) -> None:
    for person in (stranger, customer):
        client.logout()
        client.post(at(car), {"nickname": WORDS})
        sign_in(client, person)
        assert WORDS not in client.get("/dashboard/").content.decode()
        assert (WORDS in client.get(at(car)).content.decode()) is (person == customer)


@pytest.mark.parametrize("mark", ["", "x", "3f0c3c5e-6a38-4a0a-8d3c-000000000000:x:y"])
def test_words_of_a_common_address_are_not_kept_without_a_mark(client: Client, mark: str) -> None:
    send(client, "/garage/add/", {"nickname": WORDS, kept_words.MARK: mark})
    assert not kept(client)


def test_words_are_not_shown_on_a_page_of_everybody_s(car: Vehicle, stranger: User, client: Client) -> None:
    client.post(at(car), {"nickname": WORDS}, headers={"Referer": "http://testserver/garage/"})
    sign_in(client, stranger)
    for page in ("/garage/", "/garage/add/"):
        assert WORDS not in client.get(page).content.decode()


def test_words_whose_form_is_gone_stand_on_their_page(car: Vehicle, customer: User, client: Client) -> None:
    """A form of another page was meant, which holds it no more."""
    page = f"/garage/{car.pk}/"
    client.post(
        f"{page}links/", {"label": "For <b>Joe</b>", "days": "7"}, headers={"Referer": f"http://testserver{page}"}
    )
    sign_in(client, customer)
    shown = client.get(page).content.decode()
    assert "What you wrote. Copy it if you need it." in shown
    assert "For &lt;b&gt;Joe&lt;/b&gt;" in shown
    assert "For &lt;b&gt;Joe" not in client.get(page).content.decode()
