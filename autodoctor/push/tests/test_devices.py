"""Browsers come and go: by the API, by the page, by leaving."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from autodoctor.accounts import actions as accounts
from autodoctor.push.models import PushSubscription
from autodoctor.push.tests.conftest import NOW, subscribe
from tests.kit.push_service import Browser, PushService

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

pytestmark = pytest.mark.django_db
ADDRESS = "/api/push/subscriptions"
ClientOf = Callable[["User"], Client]


def add(client: Client, device: Browser) -> str:
    answer = client.post(
        ADDRESS, device.subscription, content_type="application/json", headers={"user-agent": "Firefox/140 (Windows)"}
    )
    assert answer.status_code == 201, answer.content
    assert answer.json()["browser"] == "Firefox on Windows"
    return str(answer.json()["id"])


def test_a_browser_is_subscribed_once_and_can_be_removed(
    device: Browser, customer: "User", client_of: ClientOf
) -> None:
    client = client_of(customer)
    assert add(client, device) == add(client, device)
    assert "Firefox on Windows" in client.get("/account/devices/").content.decode()
    (one,) = PushSubscription.objects.all()
    assert client.delete(f"{ADDRESS}/{one.id}").status_code == 204
    assert "No device yet" in client.get("/account/devices/").content.decode()


def test_the_devices_page_removes_a_browser_once(device: Browser, customer: "User", client_of: ClientOf) -> None:
    client = client_of(customer)
    address = f"/account/devices/{add(client, device)}/remove/"
    assert client.post(address).status_code == 303
    assert client.post(address).status_code == 404


def test_signing_out_unsubscribes_this_browser_only(
    service: PushService, customer: "User", client_of: ClientOf
) -> None:
    here, there = client_of(customer), client_of(customer)
    add(here, service.browser("here"))
    stays = add(there, service.browser("there"))
    here.post("/sign-out/")
    assert [str(one.id) for one in PushSubscription.objects.all()] == [stays]


def test_a_ban_or_a_new_password_unsubscribes_every_browser_of_the_person(
    device: Browser, customer: "User", django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    subscribe(customer, device)
    with django_capture_on_commit_callbacks(execute=True):
        accounts.ban_user(user=customer, now=timezone.now())
    assert not PushSubscription.objects.exists()
    subscribe(customer, device)
    with django_capture_on_commit_callbacks(execute=True):
        customer.set_password("another one entirely")
        customer.save()
    assert not PushSubscription.objects.exists()


def test_a_browser_belongs_to_the_last_person_who_subscribed_with_it(
    device: Browser, customer: "User", stranger: "User"
) -> None:
    subscribe(customer, device)
    subscribe(stranger, device)
    assert [one.user for one in PushSubscription.objects.all()] == [stranger]


def test_an_eleventh_browser_of_a_person_replaces_the_oldest(service: PushService, customer: "User") -> None:
    for number in range(12):
        subscribe(customer, service.browser(str(number)), now=NOW + timedelta(minutes=number))
    kept = {one.endpoint.rsplit("/", 1)[1] for one in PushSubscription.objects.all()}
    assert kept == {str(number) for number in range(2, 12)}


def test_the_service_worker_may_act_for_every_page_and_is_never_old(client: Client) -> None:
    answer = client.get("/service-worker.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    script = answer.content.decode()
    assert "notificationclick" in script
    assert 'const OFFLINE = "/offline/";' in script


def test_push_messages_are_not_offered_without_vapid_keys(
    customer: "User", client_of: ClientOf, settings: Settings
) -> None:
    client = client_of(customer)
    assert "<push-switch" in client.get("/account/devices/").content.decode()
    settings.VAPID_PUBLIC_KEY = ""
    assert "<push-switch" not in client.get("/account/devices/").content.decode()
