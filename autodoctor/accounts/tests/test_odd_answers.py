"""Addresses that are none, and answers of security keys that no key gives."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string

from autodoctor.accounts.factor_forms import AnswerField

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

pytestmark = pytest.mark.django_db
ClientOf = Callable[["User"], Client]
NO_ADDRESS = ("http://[", "https://[::1", "//[", "http://[::1]evil.example/")
ANSWERS = (
    "9" * 5_000,
    "[" * 100_000,
    '{"a":' * 50_000,
    "1e999",
    "{}",
    '{"id": "a", "rawId": 1, "response": {}, "type": "public-key"}',
    '{"id": "YQ", "rawId": "YQ", "response": {"clientDataJSON": "YQ", "authenticatorData": "YQ", "signature": "YQ"}}',
    '{"id": "\\ud800", "rawId": "\\u0000", "response": [], "type": null}',
)


@pytest.mark.parametrize("address", NO_ADDRESS)
def test_a_way_on_that_is_no_address_is_left_out(address: str) -> None:
    for page in ("/sign-in/", "/sign-up/", "/account/password/reset/", "/sign-out/"):
        for answer in (Client().get(page, {"next": address}), Client().post(page, {"next": address})):
            assert answer.status_code in {200, 302, 422}, page
            assert "[" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("address", NO_ADDRESS)
@pytest.mark.parametrize("header", ["Referer", "HX-Current-URL"])
def test_a_page_before_that_is_no_address_counts_as_none(
    customer: "User", support: "User", client_of: ClientOf, header: str, address: str
) -> None:
    signed_out = Client().post("/garage/add/", headers={header: address})
    assert signed_out.headers["Location"] == "/sign-in/?next=/dashboard/"
    client = client_of(support)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 1}]
    session.save()
    answer = client.post(f"/support/people/{customer.pk}/", {"act": "ban"}, headers={header: address})
    assert answer.headers["Location"].startswith("/account/reauthenticate/")


@pytest.mark.parametrize("said", ANSWERS, ids=range(len(ANSWERS)))
def test_an_answer_that_no_key_gives_is_refused(said: str) -> None:
    answer = Client().post("/account/two-factor/webauthn/login/", {"credential": said})
    assert answer.headers["Location"] == "/sign-in/"


def test_every_form_of_a_key_reads_such_answers() -> None:
    forms = {name: import_string(path).base_fields for name, path in settings.MFA_FORMS.items()}
    answers = {name: fields["credential"] for name, fields in forms.items() if "credential" in fields}
    assert set(answers) == {"add_webauthn", "login_webauthn", "authenticate_webauthn", "reauthenticate_webauthn"}
    assert all(isinstance(field, AnswerField) for field in answers.values())
