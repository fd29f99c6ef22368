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
def test_a_role_is_named_as_the_server_knows_it(settings: LazySettings, user: str, host: str, role: str) -> None:
    settings.DATABASES = {"default": {"USER": user, "HOST": host, "PASSWORD": "secret"}}
    settings.CLOCK_DATABASE = {"USER": "clock", "HOST": "127.0.0.1"}
    assert database_roles.logins() == {role: "secret", "clock": ""}


def test_one_way_to_the_database_is_one_role(settings: LazySettings) -> None:
    settings.DATABASES = {"default": {"USER": "web", "HOST": "", "PASSWORD": "secret"}}
    settings.CLOCK_DATABASE = {}
    assert database_roles.logins() == {"web": "secret"}
