"""What is answered to somebody who is signed in is kept nowhere."""

import pytest
from django.test import Client

from autodoctor.accounts.models import User

PAGES = ["/", "/dashboard/", "/account/", "/account/email/", "/book/", "/nothing/here/", "/api/me", "/legal/terms/"]


@pytest.mark.parametrize("path", PAGES)
def test_answers_to_somebody_signed_in_are_not_stored(client: Client, customer: User, path: str) -> None:
    client.force_login(customer)
    assert "no-store" in client.get(path).headers["Cache-Control"]


def test_answers_to_strangers_may_be_stored(client: Client, db: None) -> None:
    assert "no-store" not in client.get("/legal/terms/").headers.get("Cache-Control", "")
