"""Forged browsers: internal addresses, invalid keys, devices of others."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.push.models import PushSubscription
from autodoctor.push.push_services import is_known
from tests.kit.push_service import Browser

pytestmark = pytest.mark.django_db
ADDRESS = "/api/push/subscriptions"
GOOD = "https://fcm.googleapis.com/fcm/send/abc:DEF-1_2"
ClientOf = Callable[[User], Client]


def send(client: Client, subscription: Any) -> Any:
    return client.post(ADDRESS, subscription, content_type="application/json")


@pytest.mark.parametrize(
    "endpoint",
    [
        GOOD,
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA_-=",
        "https://db5p.notify.windows.com/w/?token=BQYA%2fabc%3d",
        "https://web.push.apple.com/QGuQ",
    ],
)
def test_push_services_of_the_known_browsers_are_accepted(endpoint: str) -> None:
    assert is_known(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:8000/api/cron/monitor-sessions",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://2130706433/x",
        "https://10.0.0.1/x",
        "https://evil.example/fcm.googleapis.com",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://push.services.mozilla.com.evil.example/x",
        "https://evilpush.apple.com/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://evil.example\\@fcm.googleapis.com/x",
        "https://fcm.googleapis.com\\.evil.example/x",
        "https://fcm.googleapis.com:22/x",
        "https://.notify.windows.com/x",
        "https://a..notify.windows.com/x",
        "https://" + "a" * 64 + ".notify.windows.com/x",
        "https://fcm.googleapis.com#@evil.example/x",
        "https://fcm.googleapis.com/x\r\nHost: evil.example",
        "https://fcm.googleapis.com/x\n",
        "https://FCM.googleapis.com.evil.example/",
        "https://fcm.googleapis.com/",
        "https://fcm。googleapis.com/x",
        "file:///etc/passwd",
        "gopher://fcm.googleapis.com/x",
        "//fcm.googleapis.com/x",
        "https://fcm.googleapis.com/" + "x" * 1000,
        "",
    ],
)
def test_no_other_push_address_is_ever_called(endpoint: str, customer: User, client_of: ClientOf) -> None:
    answer = send(client_of(customer), {**Browser(GOOD).subscription, "endpoint": endpoint})
    assert answer.status_code == 422, answer.content
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize(
    "keys",
    [
        {"p256dh": "AAAA", "auth": "AAAA"},
        {"p256dh": "ü", "auth": "ü"},
        {"p256dh": "B" * 87, "auth": "A" * 22},
        {"p256dh": "", "auth": ""},
        {"p256dh": "B" * 500, "auth": "A" * 22},
        {"p256dh": None, "auth": 1},
        {},
    ],
)
def test_invalid_keys_of_a_push_subscription_are_refused(
    keys: dict[str, Any], customer: User, client_of: ClientOf
) -> None:
    assert send(client_of(customer), {**Browser(GOOD).subscription, "keys": keys}).status_code == 422
    assert not PushSubscription.objects.exists()


def test_nobody_removes_the_device_of_another(customer: User, stranger: User, client_of: ClientOf) -> None:
    answer = send(client_of(customer), Browser(GOOD).subscription)
    theirs, other = answer.json()["id"], client_of(stranger)
    for attempt in (theirs, uuid4()):
        assert other.delete(f"{ADDRESS}/{attempt}").status_code == 404
        assert other.post(f"/account/devices/{attempt}/remove/").status_code == 404
    assert PushSubscription.objects.count() == 1


def test_adding_and_removing_a_device_needs_a_csrf_token(customer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(customer)
    assert send(client, Browser(GOOD).subscription).status_code == 403
    assert client.delete(f"{ADDRESS}/{uuid4()}").status_code == 403


def test_the_number_of_devices_of_a_person_is_limited(customer: User, client_of: ClientOf) -> None:
    client = client_of(customer)
    for number in range(15):
        assert send(client, Browser(f"{GOOD}{number}").subscription).status_code == 201
    assert PushSubscription.objects.count() == 10


def test_the_answer_to_a_subscription_does_not_contain_its_push_address(
    customer: User, client_of: ClientOf, settings: Settings
) -> None:
    client = client_of(customer)
    answer = send(client, Browser(GOOD).subscription)
    assert set(answer.json()) == {"id", "browser"}
    assert GOOD not in client.get("/account/devices/").content.decode()
