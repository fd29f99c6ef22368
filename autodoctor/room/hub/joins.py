"""Joins: one thread lets many people come back in one transaction; who cannot come back so joins alone."""

import logging
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.room.wire import executor
from autodoctor.room.wire.batcher import Batcher
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.lifecycle.returns import JoiningPage, join_again

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 100  # their sessions are locked meanwhile
STOP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """`answer`: how often the person has joined, or why not."""

    page: JoiningPage
    answer: "Future[int]" = field(default_factory=Future)


class Joiner:
    def __init__(self) -> None:
        self._batcher: Batcher[JoinRequest] = Batcher("room-joins", self._work, most=MOST_AT_ONCE, retry_seconds=0.25)

    def join(self, page: JoiningPage) -> "Future[int]":
        """Queue a join. Callable from any thread; returns at once."""
        request = JoinRequest(page)
        self._batcher.put(request)
        return request.answer

    def stop(self) -> None:
        self._batcher.stop(STOP_SECONDS)

    def _work(self, requests: list[JoinRequest]) -> list[JoinRequest]:
        joined = _together([request.page for request in requests])
        for request in requests:
            if request.page in joined:
                request.answer.set_result(joined[request.page])
            else:
                executor.later(_join_alone, request.page).add_done_callback(partial(_hand_on, request.answer))
        return []


def _together(pages: list[JoiningPage]) -> dict[JoiningPage, int]:
    """None of them, if that failed: then each is tried alone."""
    try:
        return executor.healing(join_again, pages, timezone.now())
    except Exception:
        logger.exception("Nobody could join together")
        return {}


def _join_alone(page: JoiningPage) -> int:
    user = User.objects.get(pk=page.user_id)
    return transitions.join_session(session_id=page.session_id, user=user, now=timezone.now())


def _hand_on(answer: "Future[int]", done: "Future[int]") -> None:
    if error := done.exception():
        answer.set_exception(error)
    else:
        answer.set_result(done.result())


joiner = Joiner()
