"""Joins: one thread lets many people come back in one transaction; who cannot come back so joins alone.

Whoever knocks goes first: a page that is let in late gives up and knocks again, and a page that has not joined yet can
read and write all the same.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.core.acting import acting_as
from autodoctor.room.hub.presence import presence
from autodoctor.room.wire import executor
from autodoctor.room.wire.batcher import Batcher
from autodoctor.room.wire.loop_inbox import Outcome
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.lifecycle.returns import JoiningPage, counted, join_again

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 100  # their sessions are locked meanwhile
RETRY_SECONDS = 0.25
PATIENCE_SECONDS = 5.0  # with those who knock
STOP_SECONDS = 3.0
# Few: each of them takes the interpreter from the event loop.
_alone = ThreadPoolExecutor(max_workers=2, thread_name_prefix="room-join")


class PageGone(Exception):
    """This connection does not count any more: its page is back with another, or comes back."""


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """`answer`: how often the person has joined, or why not; canceled if the page is no longer open."""

    page: JoiningPage
    is_open: Callable[[], bool]
    answer: Outcome[int]
    since: float = field(default_factory=time.monotonic)


class Joiner:
    def __init__(self, is_crowded: Callable[[], bool]) -> None:
        """`is_crowded`: whether so many knock that nobody should join now."""
        self._is_crowded = is_crowded
        self._batcher: Batcher[JoinRequest] = Batcher(
            "room-joins", self.work, most=MOST_AT_ONCE, retry_seconds=RETRY_SECONDS
        )

    def join(self, request: JoinRequest) -> None:
        """Queue a join. Callable from any thread; returns at once. A page that is gone by its turn does not join."""
        self._batcher.put(request)

    def stop(self) -> None:
        self._batcher.stop(STOP_SECONDS)

    def work(self, requests: list[JoinRequest]) -> list[JoinRequest]:
        """Work through one batch; returns those that have to wait."""
        due = time.monotonic() - PATIENCE_SECONDS if self._is_crowded() else float("inf")
        begun = [request for request in requests if request.since <= due and _is_wanted(request)]
        joined = _together([request.page for request in begun])
        for request in begun:
            if request.page in joined:
                request.answer.set_result(joined[request.page])
            else:
                _alone.submit(_join_alone, request)
        return [request for request in requests if request.since > due]


def _is_wanted(request: JoinRequest) -> bool:
    return request.is_open() or not request.answer.cancel()


def _together(pages: list[JoiningPage]) -> dict[JoiningPage, int]:
    """None of them, if that failed: then each is tried alone."""
    try:
        return executor.healing(_join_again, pages) if pages else {}
    except Exception:
        logger.exception("Nobody could join together")
        return {}


def _join_again(pages: list[JoiningPage]) -> dict[JoiningPage, int]:
    now = timezone.now()
    still = counted(pages, now)
    return join_again([page for page in pages if page.connection_id in still], now)


def _join_alone(request: JoinRequest) -> None:
    if not _is_wanted(request):
        return
    try:
        request.answer.set_result(executor.borrowing(_join, request.page))
    except Exception as error:
        request.answer.set_exception(error)


def _join(page: JoiningPage) -> int:
    if not counted([page], timezone.now()):
        raise PageGone
    with acting_as(page.user_id):
        user = User.objects.get(pk=page.user_id)
        return transitions.join_session(session_id=page.session_id, user=user, now=timezone.now())


joiner = Joiner(lambda: presence.is_crowded)
