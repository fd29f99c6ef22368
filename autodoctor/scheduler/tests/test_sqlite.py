"""SQLite's writers queue: in order, in nested blocks, and never held up by one that failed."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, OperationalError, connection, reset_queries, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from autodoctor.scheduler.models import Job
from autodoctor.scheduler.sqlite.base import DatabaseWrapper, _turns, confirm_pragmas
from autodoctor.scheduler.sqlite.fair_lock import FairLock
from autodoctor.scheduler.worker_pool import own_thread
from tests.kit.waiting import PATIENCE, until

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]


def insert(key: str) -> None:
    now = timezone.now()
    Job.objects.create(kind="test", key=key, due_at=now, run_at=now)


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Each with a connection that is closed at the end."""
    together = threading.Barrier(count)

    def close() -> None:
        together.wait(PATIENCE)
        connection.close()

    with ThreadPoolExecutor(count) as pool:
        yield pool
        for closing in [pool.submit(close) for _ in range(count)]:
            closing.result()


def test_development_keeps_no_queries(settings: Settings) -> None:
    settings.DEBUG = True
    reset_queries()
    Job.objects.count()

    with CaptureQueriesContext(connection) as asked_for:
        Job.objects.count()

    assert [len(connection.queries), len(asked_for)] == [1, 1]


def holds_turn() -> bool:
    wrapper = cast(DatabaseWrapper, transaction.get_connection())
    return wrapper._turn is not None


def free() -> bool:
    """Whether another thread could write now."""
    with threads(1) as pool:
        return pool.submit(_writes_at_once).result(10)


def _writes_at_once() -> bool:
    try:
        connection.settings_dict = connection.settings_dict | {
            "OPTIONS": connection.settings_dict["OPTIONS"] | {"timeout": 0.05}
        }
        with transaction.atomic():
            insert(f"free {time.monotonic()}")
    except OperationalError:
        return False
    return True


def test_turns_are_served_in_the_order_of_asking() -> None:
    turns, order = FairLock(), list[int]()
    assert turns.take(1)

    def wait(number: int) -> None:
        turns.take(10)
        order.append(number)
        turns.give()

    with ThreadPoolExecutor(5) as pool:
        for number in range(5):
            pool.submit(wait, number)
            until(partial(_waits, turns, number + 1))
        turns.give()
    assert order == [0, 1, 2, 3, 4]


def test_who_may_not_be_late_goes_first_and_lets_another_in_each_time() -> None:
    turns, order = FairLock(), list[str]()
    assert turns.take(1)

    def wait(name: str, *, again: int = 0) -> None:
        for _ in range(again + 1):
            turns.take(10, first=name == "deadline")
            order.append(name)
            turns.give()

    with ThreadPoolExecutor(4) as pool:
        for number in range(3):
            pool.submit(wait, f"call {number}")
            until(partial(_waits, turns, number + 1))
        pool.submit(wait, "deadline", again=10)
        until(partial(_waits, turns, 4))
        turns.give()
    assert order[0] == "deadline"
    assert order.index("call 0") < order.index("call 1") < order.index("call 2") < 6


def test_those_who_go_first_let_another_in_between_them() -> None:
    turns, order = FairLock(), list[str]()
    assert turns.take(1)

    def wait(name: str, first: bool) -> None:
        turns.take(10, first=first)
        order.append(name)
        turns.give()

    with ThreadPoolExecutor(3) as pool:
        for number, (name, first) in enumerate((("call", False), ("deadline", True), ("lapse", True))):
            pool.submit(wait, name, first)
            until(partial(_waits, turns, number + 1))
        turns.give()
    assert order == ["deadline", "call", "lapse"]


def test_a_turn_to_go_first_that_does_not_come_in_time_is_given_up() -> None:
    turns = FairLock()
    turns.take(1)
    assert not turns.take(0.01, first=True)
    turns.give()
    assert turns.take(0.01)


def test_a_deadline_writes_before_calls_that_wait_already() -> None:
    order: list[str] = []

    def write(name: str) -> None:
        insert(name)
        order.append(name)

    turns = _turns[str(connection.settings_dict["NAME"])]
    with transaction.atomic():
        others = [own_thread(partial(write, name), name) for name in ("mail", "charge")]
        for number, thread in enumerate([*others, own_thread(partial(write, "deadline"), "deadline", first=True)]):
            thread.start()
            until(partial(_waits, turns, number + 1))
    until(lambda: len(order) == 3)
    assert order[0] == "deadline"


