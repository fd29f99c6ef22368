"""Database work for the event loop: a few threads, each with its own connection that reconnects."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, reset_queries

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

LOST = (OperationalError, InterfaceError)  # the connection or the database went away, or is busy

_running: set[asyncio.Task[None]] = set()
_readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="room-read")
_actors = ThreadPoolExecutor(max_workers=4, thread_name_prefix="room-act")


async def read(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a query. A dead connection is replaced and the query is repeated."""
    return await _on(_readers, partial(borrowing, work, *args, **kwargs))


async def act(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run something repeatable, like an action of a session. Like `read`, on other threads."""
    return await _on(_actors, partial(borrowing, work, *args, **kwargs))


async def _on(threads: ThreadPoolExecutor, work: Callable[[], R]) -> R:
    """Run on a thread with the caller's logging context."""
    return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, work)


def later(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
    """Like `act`, from any thread, without waiting."""
    return _actors.submit(lambda: borrowing(work, *args, **kwargs))


def borrowing(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Like `healing`, then return the connection to its pool; an SQLite file stays open."""
    try:
        return healing(work, *args, **kwargs)
    finally:
        if connection.vendor != "sqlite":
            connection.close()


def healing(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run with this thread's connection. A dead connection is replaced and the work is repeated."""
    reset_queries()  # development records queries, which the socket never reads
    try:
        return work(*args, **kwargs)
    except LOST:
        connection.close()
        return work(*args, **kwargs)


@contextmanager
def logged(problem: str) -> Iterator[None]:
    """Log a failure and continue."""
    try:
        yield
    except Exception:
        logger.exception(problem)


def background(work: Coroutine[Any, Any, None]) -> None:
    """Run beside the event loop's work; a failure is logged."""
    task = asyncio.get_running_loop().create_task(work)
    _running.add(task)
    task.add_done_callback(_finished)


def _finished(task: asyncio.Task[None]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()):
        logger.error("The room could not do something", exc_info=error)
