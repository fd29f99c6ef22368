"""What a call between two browsers needs of us: ways through the network, with credentials that expire."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings


def ice_servers(*, user_id: str, now: datetime) -> list[dict[str, Any]]:
    """`RTCConfiguration.iceServers`: empty when none are configured, then only a direct way is tried.

    The credentials are coturn's `use-auth-secret` ones: the name says when they expire. What was opened with them stays
    open; a way that is opened later needs new ones.
    """
    servers: list[dict[str, Any]] = []
    if settings.STUN_URLS:
        servers.append({"urls": settings.STUN_URLS})
    if settings.TURN_URLS:
        name = f"{int((now + timedelta(seconds=settings.TURN_TTL)).timestamp())}:{user_id}"
        digest = hmac.new(settings.TURN_SECRET.encode(), name.encode(), hashlib.sha1).digest()
        servers.append({"urls": settings.TURN_URLS, "username": name, "credential": base64.b64encode(digest).decode()})
    return servers
