from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

from tests.kit.push_service import PushService, push_service

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.push.models import PushSubscription
    from tests.kit.push_service import Browser

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def service(settings: Settings) -> Iterator[PushService]:
    """The only one that is known."""
    with push_service() as started:
        settings.PUSH_SERVICES = [started.origin]
        yield started


@pytest.fixture
def device(service: PushService) -> "Browser":
    return service.browser()


@pytest.fixture
def subscribed(device: "Browser", customer: "User") -> "PushSubscription":
    return subscribe(customer, device)


def subscribe(user: "User", device: "Browser", *, session_key: str = "a", now: datetime = NOW) -> "PushSubscription":
    from autodoctor.push import subscriptions

    keys = device.subscription["keys"]
    return subscriptions.subscribe(
        user=user,
        endpoint=device.endpoint,
        p256dh=keys["p256dh"],
        auth=keys["auth"],
        agent="Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36",
        session_key=session_key,
        now=now,
    )