def _waits(turns: FairLock, count: int) -> bool:
    return len(turns._first) + len(turns._waiting) == count


def test_a_turn_that_does_not_come_in_time_is_given_up() -> None:
    turns = FairLock()
    turns.take(1)
    assert not turns.take(0.01)
    turns.give()
    assert turns.take(0.01)


def test_eight_writing_threads_get_even_turns_on_sqlite() -> None:
    """When the first has had a hundred turns, each has had its share: nobody waits for turn after turn."""
    counts, together = [0] * 8, threading.Barrier(8)

    def hammer(name: int) -> None:
        insert(f"{name} connected")
        together.wait(PATIENCE)
        while max(counts) < 100:
            with transaction.atomic():
                insert(f"{name} {counts[name]}")
            counts[name] += 1

    with threads(8) as pool:
        list(pool.map(hammer, range(8)))
    assert min(counts) > 0.5 * max(counts)


def test_a_single_write_does_not_starve_among_transactions() -> None:
    """Waiting in line, it sees each of the four go once; a few more while it is not yet in line."""
    stop, counts = threading.Event(), [0] * 4

    def hammer(name: int) -> None:
        while not stop.is_set():
            with transaction.atomic():
                insert(f"{name} {counts[name]}")
            counts[name] += 1

    with threads(4) as pool:
        for name in range(4):
            pool.submit(hammer, name)
        until(lambda: min(counts) > 0)
        overtaken = []
        for _ in range(20):
            before = sum(counts)
            Job.objects.filter(kind="none").update(attempts=1)
            overtaken.append(sum(counts) - before)
        stop.set()
    assert sorted(overtaken)[10] <= 20


def test_the_turn_lasts_for_the_outermost_block() -> None:
    with transaction.atomic():
        assert holds_turn()
        with transaction.atomic():
            insert("1")
        assert holds_turn()
        with pytest.raises(IntegrityError), transaction.atomic():
            insert("1")
        assert holds_turn()
        assert not free()
    assert not holds_turn()
    assert free()


@pytest.mark.parametrize("way_out", ["error", "rollback", "close", "failed commit"])
def test_the_turn_is_given_back_whatever_happens(way_out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ways: dict[str, Callable[[], Any]] = {
        "error": lambda: 1 / 0,
        "rollback": lambda: transaction.set_rollback(True),
        "close": connection.close,
        "failed commit": lambda: monkeypatch.setattr(connection, "_commit", _disk_full),
    }
    try:
        with transaction.atomic():
            insert("undone")
            ways[way_out]()
    except (ZeroDivisionError, OperationalError):
        pass
    monkeypatch.undo()
    assert free()
    assert not Job.objects.filter(key="undone").exists()


def _disk_full() -> None:
    raise OperationalError("database or disk is full")


def test_a_callback_after_the_commit_may_write() -> None:
    done: list[bool] = []
    with transaction.atomic():
        transaction.on_commit(lambda: done.append(free()))
    assert done == [True]


def test_reading_needs_no_turn() -> None:
    with transaction.atomic(), threads(1) as pool:
        insert("1")
        assert pool.submit(Job.objects.count).result(5) == 0


def test_waiting_for_a_turn_ends_in_an_error_and_not_never() -> None:
    with transaction.atomic():
        assert not free()


@pytest.mark.django_db(transaction=False)
def test_the_transaction_around_a_test_works() -> None:
    insert("1")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert("1")
    assert Job.objects.count() == 1


def test_every_connection_writes_ahead_durably_with_foreign_keys() -> None:
    with connection.cursor() as cursor:
        found = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        keys = cursor.execute("PRAGMA foreign_keys").fetchone()[0]
    assert [*found, keys] == ["wal", 2, 1]


@pytest.mark.parametrize("command", ["PRAGMA synchronous = VERY", "PRAGMA no_such_thing = 1"])
def test_a_pragma_that_does_not_hold_stops_the_start(command: str) -> None:
    connection.ensure_connection()
    with pytest.raises(ImproperlyConfigured, match="does not accept"):
        confirm_pragmas(connection.connection, [command])


def test_many_connections_may_open_a_fresh_database_at_once(tmp_path: Any) -> None:
    """Switching a new file to write-ahead logging needs it alone for a moment."""
    name = tmp_path / "fresh.sqlite3"

    def open_one(_: int) -> str:
        fresh = DatabaseWrapper(connection.settings_dict | {"NAME": str(name)}, "fresh")
        with fresh.cursor() as cursor:
            mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        fresh.close()
        return str(mode)

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(open_one, range(64))) == {"wal"}
