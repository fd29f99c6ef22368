"""Everything a server process answers, by scope: websockets beside Django, the sandbox beside both."""

import os
from collections.abc import Awaitable, Callable
from typing import cast

import django
from asgiref.typing import ASGI3Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autodoctor.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 the apps must be loaded
from django.core.handlers.asgi import ASGIHandler  # noqa: E402

from autodoctor.clock.loop import Clock  # noqa: E402
from autodoctor.limits import BodyLimits  # noqa: E402
from autodoctor.payments import sandbox  # noqa: E402
from autodoctor.room import feed, socket  # noqa: E402
from autodoctor.room.line import Receive, Scope, Send  # noqa: E402
from autodoctor.room.live import Channel  # noqa: E402

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    await _ROUTES[scope["type"]](scope, receive, send)


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Nobody is let in before the channel is open; it closes when everybody has gone."""
    await receive()
    channel, clock = Channel(), Clock() if settings.CLOCK_EMBEDDED else None
    await channel.open()
    if clock:
        clock.start()
    if _sandboxed:
        sandbox.start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await channel.close()
    if _sandboxed:
        sandbox.stop()
    if clock:
        clock.stop()
    await send({"type": "lifespan.shutdown.complete"})


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    serve = feed.application if scope["path"] == "/ws/feed" else socket.application
    await serve(scope, receive, send)


async def http(scope: Scope, receive: Receive, send: Send) -> None:
    serve = _sandbox if _sandboxed and scope["path"].startswith("/sandbox/stripe/") else _django
    await serve(scope, receive, send)


_sandboxed = settings.DEBUG and settings.PAYMENTS_SANDBOX
_sandbox = cast(Application, sandbox.application)
_django = cast(Application, ASGIHandler())
_http = cast(Application, BodyLimits(cast(ASGI3Application, http)))
_ROUTES: dict[str, Application] = {"lifespan": lifespan, "websocket": websocket, "http": _http}
