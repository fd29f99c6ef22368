"""An outage of the database is answered with 503, whichever layer meets it."""

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.accounts.session_store import SessionStore

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("address", ["/dashboard/", "/help/", "/api/sessions", "/api/nothing-here"])
def test_a_session_that_cannot_be_read_is_an_outage_on_every_address(
    customer: User, monkeypatch: pytest.MonkeyPatch, settings: Settings, address: str, debug: bool
) -> None:
    settings.DEBUG = debug
    client = Client(raise_request_exception=False)
    client.force_login(customer)

    def no_answer(store: SessionStore) -> None:
        raise OperationalError("couldn't get a connection after 5.00 sec")

    monkeypatch.setattr(SessionStore, "load", no_answer)
    answer = client.get(address)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) >= 1
    assert ("Too much at once" in answer.content.decode()) is not address.startswith("/api/")


def test_a_mistake_stays_one(customer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(customer)

    def mistaken(store: SessionStore) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(SessionStore, "load", mistaken)
    assert client.get("/dashboard/").status_code == 500
