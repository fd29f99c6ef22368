"""Readiness: each part has a second, a hanging part delays no other, and parallel requests share a check."""

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from autodoctor.health import readiness
from autodoctor.health.cached_probe import CachedProbe
from autodoctor.health.readiness import Behind, Part
from autodoctor.mail.queue import MailJob
from autodoctor.scheduler.queue import reschedule, schedule
from tests.kit.waiting import PATIENCE


def broken() -> None:
    raise RuntimeError("postgres://user:hunter2@host")


def glance(look: Callable[[], Any], *, seconds: float = 5, fresh: float = 60) -> CachedProbe[Any]:
    return CachedProbe(look, seconds=seconds, fresh_seconds=fresh)


def test_repeated_readiness_requests_share_one_check() -> None:
    seen: list[int] = []
    look = glance(lambda: seen.append(1))
    for _ in range(5):
        look.get()
    assert seen == [1]


def test_an_old_readiness_result_is_checked_again() -> None:
    seen: list[int] = []
    look = glance(lambda: seen.append(1), fresh=0)
    look.get()
    look.get()
    assert seen == [1, 1]


def test_a_hanging_readiness_check_is_waited_for_once_and_not_started_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, begun, waits = threading.Event(), list[int](), list[float]()

    class Awaited(Future[None]):
        """It passes the time that somebody waits for it."""

        def result(self, timeout: float | None = None) -> None:
            waits.append(timeout or 0)
            super().result(timeout=PATIENCE if go_on.is_set() else 0)

    def hang() -> None:
        begun.append(1)
        go_on.wait(PATIENCE)

    monkeypatch.setattr("autodoctor.health.cached_probe.Future", Awaited)
    monkeypatch.setattr("autodoctor.health.cached_probe.time.monotonic", lambda: 1000 + sum(waits))
    look = glance(hang, seconds=0.5)
    for _ in range(51):
        with pytest.raises(TimeoutError):
            look.get()
    assert waits == [0.5] + 50 * [0]
    assert begun == [1]
    go_on.set()
    look.begin().result()
    look.get()


def test_a_failed_readiness_check_is_reported_without_its_error_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    part = Part("database", broken)
    lines = [part.line() for _ in range(3)]
    assert lines == [{"part": "database", "ok": False, "why": "failed"}] * 3
    assert [record.getMessage() for record in caplog.records] == ["Not ready: database (RuntimeError)"]  # once
    assert caplog.records[0].levelno == logging.ERROR


@pytest.mark.django_db
def test_readiness_fails_when_deadlines_are_a_minute_late() -> None:
    now = timezone.now()
    schedule(MailJob.SEND, "calls others: no deadline", now - timedelta(hours=1))
    reschedule("1", cancelled=(), scheduled={"session.end": now - timedelta(seconds=10)})
    readiness.check_clock()
    reschedule("2", cancelled=(), scheduled={"session.end": now - timedelta(seconds=60)})
    with pytest.raises(Behind):
        readiness.check_clock()


@pytest.mark.django_db
def test_readiness_answers_with_a_line_for_each_part(client: Any) -> None:
    answer = client.get("/api/ready")
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert [line["part"] for line in lines] == ["database", "bus", "store", "clock"]
    assert {line["part"]: line["ok"] for line in lines}["bus"] is False  # this process runs no server
    assert answer.status_code == 503
    assert answer.headers["Cache-Control"] == "no-store"
