"""Sending to a push service over HTTP: requests, the browser's messages, and the meaning of each answer."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from pytest_django import Settings

from autodoctor.core.vapid_keys import new_private_key, public_key_of
from autodoctor.push import delivery, silent_services
from autodoctor.push.models import PushSubscription
from autodoctor.push.queue import PushNote, queue_push
from autodoctor.push.silent_services import SilentServices
from autodoctor.push.tests.conftest import NOW, subscribe
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.push_service import Browser, PushService, push_service

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

pytestmark = pytest.mark.django_db

NOTE = PushNote(
    title="Größe & Söhne has accepted",
    body="Open your session and join.",
    path="/sessions/1/",
    topic="1:session",
    until=NOW + timedelta(minutes=10),
)


def test_a_push_message_is_encrypted_for_its_browser_and_signed(
    service: PushService, device: Browser, subscribed: PushSubscription, customer: "User", settings: Settings
) -> None:
    assert queue_push(NOTE, to=[customer.id], now=NOW) == 1
    run_due(NOW)
    (message,) = service.messages
    assert b"accepted" not in message.content
    assert device.open(message.content) == {
        "title": NOTE.title,
        "body": NOTE.body,
        "path": "/sessions/1/",
        "topic": "1:session",
        "quiet": False,
        "seen_at": ["/sessions/1/"],
    }
    assert message.claims["key"] == settings.VAPID_PUBLIC_KEY
    assert message.claims["aud"] == "http://127.0.0.1"
    assert message.claims["sub"] == f"mailto:{settings.VAPID_SUBJECT}"
    headers = {name: message.headers[name] for name in ("ttl", "urgency", "topic", "content-encoding")}
    topic = delivery.short("1:session")
    assert headers == {"ttl": "600", "urgency": "high", "topic": topic, "content-encoding": "aes128gcm"}
    assert len(topic) == 32
    subscribed.refresh_from_db()
    assert subscribed.last_ok_at == NOW


def test_a_push_message_goes_to_every_browser_of_its_person_only(
    service: PushService, customer: "User", stranger: "User"
) -> None:
    phone, laptop, other = (service.browser(name) for name in ("phone", "laptop", "other"))
    for person, device in ((customer, phone), (customer, laptop), (stranger, other)):
        subscribe(person, device)
    assert queue_push(NOTE, to=[customer.id], now=NOW) == 2
    run_due(NOW)
    assert [len(service.for_browser(device)) for device in (phone, laptop, other)] == [1, 1, 0]


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(
    service: PushService, subscribed: PushSubscription, customer: "User", status: int
) -> None:
    service.answer = (status, {})
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    assert not PushSubscription.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7),
        (503, {"Retry-After": "99999999"}, 3600),
        (500, {}, 1),
        (429, {"Retry-After": "-1"}, 1),
    ],
)
def test_a_failing_push_service_is_tried_again_after_its_retry_time(
    service: PushService,
    subscribed: PushSubscription,
    customer: "User",
    status: int,
    headers: dict[str, str],
    seconds: int,
) -> None:
    service.answer = (status, headers)
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    job = Job.objects.get()
    assert job.run_at - NOW == pytest.approx(timedelta(seconds=seconds), abs=timedelta(seconds=1))
    subscribed.refresh_from_db()
    assert subscribed.failures == 1
    service.answer = (201, {})
    PushSubscription.objects.update(failures=3)
    Job.objects.update(run_at=NOW)
    run_due(NOW + timedelta(seconds=8))
    subscribed.refresh_from_db()
    assert subscribed.failures == 0
    assert service.messages[-1].headers["ttl"] == "592"


def test_an_expired_push_message_is_not_sent(
    service: PushService, subscribed: PushSubscription, customer: "User"
) -> None:
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOTE.until)
    assert service.messages == []
    assert not Job.objects.exists()


def test_a_refused_push_message_is_given_up_and_listed_for_support(
    service: PushService, subscribed: PushSubscription, customer: "User"
) -> None:
    service.answer = (403, {})
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    job = Job.objects.get()
    assert job.parked_at is not None
    assert subscribed.endpoint not in job.last_error


def test_a_message_goes_to_nobody_else_who_signs_in_at_the_same_browser(
    service: PushService, device: Browser, subscribed: PushSubscription, customer: "User", stranger: "User"
) -> None:
    service.answer = (503, {})
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    assert Job.objects.exists()
    service.answer = (201, {})
    service.messages.clear()
    subscribe(stranger, device)
    Job.objects.update(run_at=NOW)
    run_due(NOW + timedelta(seconds=60))
    assert service.messages == []


def test_a_new_key_pair_ends_the_browsers_of_the_old_one_and_support_hears_nothing_of_it(
    service: PushService, device: Browser, subscribed: PushSubscription, customer: "User", settings: Settings
) -> None:
    private = new_private_key()
    settings.VAPID_PRIVATE_KEY, settings.VAPID_PUBLIC_KEY = private, public_key_of(private)
    service.answer = (403, {})  # as services answer what another key signs
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    assert not Job.objects.exists()
    assert not PushSubscription.objects.exists()

    service.answer = (201, {})
    subscribe(customer, device)
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    assert service.messages[-1].claims["key"] == settings.VAPID_PUBLIC_KEY


def test_a_message_that_waits_while_push_is_switched_off_is_dropped(
    service: PushService, subscribed: PushSubscription, customer: "User", settings: Settings
) -> None:
    queue_push(NOTE, to=[customer.id], now=NOW)
    settings.VAPID_PRIVATE_KEY = settings.VAPID_PUBLIC_KEY = ""
    run_due(NOW)
    assert not Job.objects.exists()
    assert PushSubscription.objects.exists()


def test_a_redirect_of_a_push_service_is_not_followed(
    service: PushService, subscribed: PushSubscription, customer: "User"
) -> None:
    service.answer = (307, {"Location": f"{service.origin}/inside"})
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    assert [message.path for message in service.messages] == ["/send/one"]


@pytest.mark.parametrize(
    ("created", "last_ok", "stays"), [(0, None, True), (8, 1, True), (8, None, False), (30, 8, False)]
)
def test_a_subscription_is_removed_after_many_failures_in_a_week_without_success(
    service: PushService,
    subscribed: PushSubscription,
    customer: "User",
    created: int,
    last_ok: int | None,
    stays: bool,
) -> None:
    """In days before the failure. A service that is out for hours unsubscribes nobody."""
    last_ok_at = None if last_ok is None else NOW - timedelta(days=last_ok)
    created_at = NOW - timedelta(days=created)
    PushSubscription.objects.update(failures=29, created_at=created_at, last_ok_at=last_ok_at)
    service.answer = (500, {})
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    assert PushSubscription.objects.exists() is stays


def test_a_push_service_that_is_no_longer_allowed_is_not_called(
    service: PushService, subscribed: PushSubscription, customer: "User", settings: Settings
) -> None:
    settings.PUSH_SERVICES = ["https://fcm.googleapis.com"]
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    assert service.messages == []


def test_a_push_message_replaces_a_waiting_one_of_the_same_topic(
    service: PushService, device: Browser, subscribed: PushSubscription, customer: "User"
) -> None:
    for title in ("accepted", "is waiting"):
        queue_push(PushNote(title, "", "/", "1:session", NOTE.until), to=[customer.id], now=NOW)
    run_due(NOW)
    assert [told["title"] for told in service.for_browser(device)] == ["is waiting"]


def test_no_push_message_is_sent_without_vapid_keys(
    subscribed: PushSubscription, customer: "User", settings: Settings
) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    assert queue_push(NOTE, to=[customer.id], now=NOW) == 0


def test_the_command_vapid_keys_prints_a_matching_pair(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("vapid_keys")
    printed = dict(line.split("=", 1) for line in capsys.readouterr().out.split())
    assert printed["VAPID_PUBLIC_KEY"] == public_key_of(printed["VAPID_PRIVATE_KEY"])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "TOTAL_SECONDS", 0.3)
    monkeypatch.setattr(delivery, "services", SilentServices())


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["drips", "hangs"])
def test_a_service_that_accepts_and_never_answers_is_left_after_a_bounded_time(
    service: PushService, subscribed: PushSubscription, customer: "User", how: str
) -> None:
    service.drips, service.pause = how == "drips", 0 if how == "drips" else 30
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    assert "TimeoutError" in Job.objects.get(kind="push.send").last_error
    subscribed.refresh_from_db()
    assert subscribed.failures == 1


@pytest.mark.usefixtures("impatient")
def test_services_that_hang_are_asked_by_one_message_and_hold_up_no_other_service(
    service: PushService, customer: "User", settings: Settings
) -> None:
    with push_service() as first, push_service() as second:
        settings.PUSH_SERVICES += [first.origin, second.origin]
        for hanging in (first, second):
            hanging.drips = True
            for number in range(4):
                subscribe(customer, hanging.browser(str(number)))
        healthy = service.browser()
        subscribe(customer, healthy)
        queue_push(NOTE, to=[customer.id], now=NOW)
        run_due(NOW)
        assert [len(one.messages) for one in (first, second)] == [1, 1]
        assert len(service.for_browser(healthy)) == 1
    assert Job.objects.filter(kind="push.send").count() == 8  # tried again later
    assert sum(PushSubscription.objects.values_list("failures", flat=True)) == 2


@pytest.mark.usefixtures("impatient")
def test_a_service_that_answers_again_gets_every_message(
    service: PushService, customer: "User", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silent_services, "PAUSE_SECONDS", 0.0)
    devices = [service.browser(str(number)) for number in range(3)]
    for device in devices:
        subscribe(customer, device)
    service.drips = True
    queue_push(NOTE, to=[customer.id], now=NOW)
    run_due(NOW)
    service.drips = False
    before = len(service.messages)
    run_due(NOW + timedelta(minutes=5))
    assert len(service.messages) == before + 3
