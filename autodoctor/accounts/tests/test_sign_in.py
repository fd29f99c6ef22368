"""Signing in and out, and that the answers do not reveal whether an account exists."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

SignIn = Callable[..., Any]
hashed: list[str] = []


class Counting(MD5PasswordHasher):
    """Tells how often a password was hashed: with a real hasher, that is the time an answer takes."""

    algorithm = "counting"

    def encode(self, password: str, salt: str) -> str:
        hashed.append(password)
        return super().encode(password, salt)


@pytest.fixture
def hashes(settings: Settings) -> Iterator[list[str]]:
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting", *configured.PASSWORD_HASHERS]
    hashed.clear()
    yield hashed
    hashed.clear()


def _what_is_seen(answer: Any, email: str) -> tuple[object, ...]:
    """Return the answer without the parts that differ by person or request."""
    page = answer.content.decode().replace(email, "ADDRESS")
    page = re.sub(r'(csrfmiddlewaretoken" value|nonce|x-csrftoken)[=":{ ]+[^">} ]+', "", page)
    return answer.status_code, answer.headers.get("Location"), sorted(answer.cookies), page


def test_the_demo_password_signs_in_with_a_new_session_that_keeps_the_old_ones_content(
    client: Client, customer: "User", sign_in: SignIn
) -> None:
    visit = client.session
    visit["intake"] = {"plan": "chat"}
    visit.save()
    before = visit.session_key

    assert sign_in("customer@example.com").headers["Location"] == "/dashboard/"

    assert client.session.session_key != before
    assert client.session["intake"] == {"plan": "chat"}
    assert not client.session.__class__().exists(before or "")


def test_the_next_address_of_a_sign_in_is_followed_on_this_site_only(
    customer: "User", sign_in: SignIn, client: Client
) -> None:
    assert sign_in(customer.email, next="/book/?plan=chat").headers["Location"] == "/book/?plan=chat"
    client.logout()
    assert sign_in(customer.email, next="https://evil.example/").headers["Location"] == "/dashboard/"


def test_a_wrong_password_and_an_unknown_address_look_and_take_the_same(
    customer: "User", sign_in: SignIn, hashes: list[str]
) -> None:
    customer.set_password("the right one")
    customer.save()
    hashes.clear()

    known = _what_is_seen(sign_in(customer.email, "the wrong one"), customer.email)
    for_known = len(hashes)
    hashes.clear()
    unknown = _what_is_seen(sign_in("nobody@example.org", "the wrong one"), "nobody@example.org")

    assert known == unknown
    assert for_known == len(hashes) == 1


def test_signing_up_with_a_known_address_looks_and_takes_the_same(
    customer: "User", letters: Callable[[], list[EmailMessage]], hashes: list[str]
) -> None:
    def seen(email: str) -> tuple[list[tuple[object, ...]], int]:
        visitor = Client()
        hashes.clear()
        answer = visitor.post("/sign-up/", {"name": "Nora", "email": email, "password1": "ratchet-and-torque"})
        effort = len(hashes)
        steps = [answer, visitor.get("/account/confirm-email/")]
        steps += [visitor.post("/account/confirm-email/", {"code": "wrong"}) for _ in range(3)]
        return [_what_is_seen(step, email) for step in steps], effort

    known, new = seen(customer.email), seen("nora@example.org")

    assert known == new
    assert known[1] == 1
    subjects = {letter.to[0]: letter.subject for letter in letters()}
    assert subjects["customer@example.com"] == "You already have an account"
    assert subjects["nora@example.org"].startswith("Your code: ")


def test_resetting_the_password_of_an_unknown_address_looks_the_same(
    customer: "User", letters: Callable[[], list[EmailMessage]]
) -> None:
    def seen(email: str) -> list[tuple[object, ...]]:
        visitor = Client()
        steps = [visitor.post("/account/password/reset/", {"email": email})]
        steps += [visitor.get("/account/password/reset/confirm/")]
        steps += [visitor.post("/account/password/reset/confirm/", {"code": "wrong"}) for _ in range(3)]
        return [_what_is_seen(step, email) for step in steps]

    assert seen(customer.email) == seen("nobody@example.org")
    assert [letter.to[0] for letter in letters()] == ["customer@example.com", "nobody@example.org"]


@pytest.mark.parametrize("email", ["customer@example.com", "nobody@example.org"])
def test_guessing_passwords_is_limited_for_known_and_unknown_addresses_alike(
    customer: "User", sign_in: SignIn, client: Client, email: str
) -> None:
    for _ in range(5):
        sign_in(email, "a guess")

    page = sign_in(email).content.decode()

    assert "Too many failed login attempts" in page
    assert client.get("/account/").status_code == 302


def test_guessing_passwords_of_many_addresses_from_one_client_is_limited(customer: "User", client: Client) -> None:
    def guess(number: int, claimed: str) -> str:
        form = {"login": f"person{number}@example.org", "password": "a guess"}
        return client.post("/sign-in/", form, headers={"X-Forwarded-For": claimed}).content.decode()

    pages = [guess(number, f"203.0.113.{number}") for number in range(11)]

    assert "Too many" not in pages[9]
    assert "Too many" in pages[10]


def test_sign_ins_behind_our_own_proxy_are_counted_for_each_client(
    customer: "User", client: Client, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1

    def guess(number: int, chain: str) -> str:
        form = {"login": f"person{number}@example.org", "password": "a guess"}
        return client.post("/sign-in/", form, headers={"X-Forwarded-For": chain}).content.decode()

    for number in range(11):
        page = guess(number, f"10.9.8.{number}, 203.0.113.1")
    assert "Too many" in page
    assert "Too many" not in guess(12, "203.0.113.2")


def test_too_many_sign_in_attempts_are_explained_on_the_page(client: Client, db: None) -> None:
    for number in range(31):
        answer = client.post("/sign-in/", {"login": f"p{number}@example.org"})
    assert answer.status_code == 429
    assert "limit repeated attempts" in answer.content.decode()


def test_signing_out_takes_a_post_and_ends_the_session_before_it_is_told(
    client: Client, customer: "User", sign_in: SignIn
) -> None:
    from autodoctor.accounts.signals import access_changed

    sign_in(customer.email)
    key = client.session.session_key
    sessions = client.session.__class__
    heard: list[object] = []

    def hear(user_id: object, session_key: str, **kwargs: object) -> None:
        heard.append((user_id, session_key, sessions().exists(session_key)))

    access_changed.connect(hear)
    client.get("/sign-out/")
    assert client.get("/account/").status_code == 200
    client.post("/sign-out/")
    access_changed.disconnect(hear)

    assert heard == [(customer.pk, key, False)]
    assert client.get("/account/").status_code == 302


def test_forms_of_signed_out_visitors_need_a_csrf_token(customer: "User") -> None:
    stranger_site = Client(enforce_csrf_checks=True)
    for path in ("/sign-in/", "/sign-up/", "/sign-out/", "/account/password/reset/"):
        assert stranger_site.post(path, {"login": customer.email, "password": "demo"}).status_code == 403
