"""The names of the application's roles, out of the addresses of the database."""

import pytest
from django.conf import LazySettings

from autodoctor.operations import database_roles

POOLER = "aws-0-eu-central-1.pooler.supabase.com"


@pytest.mark.parametrize(
    ("user", "host", "role"),
    [
        ("web", "127.0.0.1", "web"),
        ("web.abcdefgh", POOLER, "web"),  # the project stands behind the role
        ("first.last", "10.0.0.5", "first.last"),
    ],
)
def test_a_role_is_named_as_the_server_knows_it(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings, user: str, host: str, role: str
) -> None:
    way = settings.DATABASES["default"]
    for name, value in (("USER", user), ("HOST", host), ("PASSWORD", "secret")):
        monkeypatch.setitem(way, name, value)
    settings.CLOCK_DATABASE = {}
    assert database_roles.logins() == {role: "secret"}
    settings.CLOCK_DATABASE = {"USER": "clock", "HOST": "127.0.0.1"}
    assert database_roles.logins() == {role: "secret", "clock": ""}
