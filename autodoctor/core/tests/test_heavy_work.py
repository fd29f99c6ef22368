"""Heavy work: a few pieces at a time, the others wait or come back, and what is made is remembered."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from autodoctor.core.errors import TooFast
from autodoctor.core.heavy_work import Remembered, Turns
from tests.kit.waiting import until


class Work:
    """Pieces of work that last until `go`."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.at_once = self.most = 0
        self._lock = threading.Lock()

    def __call__(self) -> bytes:
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.go.wait(20)
        with self._lock:
            self.at_once -= 1
        return b"made"


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autodoctor.core.heavy_work._lend_connection", lambda: None)


def test_heavy_work_runs_twice_at_once_others_wait_and_too_many_are_refused() -> None:
    turns, work = Turns(at_once=2, most_waiting=3), Work()
    made: Remembered[bytes] = Remembered(turns=turns, most=100, size=len)
    with ThreadPoolExecutor(5) as threads:
        answers = [threads.submit(made.get, number, work) for number in range(5)]
        until(lambda: work.at_once == 2 and turns._places._value == 0)
        with pytest.raises(TooFast) as refused:
            made.get("another", work)
        work.go.set()
        assert [answer.result() for answer in answers] == [b"made"] * 5
    assert work.most == 2
    assert refused.value.seconds >= 1
    assert made.get("another", work) == b"made"


def test_a_request_that_waits_too_long_for_heavy_work_is_refused() -> None:
    turns = Turns(at_once=1, most_waiting=1)
    with turns.turn(), pytest.raises(TooFast), turns.turn(patience=0.01):
        pass
    with turns.turn(patience=0.01):
        pass


def test_requests_at_once_for_the_same_result_compute_it_once_a_turn() -> None:
    work, made = Work(), Remembered(turns=Turns(at_once=1, most_waiting=20), most=100, size=len)
    calls = count()

    def make() -> bytes:
        next(calls)
        return work()

    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(made.get, "one", make) for _ in range(8)]
        work.go.set()
        assert {answer.result() for answer in answers} == {b"made"}
    assert next(calls) == 1


def test_the_size_of_remembered_results_is_limited_and_the_oldest_is_dropped() -> None:
    made: Remembered[bytes] = Remembered(turns=Turns(), most=10, size=len)
    numbers = count()

    def get(key: str, size: int = 4) -> bytes:
        return made.get(key, lambda: str(next(numbers)).encode() * size)

    first = get("a")
    get("b")
    assert get("a") == first
    get("c")  # for which "b" goes
    assert get("a") == first
    assert get("b") != b"1111"
    assert get("huge", 11) != get("huge", 11)


def test_heavy_work_that_fails_frees_its_turn() -> None:
    made: Remembered[bytes] = Remembered(turns=Turns(at_once=1, most_waiting=0), most=10, size=len)

    def fail() -> bytes:
        raise OSError("no such photo")

    for _ in range(3):
        with pytest.raises(OSError, match="photo"):
            made.get("a", fail)
    assert made.get("a", lambda: b"made") == b"made"
