"""Work on many at once, by the code that works on one."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from autodoctor.core.batches import CannotUndo, batch, put_off, put_off_to_the_last, read_together, write_now

pytestmark = pytest.mark.django_db
IDS = [uuid4() for _ in range(3)]


class Notebook:
    """What was written and read, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.asked: list[int] = []
        self.write = put_off(self._write)
        self.last = put_off_to_the_last(self._write_last)
        self.twice = put_off(self._write_twice)
        self.read = read_together(self._read)

    def _write(self, words: list[str]) -> None:
        self.lines.append(" ".join(words))

    def _write_last(self, words: list[str]) -> None:
        self.lines.append(f"last {' '.join(words)}")

    def _write_twice(self, words: list[str]) -> None:
        for word in words:
            self.write(2 * word)

    def _read(self, ids: Sequence[UUID]) -> dict[UUID, str]:
        self.asked.append(len(ids))
        return {key: f"{key} {len(self.lines)}" for key in ids if key != IDS[2]}

    def ask_the_database(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")


def write_and_fail(notes: Notebook, word: str, *, asking: bool = False) -> None:
    notes.write(word)
    transaction.on_commit(lambda: notes.lines.append(f"committed {word}"))
    if asking:
        notes.ask_the_database()
    raise RuntimeError


@pytest.fixture
def notes() -> Notebook:
    return Notebook()


def test_outside_a_batch_everything_happens_at_once(notes: Notebook) -> None:
    notes.last("c")
    notes.write("a")
    write_now()
    assert notes.lines == ["last c", "a"]
    assert notes.read(IDS[0]) == f"{IDS[0]} 2"
    assert notes.read(IDS[2]) is None
    assert notes.asked == [1, 1]


def test_a_batch_writes_at_its_end_function_by_function(notes: Notebook) -> None:
    with batch(IDS) as members:
        for word in "abc":
            with members.member():
                notes.last(word)
                notes.write(word)
        assert notes.lines == []
    assert notes.lines == ["a b c", "last a b c"]


def test_what_is_written_may_put_off_more(notes: Notebook) -> None:
    with batch(IDS):
        notes.last("z")
        notes.twice("a")
        notes.twice("b")
    assert notes.lines == ["aa bb", "last z"]


def test_a_batch_reads_for_all_at_once(notes: Notebook) -> None:
    with batch(IDS) as members:
        for key in IDS:
            with members.member():
                assert notes.read(key) == (None if key == IDS[2] else f"{key} 0")
    assert notes.asked == [3]


def test_who_has_changed_something_reads_anew(notes: Notebook) -> None:
    with batch(IDS) as members:
        with members.member():
            assert notes.read(IDS[0]) == f"{IDS[0]} 0"
            notes.write("a")
            assert notes.read(IDS[0]) == f"{IDS[0]} 1"
        with members.member():
            assert notes.read(IDS[1]) == f"{IDS[1]} 0"
    assert notes.asked == [3, 1]


def test_any_other_statement_finds_written_what_was_put_off(notes: Notebook) -> None:
    with batch(IDS):
        notes.write("a")
        notes.ask_the_database()
        assert notes.lines == ["a"]
        notes.write("b")
        with transaction.atomic():
            assert notes.lines == ["a", "b"]
            notes.write("c")
        assert notes.lines == ["a", "b", "c"]
        notes.write("d")
        write_now()
        assert notes.lines == ["a", "b", "c", "d"]


def test_nothing_of_a_member_that_failed_is_written(
    notes: Notebook, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True), batch(IDS) as members:
        with members.member():
            notes.write("a")
            transaction.on_commit(lambda: notes.lines.append("committed a"))
        with pytest.raises(RuntimeError), members.member():
            write_and_fail(notes, "b")
        with members.member():
            notes.write("c")
    assert notes.lines == ["a c", "committed a"]


def test_a_member_that_failed_after_a_statement_of_its_own_fails_the_batch(notes: Notebook) -> None:
    with pytest.raises(CannotUndo), batch(IDS) as members, members.member():
        write_and_fail(notes, "a", asking=True)
    assert notes.lines == ["a"]  # undone with the transaction around it


def test_a_batch_that_failed_writes_nothing_more(notes: Notebook) -> None:
    with pytest.raises(RuntimeError), batch(IDS):
        write_and_fail(notes, "a")
    notes.write("b")
    assert notes.lines == ["b"]
