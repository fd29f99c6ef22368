"""The client's address, with and without trusted proxies."""

from ipaddress import ip_network

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from autodoctor.core.client_address import client_address

INSIDE = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("trusted", "peer", "chain", "client"),
    [
        (0, "203.0.113.1", "198.51.100.7", "203.0.113.1"),
        (1, "10.0.0.2", "198.51.100.7", "198.51.100.7"),
        (1, "10.0.0.2", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        (2, "10.0.0.2", "1.1.1.1, 198.51.100.7, 10.0.0.3", "198.51.100.7"),
        (2, "10.0.0.2", "", "10.0.0.2"),
        (1, "", "198.51.100.7", "198.51.100.7"),
        (INSIDE, "203.0.113.1", "198.51.100.7", "203.0.113.1"),
        (INSIDE, "10.0.0.2", "1.1.1.1, 198.51.100.7, 10.0.0.3", "198.51.100.7"),
        (INSIDE, "fd00::1", "2001:db8::5", "2001:db8::5"),
        (INSIDE, "10.0.0.2", "10.0.0.9", "10.0.0.9"),
        (INSIDE, "", "198.51.100.7", "198.51.100.7"),
        (1, "10.0.0.2", "198.51.100.7:50123", "198.51.100.7"),
        (1, "10.0.0.2", "[2001:db8::5]:50123", "2001:db8::5"),
        (1, "10.0.0.2", "[2001:db8::5]", "2001:db8::5"),
        (1, "10.0.0.2", '"[2001:db8::5]:50123"', "2001:db8::5"),
        (1, "10.0.0.2", "::ffff:198.51.100.7", "198.51.100.7"),
        (INSIDE, "10.0.0.2", "198.51.100.7:1, 10.0.0.3:2", "198.51.100.7"),
        # What names no address is not everybody's: the nearest of our proxies that has one counts instead.
        (1, "10.0.0.2", "198.51.100.7:rubbish", "10.0.0.2"),
        (1, "10.0.0.2", "198.51.100.7:123456", "10.0.0.2"),
        (1, "10.0.0.2", "198.51.100.7, unknown", "10.0.0.2"),
        (2, "10.0.0.2", "unknown, 10.0.0.3", "10.0.0.3"),
        (2, "10.0.0.2", "198.51.100.7, unknown, rubbish", "10.0.0.2"),
        (INSIDE, "10.0.0.2", "rubbish", "10.0.0.2"),
        (INSIDE, "10.0.0.2", "198.51.100.7, unknown, 10.0.0.3", "10.0.0.3"),
        (INSIDE, "rubbish", "198.51.100.7", ""),
        (0, "", "", ""),
    ],
)
def test_the_nearest_address_that_is_not_ours_is_the_client(
    settings: Settings, trusted: object, peer: str, chain: str, client: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": chain})
    assert client_address(request) == client
