"""Threads for Django's requests that live on from one request to the next, each with its connection to the database."""

from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import ThreadSensitiveContext

MOST_IDLE = 8  # of a process; further ones end with their request


class RequestThread(ThreadPoolExecutor):
    """One thread, which knows whether it has nothing left to do."""

    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="request")
        self._last: Future[Any] | None = None

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self._last = super().submit(work, *args, **kwargs)
        return self._last

    @property
    def is_idle(self) -> bool:
        return self._last is None or self._last.done()


class RequestThreads:
    """Django starts a thread for each request, one more to end it, and opens and closes what the first one had open."""

    def __init__(self) -> None:
        self._idle: list[RequestThread] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Run what is synchronous in this request on one thread. Call on the event loop."""
        thread = self._idle.pop() if self._idle else RequestThread()
        try:
            async with ThreadSensitiveContext(executor=thread):
                yield
        finally:
            # Where the client has left, it may still be at work.
            if thread.is_idle and len(self._idle) < MOST_IDLE:
                self._idle.append(thread)
            else:
                thread.shutdown(wait=False)
