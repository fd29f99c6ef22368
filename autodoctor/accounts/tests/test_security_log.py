"""What the log says about signing in and about refused access."""

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from structlog.contextvars import get_contextvars

from tests.kit.proof import let_proof_age

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

SignIn = Callable[..., Any]
ClientOf = Callable[["User"], Client]
Lines = Callable[[], list[tuple[str, dict[str, Any]]]]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """The sentences of the security log so far, with the fields that go with each."""
    told: list[tuple[str, dict[str, Any]]] = []

    def keep(record: logging.LogRecord) -> bool:
        told.append((record.getMessage(), get_contextvars()))
        return True

    logger = logging.getLogger("autodoctor.accounts.security_log")
    caplog.set_level("INFO", logger=logger.name)
    logger.addFilter(keep)
    yield lambda: told
    logger.removeFilter(keep)


def test_signing_in_and_out_is_logged_with_who_where_and_how(customer: "User", sign_in: SignIn, lines: Lines) -> None:
    client = sign_in(customer.email).wsgi_request
    assert client.user == customer
    ((sentence, facts),) = lines()
    assert sentence == "Signed in"
    assert facts["person"] == str(customer.pk)
    assert (facts["client"], facts["methods"]) == ("127.0.0.1", "password")


def test_a_refused_sign_in_is_logged_without_what_was_typed(customer: "User", sign_in: SignIn, lines: Lines) -> None:
    sign_in(customer.email, "a-secret-that-is-wrong")
    ((sentence, facts),) = lines()
    assert sentence == "Sign-in refused: wrong address or password"
    assert facts["client"] == "127.0.0.1"
    assert "secret" not in str(lines())
    assert customer.email not in str(lines())


def test_a_page_of_another_role_is_logged(customer: "User", client_of: ClientOf, lines: Lines) -> None:
    client = client_of(customer)
    assert client.get("/support/").status_code == 404
    assert client.get("/api/queue").status_code == 404
    refused = [facts["access"] for sentence, facts in lines() if sentence.startswith("Access refused")]
    assert refused == ["support_only", "mechanic"]


def test_a_new_password_and_a_demand_for_one_are_logged(
    support: "User", client_of: ClientOf, customer: "User", lines: Lines
) -> None:
    client = client_of(support)
    let_proof_age(client)
    client.post(f"/support/people/{customer.id}/", {"act": "ban", "reason": "Rude"})
    form = {"oldpassword": "demo", "password1": "ratchet-and-torque", "password2": "ratchet-and-torque"}
    client.post("/account/password/change/", form)
    sentences = [sentence for sentence, _ in lines()]
    assert "A fresh password or code was asked for" in sentences
    assert "Password changed" in sentences


def test_sign_out_everywhere_else_leaves_this_browser(
    customer: "User", client_of: ClientOf, access_news: list[Any]
) -> None:
    here, elsewhere = client_of(customer), client_of(customer)
    let_proof_age(here)
    asked = here.post("/account/sign-out-elsewhere/", headers={"Referer": "http://testserver/account/"})
    assert asked.headers["Location"] == "/account/reauthenticate/?next=%2Faccount%2F"
    assert elsewhere.get("/account/").status_code == 200

    done = here.post("/account/reauthenticate/", {"password": "demo", "next": "/account/"})
    assert done.headers["Location"] == "/account/"
    assert "signed out everywhere else" in here.get("/account/").content.decode()
    assert elsewhere.get("/account/").status_code == 302


def test_support_signs_somebody_out_everywhere(support: "User", customer: "User", client_of: ClientOf) -> None:
    theirs = client_of(customer)
    desk, person = client_of(support), f"/support/people/{customer.id}/"
    desk.post(person, {"act": "sign_out", "reason": ""})
    assert theirs.get("/account/").status_code == 200
    desk.post(person, {"act": "sign_out", "reason": "The phone was stolen", "seen": "0"})
    assert theirs.get("/account/").status_code == 302
    assert "The phone was stolen" in desk.get(person).content.decode()
    customer.refresh_from_db()
    assert customer.is_active
