"""The endpoint for an external cron job needs its secret."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User

ADDRESS = "/api/cron/monitor-sessions"
SECRET = "the-secret-of-the-scheduler"
pytestmark = pytest.mark.django_db


def ask(method: str = "get", **headers: str) -> Any:
    return getattr(Client(enforce_csrf_checks=True), method)(ADDRESS, headers=headers)


@pytest.fixture
def secret(settings: Settings) -> str:
    settings.CRON_SECRET = SECRET
    return SECRET


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {SECRET}x",
        f"Bearer {SECRET[:-1]}",
        f"Bearer {SECRET.upper()}",
        f"Basic {SECRET}",
        SECRET,
        "Bearer \xe9\xe8",
    ],
)
def test_the_cron_address_without_the_secret_is_a_401(secret: str, method: str, authorization: str | None) -> None:
    answer = ask(method, **({} if authorization is None else {"Authorization": authorization}))
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "detail"}


def test_the_cron_address_is_closed_without_a_configured_secret(settings: Settings) -> None:
    settings.CRON_SECRET = ""
    for given in ("Bearer ", "Bearer None", "Bearer"):
        assert ask(Authorization=given).status_code == 401


def test_a_signed_in_person_cannot_open_the_cron_address_without_the_secret(secret: str, support: User) -> None:
    client = Client()
    client.force_login(support)
    assert client.get(ADDRESS).status_code == 401


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_secret_opens_the_cron_address(secret: str, method: str) -> None:
    answer = ask(method, Authorization=f"Bearer {secret}")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "nudgedMechanics": 0,
        "alertedSupport": 0,
        "autoClosedSessions": 0,
        "repaired": 0,
    }


def test_the_command_monitor_sessions_answers_like_the_cron_address(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("monitor_sessions")
    answer = json.loads(capsys.readouterr().out)
    assert answer["success"] is True
    assert set(answer) == {"success", "nudgedMechanics", "alertedSupport", "autoClosedSessions", "repaired"}
