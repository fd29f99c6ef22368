"""A new password, a second factor or a ban closes the person's other sessions."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from tests.kit.authenticator_app import code_of

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

SignIn = Callable[..., Any]
ClientOf = Callable[["User"], Client]
NEW = "ratchet-and-torque"


def test_a_code_resets_the_password_and_ends_every_other_session(
    client: Client,
    customer: "User",
    client_of: ClientOf,
    code: Callable[[], str],
    letters: Callable[[], list[EmailMessage]],
    access_news: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    elsewhere = client_of(customer)
    client.post("/account/password/reset/", {"email": customer.email})
    client.post("/account/password/reset/confirm/", {"code": code()})

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/password/reset/complete/", {"password1": NEW, "password2": NEW})

    assert access_news == [(customer.pk, None)]
    assert [letter.subject for letter in letters()] == ["Your password was reset"]
    assert elsewhere.get("/account/").status_code == 302
    assert client.get("/account/").status_code == 200
    customer.refresh_from_db()
    assert customer.check_password(NEW)


def test_changing_the_password_keeps_only_this_browser(
    client: Client,
    customer: "User",
    client_of: ClientOf,
    sign_in: SignIn,
    letters: Callable[[], list[EmailMessage]],
    access_news: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    elsewhere = client_of(customer)
    sign_in(customer.email)

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            "/account/password/change/",
            {"oldpassword": "demo", "password1": NEW, "password2": NEW},
            headers={"User-Agent": "Firefox", "X-Forwarded-For": "203.0.113.9"},
        )

    assert answer.headers["Location"] == "/account/"
    assert access_news == [(customer.pk, None)]
    (letter,) = letters()
    assert "Browser: Firefox" in str(letter.body)
    assert "From: 127.0.0.1" in str(letter.body)
    assert elsewhere.get("/account/").status_code == 302
    assert client.get("/account/").status_code == 200


def test_a_weak_new_password_is_refused(client: Client, customer: "User", sign_in: SignIn) -> None:
    sign_in(customer.email)
    form = {"oldpassword": "demo", "password1": "demo", "password2": "demo"}
    assert "too short" in client.post("/account/password/change/", form).content.decode()
    customer.refresh_from_db()
    assert customer.check_password("demo")


def test_a_new_address_is_used_once_its_code_was_typed(
    client: Client, customer: "User", sign_in: SignIn, letters: Callable[[], list[EmailMessage]]
) -> None:
    sign_in(customer.email)
    client.post("/account/reauthenticate/", {"password": "demo"})
    client.post("/account/email/", {"email": "casey@example.org", "action_add": ""})
    (letter,) = letters()
    assert letter.to == ["casey@example.org"]
    customer.refresh_from_db()
    assert customer.email == "customer@example.com"

    client.post("/account/confirm-email/", {"code": letter.subject.removeprefix("Your code: ")})

    customer.refresh_from_db()
    assert customer.email == "casey@example.org"
    (told,) = letters()
    assert told.to == ["customer@example.com"]
    assert "now uses casey@example.org instead of customer@example.com" in str(told.body)


def test_a_person_with_an_authenticator_app_is_asked_for_its_code(
    client: Client,
    customer: "User",
    sign_in: SignIn,
    letters: Callable[[], list[EmailMessage]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    sign_in(customer.email)
    client.post("/account/reauthenticate/", {"password": "demo"})
    page = client.get("/account/two-factor/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page)
    assert secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/two-factor/totp/activate/", {"code": code_of(secret[1])})
    assert "Authenticator app added" in [letter.subject for letter in letters()]
    client.post("/sign-out/")

    assert sign_in(customer.email).headers["Location"] == "/account/two-factor/authenticate/"
    assert client.get("/account/").status_code == 302
    client.post("/account/two-factor/authenticate/", {"code": code_of(secret[1])})
    assert client.get("/account/").status_code == 200


def test_a_banned_person_is_signed_out_at_once_and_cannot_sign_in(
    client: Client, mechanic: "User", sign_in: SignIn, access_news: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    from autodoctor.accounts import actions

    sign_in(mechanic.email)
    with django_capture_on_commit_callbacks(execute=True):
        actions.ban_user(user=mechanic, now=timezone.now())

    assert access_news == [(mechanic.pk, None)]
    assert actions.mechanics_taking_sessions() == 0
    assert client.get("/account/").status_code == 302
    assert sign_in(mechanic.email).headers["Location"] == "/account/inactive/"
    assert "closed" in client.get("/account/inactive/").content.decode()

    actions.lift_ban(user=mechanic)
    assert sign_in(mechanic.email).headers["Location"] == "/dashboard/"


@pytest.mark.django_db
def test_every_security_mail_of_allauth_is_written_in_our_words() -> None:
    """A new allauth release with another mail fails here."""
    from pathlib import Path

    import allauth
    from django.conf import settings

    from autodoctor.mail.rendering import render

    never_sent = {"base", "login_code", "password_reset_key", "email_confirm", "email_deleted"}
    folder = Path(allauth.__file__).parent / "templates"
    kinds = {
        path.name.removesuffix("_message.txt")
        for app in ("account", "mfa")
        for path in (folder / app / "email").glob("*_message.txt")
    }
    assert "password_changed" in kinds
    facts = {"timestamp_at": "2026-07-01T10:00:00+00:00", "ip": "203.0.113.1", "user_agent": "Firefox", "code": "B-C"}
    for kind in kinds - never_sent:
        letter = render(f"accounts/mail/{kind}", facts, time_zone="Europe/Berlin")
        assert letter.subject
        assert settings.SITE_URL in letter.text
