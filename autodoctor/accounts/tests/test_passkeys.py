"""Passkeys in the hands of clumsy and of hostile people: odd answers, two tabs, other people's keys, odd names."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.core.encryption import new_key
from autodoctor.core.errors import TooFast
from autodoctor.rates import web as rates
from tests.kit.authenticator_app import code_of
from tests.kit.passkey import ADD, SIGN_IN, Passkey, challenge_of, register, sign_in
from tests.kit.proof import confirm_again, let_proof_age

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
AUTHENTICATE, AGAIN = "/account/two-factor/authenticate/", "/account/two-factor/webauthn/reauthenticate/"
LIST = "/account/two-factor/webauthn/"
SECRET = "JBSWY3DPEHPK3PXP"
ODD: list[Any] = [None, "\ud800", [], {}, "", "x", 1, True, 1e308, ["a"], {"a": 1}, "é", "\0", "AAAA", "e30", "_", "oA"]


@pytest.fixture
def home(customer: User, client_of: ClientOf) -> Client:
    """A browser of the customer, who has just given the password."""
    client = client_of(customer)
    confirm_again(client)
    return client


@pytest.fixture
def key(customer: User, home: Client) -> Passkey:
    made = Passkey(customer)
    register(home, made, passwordless="on")
    return made


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "count_request", lambda *_whoever: None)


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def odd(credential: dict[str, Any]) -> list[Any]:
    """Return answers like this one, each with a part that is missing or of another kind."""
    found: list[Any] = list(ODD)
    found.extend(odd_parts(credential))
    return found + [credential | {"response": part} for part in odd_parts(credential["response"])]


def odd_parts(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in answer.items():
        yield {other: kept for other, kept in answer.items() if other != name}
        for instead in (*ODD, str(value)[: len(str(value)) // 2]):
            yield answer | {name: instead}


def test_a_passkey_signs_in_its_owner_and_leads_on(customer: User, key: Passkey) -> None:
    visitor = Client()
    visitor.get(SIGN_IN, headers={"X-Requested-With": "XMLHttpRequest"})
    answer = json.dumps(key.used(challenge_of(visitor)))
    assert visitor.post(SIGN_IN, {"credential": answer, "next": "/book/"}).headers["Location"] == "/book/"
    assert customer.name in visitor.get("/account/").content.decode()


@pytest.mark.usefixtures("unlimited")
def test_no_odd_answer_adds_a_key_or_breaks_the_page(customer: User, home: Client) -> None:
    home.get(ADD)
    for answer in odd(Passkey(customer).made(challenge_of(home))):
        home.get(ADD)
        home.post(ADD, {"name": "Phone", "credential": json.dumps(answer)})
    assert home.get(LIST).status_code == 200


@pytest.mark.usefixtures("unlimited")
def test_no_odd_answer_signs_in_or_breaks_the_page(key: Passkey) -> None:
    visitor = Client()
    for answer in odd(key.used("AAAA")):
        visitor.get(SIGN_IN, headers={"X-Requested-With": "XMLHttpRequest"})
        assert visitor.post(SIGN_IN, {"credential": json.dumps(answer)}).status_code == 302
        cache.clear()
    assert not is_in(visitor)


@pytest.mark.on_postgres
@pytest.mark.parametrize("more", ["a\0b", "\ud800", [1]])
def test_a_keys_row_holds_nothing_that_is_not_needed(customer: User, home: Client, more: Any) -> None:
    home.get(ADD)
    answer = Passkey(customer).made(challenge_of(home)) | {
        "more": more,
        "clientExtensionResults": {"credProps": [more]},
    }
    assert home.post(ADD, {"name": "Phone", "credential": json.dumps(answer)}).status_code == 302
    row = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    assert row.data["credential"].keys() <= {"id", "rawId", "type", "response", "clientExtensionResults"}
    assert row.data["credential"]["clientExtensionResults"] == {}
    assert home.get(LIST).status_code == 200


@pytest.mark.parametrize("text", ["[" * 30_000, "9" * 5_000, '"\\ud800"', '{"id": "\\ud800"}', "{", "NaN"])
@pytest.mark.parametrize("address", [ADD, AGAIN, AUTHENTICATE, SIGN_IN])
def test_no_text_breaks_a_page_that_reads_keys(customer: User, home: Client, address: str, text: str) -> None:
    TOTP.activate(customer, SECRET)
    if address == AUTHENTICATE:
        home.post("/sign-out/")
        home.post("/sign-in/", {"login": customer.email, "password": "demo"})
    home.get(address)
    assert home.post(address, {"credential": text}).status_code in {200, 302}


def test_an_answer_counts_once_and_only_for_its_own_challenge_and_person(
    customer: User, key: Passkey, mechanic: User, client_of: ClientOf
) -> None:
    first, second = Client(), Client()
    for visitor in (first, second):
        visitor.get(SIGN_IN, headers={"X-Requested-With": "XMLHttpRequest"})
    answer = {"credential": json.dumps(key.used(challenge_of(first)))}
    second.post(SIGN_IN, answer)
    assert not is_in(second)
    first.post(SIGN_IN, answer)
    assert is_in(first)
    first.post("/sign-out/")
    first.post(SIGN_IN, answer)
    assert not is_in(first)

    theirs = client_of(mechanic)
    confirm_again(theirs)
    register(theirs, Passkey(mechanic), passwordless="on")
    let_proof_age(theirs)
    theirs.get(AGAIN)
    theirs.post(AGAIN, {"credential": json.dumps(key.used(challenge_of(theirs)))})
    assert theirs.get(ADD).status_code == 302  # it asks again
    key.owner = mechanic
    stranger = Client()
    sign_in(stranger, key)
    assert not is_in(stranger)


def test_a_banned_person_does_not_come_in_by_a_passkey(customer: User, key: Passkey) -> None:
    User.objects.filter(pk=customer.pk).update(is_active=False)
    visitor = Client()
    assert sign_in(visitor, key).headers["Location"] == "/account/inactive/"
    assert not is_in(visitor)


def test_a_refused_passkey_leads_to_the_sign_in_page_that_knows_the_way_on(key: Passkey) -> None:
    visitor = Client()
    visitor.get(SIGN_IN, headers={"X-Requested-With": "XMLHttpRequest"})
    answer = visitor.post(SIGN_IN, {"credential": json.dumps(key.used("AAAA")), "next": "/book/?plan=chat"})
    page = visitor.get(answer.headers["Location"]).content.decode()
    assert "This passkey was not accepted" in page
    assert 'name="next" value="/book/?plan=chat"' in page


def test_a_form_waits_for_the_next_try_after_a_refused_passkey(home: Client, key: Passkey) -> None:
    let_proof_age(home)
    asked = home.post("/account/sign-out-elsewhere/", headers={"referer": "http://testserver/account/"})
    assert "next=%2Faccount%2F" in asked.headers["Location"]
    home.get(f"{AGAIN}?next=/account/")
    stale = challenge_of(home)
    home.get(f"{AGAIN}?next=/account/")  # in another tab

    refused = home.post(AGAIN, {"credential": json.dumps(key.used(stale)), "next": "/account/"})
    page = home.get(refused.headers["Location"]).content.decode()
    assert "This passkey was not accepted" in page
    assert 'name="next" value="/account/"' in page

    form = {"credential": json.dumps(key.used(challenge_of(home))), "next": "/account/"}
    assert home.post(AGAIN, form).headers["Location"] == "/account/"
    assert "You are signed out everywhere else" in home.get("/account/").content.decode()


def test_a_key_that_is_not_taken_is_not_called_a_code(customer: User, home: Client, key: Passkey) -> None:
    visitor = Client()
    visitor.post("/sign-in/", {"login": customer.email, "password": "demo"})
    pages = [
        home.post(ADD, {"name": "My own name", "credential": json.dumps(Passkey(customer).made("AAAA"))}),
        visitor.post(AUTHENTICATE, {"credential": json.dumps(key.used("AAAA"))}),
    ]
    for page in (answer.content.decode() for answer in pages):
        assert "This passkey was not accepted" in page
        assert "Incorrect code" not in page
    assert "My own name" in pages[0].content.decode()


@pytest.mark.parametrize(("typed", "kept"), [("  My \t phone ", "My phone"), ("N" * 300, "N" * 80)])
def test_a_new_key_gets_a_name_that_its_list_can_show(home: Client, customer: User, typed: str, kept: str) -> None:
    register(home, Passkey(customer), name=typed)
    assert str(Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)) == kept


@pytest.mark.parametrize("typed", ["", "\u202eenohp", "\u200b"])
def test_a_new_key_without_a_name_that_shows_gets_one(home: Client, customer: User, typed: str) -> None:
    register(home, Passkey(customer), name=typed)
    assert str(Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)) == "Passkey"


@pytest.mark.parametrize("typed", ["N" * 81, "\u202eenohp", " ", "a\0b"])
def test_a_key_gets_no_other_name_that_does_not_show(home: Client, key: Passkey, typed: str) -> None:
    row = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    assert home.post(f"{LIST}keys/{row.pk}/edit/", {"name": typed}).status_code == 200
    row.refresh_from_db()
    assert str(row) == "Phone"


@pytest.mark.parametrize("address", [SIGN_IN, AUTHENTICATE, ADD])
def test_the_page_about_too_many_attempts_asks_nobody_to_type_a_passkey(
    home: Client, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def refuse(*_whoever: object) -> None:
        raise TooFast(7, "Too many.")

    monkeypatch.setattr(rates, "count_request", refuse)
    answer = home.post(address, {"credential": "{}", "next": "/book/"})
    page = answer.content.decode()
    assert answer.status_code == 429
    assert 'name="credential"' not in page
    assert f'href="{address}?next=%2Fbook%2F"' in page


def test_the_way_on_survives_the_page_about_too_many_attempts() -> None:
    assert Client().get(f"{SIGN_IN}?next=/book/").headers["Location"] == "/sign-in/?next=%2Fbook%2F"


def test_a_code_of_an_app_counts_once_for_as_long_as_it_counts_at_all(
    customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    TOTP.activate(customer, SECRET)
    code, now = code_of(SECRET), time.time()

    def enter(moment: float) -> bool:
        visitor = Client()
        visitor.post("/sign-in/", {"login": customer.email, "password": "demo"})
        monkeypatch.setattr(time, "time", lambda: moment)
        visitor.post(AUTHENTICATE, {"code": code})
        return is_in(visitor)

    begun = now - now % app_settings.TOTP_PERIOD
    assert enter(begun + 1)
    assert not enter(begun + 2)
    assert not enter(begun + app_settings.TOTP_PERIOD + 5)
    assert not enter(begun + 2 * app_settings.TOTP_PERIOD - 1)


def test_pages_say_so_where_no_key_opens_a_second_factor(customer: User, home: Client, settings: Settings) -> None:
    TOTP.activate(customer, SECRET)
    RecoveryCodes.activate(customer)
    visitor = Client()
    visitor.post("/sign-in/", {"login": customer.email, "password": "demo"})
    kept = {client: dict(client.session.items()) for client in (home, visitor)}
    settings.ENCRYPTION_KEYS = [new_key()]
    for client, content in kept.items():
        session = client.session
        session.update(content)
        session.save()

    for client, address in ((visitor, AUTHENTICATE), (home, "/account/two-factor/reauthenticate/")):
        page = client.post(address, {"code": "123456"})
        assert (page.status_code, "We cannot check codes of yours" in page.content.decode()) == (200, True)
    assert "0 codes left" in home.get("/account/two-factor/").content.decode()
    for address in ("", "generate/", "download/"):
        page = home.get(f"/account/two-factor/recovery-codes/{address}")
        assert (page.status_code, "cannot be shown" in page.content.decode()) == (503, True)
    home.post("/account/two-factor/recovery-codes/generate/")
    assert home.get("/account/two-factor/recovery-codes/").status_code == 200
    assert home.post("/account/two-factor/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.filter(user=customer).exists()
