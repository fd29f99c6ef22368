"""Bluetooth is for the page that reads trouble codes with it, wallets for the room of a customer, and for no other."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_only_the_intake_may_use_bluetooth() -> None:
    client = Client()
    assert client.get("/book/").headers["Permissions-Policy"] == "bluetooth=(self), payment=()"
    assert client.post("/book/").headers["Permissions-Policy"] == "bluetooth=(self), payment=()"
    for address in ("/", "/sign-in/", "/book/vin/", "/nowhere/", "/api/health", "/api/nowhere"):
        assert client.get(address).headers["Permissions-Policy"] == "bluetooth=(), payment=()", address
