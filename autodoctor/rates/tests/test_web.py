"""Answers to too many requests: who is counted, what the page says, and what it keeps."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def two_at_once(settings: Settings) -> None:
    settings.LIMITS = {"changes": [2, 30], "waiting_list": [2, 30], "checkouts": [2, 30]}


def last_of(times: int, ask: Callable[[], Any]) -> Any:
    return [ask() for _ in range(times)][-1]


def test_the_page_of_an_exceeded_limit_keeps_what_was_typed_but_no_password(client: Client) -> None:
    form = {"plan": "chat", "concern": 'It "rattles"\nuphill', "trouble_codes": "P0301", "code": "123456"}
    form |= {"csrfmiddlewaretoken": "old"}
    answer = last_of(3, lambda: client.post("/book/?plan=chat", form))
    page = answer.content.decode()
    assert answer.status_code == 429
    assert 20 <= int(answer.headers["Retry-After"]) <= 30
    assert f"Wait {answer.headers['Retry-After']} seconds and try again." in page
    assert 'action="/book/?plan=chat"' in page
    assert '<input type="hidden" name="concern" value="It &quot;rattles&quot;\nuphill">' in page
    assert '<input type="hidden" name="trouble_codes" value="P0301">' in page
    assert page.count('type="password"') == 1
    assert "123456" not in page
    assert re.search(r'type="password"\s+name="code"', page)
    assert 'value="old"' not in page


def test_a_script_over_a_limit_gets_a_sentence_as_json(customer: User, client_of: ClientOf) -> None:
    client = client_of(customer)
    answer = last_of(3, lambda: client.post("/account/", headers={"Accept": "application/json"}))
    assert answer.status_code == 429
    wait = int(answer.headers["Retry-After"])
    assert 20 <= wait <= 30
    assert answer.json() == {"error": "too_fast", "detail": f"This was too fast. Wait {wait} seconds and try again."}


def test_the_api_answers_an_exceeded_limit_with_429_and_the_time_to_wait(customer: User, client_of: ClientOf) -> None:
    client = client_of(customer)
    answer = last_of(3, lambda: client.post("/api/push/subscriptions", {}, content_type="application/json"))
    assert answer.status_code == 429
    assert 20 <= int(answer.headers["Retry-After"]) <= 30
    assert answer.json()["error"] == "too_fast"


def test_requests_to_pages_and_the_api_count_against_one_limit(customer: User, client_of: ClientOf) -> None:
    client = client_of(customer)
    client.post("/account/")
    client.post("/api/push/subscriptions", {}, content_type="application/json")
    assert client.post("/account/").status_code == 429


def test_requests_from_every_browser_of_a_person_count_against_one_limit(
    customer: User, stranger: User, client_of: ClientOf, client: Client
) -> None:
    for _ in range(2):
        client_of(customer).post("/account/")
    assert client_of(customer).post("/account/").status_code == 429
    assert client_of(stranger).post("/account/").status_code != 429
    assert client.post("/book/").status_code != 429


def test_signed_out_requests_are_limited_by_address_or_ipv6_network() -> None:
    def ask(address: str) -> int:
        return Client(REMOTE_ADDR=address).post("/tell-me-when/", {"email": "x"}).status_code

    assert [ask(f"2001:db8:0:1::{n}") for n in range(3)] == [422, 422, 429]
    assert ask("2001:db8:0:2::1") == 422
    assert ask("198.51.100.7") == 422


def test_reading_pages_does_not_count_against_a_limit(client: Client) -> None:
    assert {client.get("/book/").status_code for _ in range(6)} == {200}


def test_the_sign_in_form_with_too_many_guesses_is_a_429_with_the_address_kept(customer: User, client: Client) -> None:
    client.defaults["REMOTE_ADDR"] = "198.51.100.9"
    answer: Any = None
    for number in range(6):
        other = Client(REMOTE_ADDR=f"198.51.100.{number}")
        answer = other.post("/sign-in/", {"login": customer.email, "password": "a guess"})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "300"
    assert customer.email in answer.content.decode()
    assert "Too many failed login attempts" in answer.content.decode()
