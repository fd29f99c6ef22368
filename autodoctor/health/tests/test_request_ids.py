"""Every request has an id, and a proxy that nobody named is told."""

from typing import Any

import pytest
from pytest_django import Settings

from autodoctor.health import request_ids
from autodoctor.health.request_ids import RequestIds


async def nothing(*_: Any) -> Any:
    """Stands for the application and for the socket."""


@pytest.mark.parametrize(("trusted", "debug", "times"), [(0, False, 1), ([], False, 1), (1, False, 0), (0, True, 0)])
async def test_a_request_through_an_undeclared_proxy_is_logged_once_as_an_error(
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    trusted: object,
    debug: bool,
    times: int,
) -> None:
    settings.TRUSTED_PROXIES, settings.DEBUG = trusted, debug
    monkeypatch.setattr(request_ids, "_warned", set())
    scope = {"type": "http", "path": "/", "client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    for _ in range(3):
        await RequestIds(nothing)(scope, nothing, nothing)
    told = [record for record in caplog.records if "TRUSTED_PROXIES" in record.getMessage()]
    assert [record.levelname for record in told] == ["ERROR"] * times
