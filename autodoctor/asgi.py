"""The server process by scope: websockets beside Django, the sandbox beside both."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import cast

import django
from asgiref.typing import ASGI3Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autodoctor.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 the apps must be loaded

from autodoctor.conversations import thread_files, upload_permission  # noqa: E402
from autodoctor.core import acting  # noqa: E402
from autodoctor.core.env import exit_with  # noqa: E402
from autodoctor.core.request_limits import (  # noqa: E402
    CONVERSATION_FORM,
    PIECE,
    QUESTION_FORM,
    SESSION_HELP_FORM,
    UPLOAD,
    BodyLimits,
)
from autodoctor.core.static_files import StaticFiles  # noqa: E402
from autodoctor.files.serving import ServeFiles  # noqa: E402
from autodoctor.files.streaming_upload import Gate, StreamingUpload, UploadHandler  # noqa: E402
from autodoctor.health.request_ids import RequestIds  # noqa: E402
from autodoctor.rates.limits import limits_problem  # noqa: E402
from autodoctor.room import upload_permission as room_uploads  # noqa: E402
from autodoctor.room.socket import list_feed, session_socket  # noqa: E402
from autodoctor.room.socket.lifecycle import LiveChannel  # noqa: E402
from autodoctor.room.wire import executor  # noqa: E402
from autodoctor.room.wire.connection import Receive, Scope, Send  # noqa: E402
from autodoctor.scheduler.loop import Scheduler  # noqa: E402
from autodoctor.sessions.rules.table import deadlines_problem  # noqa: E402

if problem := deadlines_problem() or limits_problem():
    exit_with(problem)

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
GATES = (
    Gate(UPLOAD, room_uploads.sharer),
    Gate(PIECE, room_uploads.sharer, shape=None),
    Gate(QUESTION_FORM, upload_permission.member, thread_files.SHAPE),
    Gate(CONVERSATION_FORM, upload_permission.writer, thread_files.SHAPE),
    Gate(SESSION_HELP_FORM, room_uploads.asker, thread_files.SHAPE),
)
SANDBOX = "/sandbox/stripe/"


class Site:
    """The routes of one process, and its background work from startup to shutdown."""

    def __init__(self) -> None:
        django_ = StreamingUpload(cast(ASGI3Application, UploadHandler()), executor.read, GATES)
        self._django = cast(Application, ServeFiles(cast(ASGI3Application, django_), executor.read))
        self._sandboxed = settings.DEBUG and settings.PAYMENTS_SANDBOX
        http = cast(Application, BodyLimits(StaticFiles(cast(ASGI3Application, self._http))))
        self._routes: dict[str, Application] = {
            "lifespan": self._lifespan,
            "websocket": RequestIds(self._websocket),
            "http": RequestIds(http),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            acting.begin_connection()
        await self._routes[scope["type"]](scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open the channel before the first connection; close it after the last one."""
        await receive()
        channel, clock = LiveChannel(), Scheduler() if settings.CLOCK_EMBEDDED else None
        await channel.open()
        if clock:
            clock.start()
        self._switch_sandbox(on=True)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await channel.close()
        self._switch_sandbox(on=False)
        if clock:
            await asyncio.to_thread(clock.stop)
        await send({"type": "lifespan.shutdown.complete"})

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        serve = list_feed.application if scope["path"] == "/ws/feed" else session_socket.application
        await serve(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._sandboxed and scope["path"].startswith(SANDBOX):
            from autodoctor import sandbox  # refuses to be imported where real money may be

            await cast(Application, sandbox.application)(scope, receive, send)
        else:
            await self._django(scope, receive, send)

    def _switch_sandbox(self, *, on: bool) -> None:
        if self._sandboxed:
            from autodoctor import sandbox

            (sandbox.start if on else sandbox.stop)()


application = Site()
