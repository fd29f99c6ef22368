"""Deliver one message to one browser: hand it to the push service now."""

import hashlib
import json
from base64 import urlsafe_b64encode
from urllib.parse import urlsplit

import requests
from django.conf import settings
from webpush import WebPush, WebPushSubscription

from autodoctor.core.vapid_keys import as_pem
from autodoctor.push import bounded_call
from autodoctor.push.models import PushSubscription
from autodoctor.push.push_services import is_known
from autodoctor.push.queue import SendPush
from autodoctor.push.silent_services import SilentServices

CONNECT_SECONDS, TOTAL_SECONDS = 3.05, 8.0  # for the connection; for all of a message
services = SilentServices()


class Unreachable(Exception):
    """The service cannot be reached. Its address is a secret, so only the host is named."""


def deliver(subscription: PushSubscription, note: SendPush, *, seconds: int) -> tuple[int, str]:
    """Encrypt, sign and send; returns the status, and when the service wants another try.

    `seconds`: how long the service keeps the message for an offline browser. Raises `Unreachable`, `Silent` where it
    did not answer lately, and `ValueError` for an address outside the known services.
    """
    if not is_known(subscription.endpoint):
        raise ValueError("no service that we speak to")
    content = json.dumps(_for_the_worker(note)).encode()
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    private, public = as_pem(settings.VAPID_PRIVATE_KEY)
    # A new object per message: it keeps the headers of the last message.
    message = WebPush(private, public, subscriber=settings.VAPID_SUBJECT, ttl=seconds).get(
        content, WebPushSubscription.model_validate({"endpoint": subscription.endpoint, "keys": keys})
    )
    headers = {
        **message.headers,
        "urgency": "high" if note["urgent"] else "normal",
        "topic": short(note["topic"]),
        "content-type": "application/octet-stream",
    }
    return _handed_over(subscription.endpoint, message.encrypted, headers)


def _for_the_worker(note: SendPush) -> dict[str, object]:
    """Return what the service worker gets to know."""
    return {
        "title": note["title"],
        "body": note["body"],
        "path": note["path"],
        "topic": note["topic"],
        "quiet": note["quiet"],
        "seen_at": note["seen_at"],
    }


def short(topic: str) -> str:
    """Return a topic of at most 32 letters, as services require."""
    return urlsafe_b64encode(hashlib.sha256(topic.encode()).digest())[:32].decode()


def _handed_over(endpoint: str, content: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Send to this address only."""
    host = urlsplit(endpoint).netloc
    try:
        with services.call(host):
            return bounded_call.post(endpoint, content, headers, connect=CONNECT_SECONDS, total=TOTAL_SECONDS)
    except (TimeoutError, requests.RequestException) as error:
        raise Unreachable(f"{host}: {type(error).__name__}") from None
