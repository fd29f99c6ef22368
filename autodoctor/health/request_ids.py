"""Give every request and every socket an id that all its log lines carry."""

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from django.conf import settings

from autodoctor.core import logs
from autodoctor.room.wire.connection import Receive, Scope, Send

logger = logging.getLogger(__name__)
HEADER = b"x-request-id"
FORWARDED = {b"x-forwarded-for", b"x-real-ip", b"forwarded"}
_fit = re.compile(r"[A-Za-z0-9._-]{8,64}")  # ids that fit into a log line and a header
_session = re.compile(r"/sessions/([0-9a-f]{8}-[0-9a-f-]{27})(?:/|$)")


class RequestIds:
    """Wraps an ASGI application: binds the id and the address's session, and answers with the id."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _given(scope) or secrets.token_hex(8)
        logs.bind(request_id=request_id)  # the task ends with the request, so the fields need no unbinding
        _warn_of_unknown_proxy(scope)
        if found := _session.search(scope["path"]):
            logs.bind(session_id=found.group(1))
        if scope["type"] == "http":
            send = _naming(send, request_id)
        await self._application(scope, receive, send)


_warned: set[str] = set()  # once a process, not once a request


def _warn_of_unknown_proxy(scope: Scope) -> None:
    """Behind a proxy that is not in `TRUSTED_PROXIES`, all visitors have its address and share one throttle."""
    if settings.TRUSTED_PROXIES or settings.DEBUG or _warned:
        return
    if found := FORWARDED & {name for name, _ in scope["headers"]}:
        _warned.update(name.decode() for name in found)
        logger.error(
            "A proxy is in front (%s), but TRUSTED_PROXIES is not set: all visitors share one limit of sign-ins.",
            ", ".join(sorted(_warned)),
        )


def _given(scope: Scope) -> str:
    """Return the trusted proxy's id; empty without one."""
    if not _is_from_proxy(scope):
        return ""
    named = [value.decode("latin-1") for name, value in scope["headers"] if name == HEADER]
    return named[0] if len(named) == 1 and _fit.fullmatch(named[0]) else ""


def _is_from_proxy(scope: Scope) -> bool:
    trusted = settings.TRUSTED_PROXIES
    if isinstance(trusted, int):
        return trusted > 0
    host = (scope.get("client") or ("", 0))[0]
    try:
        return not host or any(ip_address(host) in network for network in trusted)  # a Unix socket has no address
    except ValueError:
        return False


def _naming(send: Send, request_id: str) -> Send:
    async def named(event: Any) -> None:
        if event["type"] == "http.response.start":
            event = {**event, "headers": [*event.get("headers", ()), (HEADER, request_id.encode())]}
        await send(event)

    return named
