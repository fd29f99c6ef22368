"""Guessing passwords is slow from one address and from many, and does not reveal accounts."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from autodoctor.accounts.models import User

pytestmark = pytest.mark.django_db
UNKNOWN = "nobody@example.com"
SLOWER = re.compile("Too many|slow down")


def guess(email: str, password: str = "a wrong guess", *, address: str = "198.51.100.7", **headers: str) -> Any:
    form = {"login": email, "password": password}
    return Client(REMOTE_ADDR=address).post("/sign-in/", form, headers=headers)


def look(answer: Any, email: str) -> tuple[Any, ...]:
    """Return what a person sees of an answer, without the typed address and random parts."""
    body = re.sub(r'(csrfmiddlewaretoken" value=|nonce=|x-csrftoken": )"[^"]*"', r"\1", answer.content.decode())
    return answer.status_code, sorted(answer.headers), sorted(answer.cookies), body.replace(email, "ADDRESS")


def is_slowed(answer: Any) -> bool:
    return answer.status_code == 429 or bool(SLOWER.search(answer.content.decode()))


def test_known_and_unknown_addresses_answer_alike_before_and_after_the_limit(customer: User) -> None:
    for number in range(8):
        known = guess(customer.email, address=f"198.51.100.{number}")
        unknown = guess(UNKNOWN, address=f"203.0.113.{number}")
        assert look(known, customer.email) == look(unknown, UNKNOWN)
    assert is_slowed(known)


def test_many_clients_cannot_guess_the_password_of_one_account(customer: User) -> None:
    answers = [guess(customer.email, f"guess {number}", address=f"198.51.100.{number}") for number in range(8)]
    assert is_slowed(answers[-1])
    right = guess(customer.email, "demo", address="203.0.113.77")
    assert "sessionid" not in right.cookies  # a code that is found after this moment is useless


@pytest.mark.parametrize(
    "forge",
    [
        lambda number: {"X-Forwarded-For": f"203.0.113.{number}"},
        lambda number: {"X-Forwarded-For": f"203.0.113.{number}, 203.0.114.{number}, 127.0.0.1"},
        lambda number: {"X-Real-IP": f"203.0.113.{number}"},
        lambda number: {"Forwarded": f"for=203.0.113.{number}"},
        lambda number: {"CF-Connecting-IP": f"203.0.113.{number}", "True-Client-IP": f"203.0.113.{number}"},
        lambda number: {"X-Forwarded-For": "x" * number},
    ],
)
def test_forged_client_addresses_do_not_avoid_the_limit_of_sign_ins(forge: Callable[[int], dict[str, str]]) -> None:
    answers = [guess(f"person{number}@example.com", **forge(number)) for number in range(12)]
    assert not is_slowed(answers[0])
    assert is_slowed(answers[-1])


@pytest.mark.parametrize("spelling", ["CUSTOMER@example.com", " customer@example.com", "Customer@Example.Com "])
def test_another_spelling_of_an_address_counts_for_the_same_account(customer: User, spelling: str) -> None:
    for number in range(3):
        guess(customer.email, address=f"198.51.100.{number}")
    answers = [guess(spelling, address=f"203.0.113.{number}") for number in range(4)]
    assert is_slowed(answers[-1])


def test_the_code_mailed_for_a_new_password_cannot_be_guessed(customer: User) -> None:
    visitor = Client()
    visitor.post("/account/password/reset/", {"email": customer.email})
    assert visitor.get("/account/password/reset/confirm/").status_code == 200
    for number in range(4):
        visitor.post("/account/password/reset/confirm/", {"code": f"AAA-00{number}"})
    assert visitor.get("/account/password/reset/confirm/").status_code == 302  # the code is void, right or wrong
    customer.refresh_from_db()
    assert customer.check_password("demo")


def test_a_mailbox_is_not_flooded_with_codes(customer: User) -> None:
    answers = [
        Client(REMOTE_ADDR=f"198.51.100.{number}").post("/account/password/reset/", {"email": customer.email})
        for number in range(8)
    ]
    assert answers[0].status_code == 302
    assert answers[-1].status_code == 429


def test_signing_up_with_a_known_address_looks_like_with_an_unknown_one(customer: User) -> None:
    def sign_up(email: str) -> tuple[Any, ...]:
        form = {"email": email, "name": "Nora", "password1": "a-long-sentence-of-hers"}
        visitor = Client()
        first = visitor.post("/sign-up/", form)
        return first.headers["Location"], look(first, email), look(visitor.get("/account/confirm-email/"), email)

    assert sign_up(customer.email) == sign_up("new-here@example.com")
