"""Making an account: proof of the address, a decent password, nothing lost on the way."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from tests.kit.proof import confirm_again

pytestmark = pytest.mark.django_db

NEW = {"name": "Nora New", "email": "nora@example.org", "password1": "ratchet-and-torque"}


def _user(email: str) -> Any:
    from autodoctor.accounts.models import User

    return User.objects.filter(email=email).first()


def _verify(client: Client, code: str) -> Any:
    return client.post("/account/confirm-email/", {"code": code})


def test_a_code_proves_the_address_and_signs_in(client: Client, code: Callable[[], str]) -> None:
    answer = client.post("/sign-up/", NEW)
    assert answer.headers["Location"] == "/account/confirm-email/"
    assert "nora@example.org" in client.get("/account/confirm-email/").content.decode()
    assert client.get("/account/").status_code == 302

    answer = _verify(client, code())

    assert answer.headers["Location"] == "/dashboard/"
    assert "Nora New" in client.get("/account/").content.decode()
    assert _user("nora@example.org").role == "customer"


def test_three_wrong_codes_end_a_sign_up_even_for_the_right_code(client: Client, code: Callable[[], str]) -> None:
    client.post("/sign-up/", NEW)
    right = code()

    assert "Incorrect code" in _verify(client, "wrong").content.decode()
    _verify(client, "wrong")
    _verify(client, "wrong")
    _verify(client, right)

    assert client.get("/account/").status_code == 302


def test_signing_in_sends_a_new_code_to_an_unconfirmed_account(client: Client, code: Callable[[], str]) -> None:
    from django.core.cache import cache

    client.post("/sign-up/", NEW)
    code()
    client.cookies.clear()
    cache.clear()

    answer = client.post("/sign-in/", {"login": NEW["email"], "password": NEW["password1"]})
    assert answer.headers["Location"] == "/account/confirm-email/"
    _verify(client, code())

    assert client.get("/account/").status_code == 200


def test_the_typed_intake_survives_the_sign_up(client: Client, code: Callable[[], str]) -> None:
    visit = client.session
    visit["intake"] = {"concern": "It rattles when cold"}
    visit.save()
    before = visit.session_key

    client.post("/sign-up/", NEW | {"next": "/book/?plan=chat"})
    answer = _verify(client, code())

    assert answer.headers["Location"] == "/book/?plan=chat"
    assert client.session["intake"] == {"concern": "It rattles when cold"}
    assert client.session.session_key != before


def test_the_sign_up_page_leads_back_to_where_it_was_opened_from(client: Client) -> None:
    page = client.get("/sign-in/?next=/book/%3Fplan%3Dchat").content.decode()
    assert 'href="/sign-up/?next=%2Fbook%2F%3Fplan%3Dchat"' in page


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_sign_up_redirects_to_no_other_site(client: Client, code: Callable[[], str], elsewhere: str) -> None:
    client.post("/sign-up/", NEW | {"next": elsewhere})
    assert _verify(client, code()).headers["Location"] == "/dashboard/"


@pytest.mark.parametrize("password", ["short1!", "password1234", "1234567890123", "nora@example.org"])
def test_a_weak_password_is_refused_and_the_other_sign_up_fields_stay_filled_in(client: Client, password: str) -> None:
    page = client.post("/sign-up/", NEW | {"password1": password}).content.decode()

    assert _user("nora@example.org") is None
    assert 'value="Nora New"' in page
    assert 'value="nora@example.org"' in page


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  Nora \t New ", "Nora New"), ("Zoë Ångström", "Zoë Ångström"), ("Nora\r\nBcc: x", "Nora Bcc: x")],
)
def test_a_name_is_kept_on_one_line(client: Client, typed: str, kept: str) -> None:
    client.post("/sign-up/", NEW | {"name": typed})
    assert _user("nora@example.org").name == kept


@pytest.mark.parametrize("name", ["", "   ", "Nora\x00", "N" * 81, "Nora\u202eweN"])
def test_a_name_that_cannot_be_shown_is_refused(client: Client, name: str) -> None:
    client.post("/sign-up/", NEW | {"name": name})
    assert _user("nora@example.org") is None


def test_sign_up_stores_the_browsers_time_zone_for_the_person(client: Client) -> None:
    client.cookies["tz"] = "Australia/Sydney"
    client.post("/sign-up/", NEW)
    assert _user("nora@example.org").time_zone == "Australia/Sydney"


def test_an_email_address_is_one_account_however_it_is_written(client: Client, code: Callable[[], str]) -> None:
    client.post("/sign-up/", NEW | {"email": "Nora@Example.ORG"})
    _verify(client, code())
    client.cookies.clear()

    answer = client.post("/sign-in/", {"login": "NORA@example.org", "password": NEW["password1"]})
    assert answer.headers["Location"] == "/dashboard/"


def test_a_new_sign_up_code_can_be_requested(
    client: Client, code: Callable[[], str], letters: Callable[[], list[EmailMessage]]
) -> None:
    from django.core.cache import cache

    client.post("/sign-up/", NEW)
    first = code()
    cache.clear()

    client.post("/account/confirm-email/", {"action": "resend"})
    second = code()

    assert first != second
    assert _verify(client, second).headers["Location"] == "/dashboard/"


@pytest.mark.parametrize("password", ["mechanic2024!", "TheAutoDoctor1", "Support-Customer-1", "auto.doctor.77"])
def test_a_password_of_our_own_words_is_refused(client: Client, password: str) -> None:
    page = client.post("/sign-up/", NEW | {"password1": password}).content.decode()
    assert "nothing to do with this site" in page
    assert _user(NEW["email"]) is None


@pytest.mark.parametrize("password", ["mechanic wears violet", "a" * 3 + "Tür & Tor 12" + "z" * 100, "🔧 wrench turns"])
def test_a_long_password_of_any_characters_is_stored_unchanged(
    client: Client, password: str, code: Callable[[], str]
) -> None:
    client.post("/sign-up/", NEW | {"password1": password})
    _verify(client, code())
    assert _user(NEW["email"]).check_password(password)
    assert not _user(NEW["email"]).check_password(password.casefold() + "x")


def test_an_address_that_is_too_long_to_be_kept_is_refused_and_not_cut_off(
    client: Client, client_of: Callable[..., Client], customer: Any
) -> None:
    """Cut off, it would be an address of somebody else."""
    too_long = f"{'n' * 200}@{'b' * 50}.example.org"
    page = client.post("/sign-up/", NEW | {"email": too_long})
    assert "at most 254 characters" in page.content.decode()
    assert f'value="{too_long}"' in page.content.decode()
    mine = client_of(customer)
    confirm_again(mine)
    page = mine.post("/account/email/", {"email": too_long, "action_add": ""})
    assert "at most 254 characters" in page.content.decode()


def test_a_sign_up_right_after_another_code_makes_no_account_and_says_when_to_send_it_again(
    client: Client, letters: Callable[[], list[EmailMessage]]
) -> None:
    from django.core.cache import cache

    Client().post("/sign-up/", NEW)
    _user(NEW["email"]).delete()  # or a code for another account's change of address
    answer = client.post("/sign-up/", NEW)
    page = answer.content.decode()

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")
    assert "Wait ten seconds" in page
    assert f'value="{NEW["email"]}"' in page
    assert f'value="{NEW["name"]}"' in page
    assert _user(NEW["email"]) is None
    cache.clear()
    assert client.post("/sign-up/", NEW).headers["Location"] == "/account/confirm-email/"
    assert len(letters()) == 2


def test_signing_in_right_after_the_sign_up_says_that_a_code_is_on_its_way(client: Client) -> None:
    client.post("/sign-up/", NEW)
    typed = {"login": NEW["email"], "password": NEW["password1"]}
    answer = Client().post("/sign-in/", typed)
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")
    assert "Wait ten seconds" in page
    assert "Too many failed" not in page
    assert "Wait ten seconds" not in Client().post("/sign-in/", typed | {"password": "wrong"}).content.decode()
