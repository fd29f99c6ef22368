"""Relay servers for calls between two browsers, with credentials that expire."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings


def ice_servers(*, user_id: str, now: datetime) -> list[dict[str, Any]]:
    """Return `RTCConfiguration.iceServers`; empty if no server is configured, so that only a direct connection is
    tried.

    The credentials are coturn's `use-auth-secret` ones: the name contains their expiry. Open connections stay open;
    later connections need new credentials.
    """
    servers: list[dict[str, Any]] = []
    if settings.STUN_URLS:
        servers.append({"urls": settings.STUN_URLS})
    if settings.TURN_URLS:
        name = f"{int((now + timedelta(seconds=settings.TURN_TTL)).timestamp())}:{user_id}"
        digest = hmac.new(settings.TURN_SECRET.encode(), name.encode(), hashlib.sha1).digest()
        servers.append({"urls": settings.TURN_URLS, "username": name, "credential": base64.b64encode(digest).decode()})
    return servers
