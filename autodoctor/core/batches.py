"""Work on many at once, by the code that works on one.

Within a batch a `put_off` function writes for all members together at the end, and a `read_together` function reads for
all of them at once. Any other statement finds written what was put off before it. Outside a batch both work at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection

T = TypeVar("T")
V = TypeVar("V")
Read = Callable[[Sequence[UUID]], Mapping[UUID, V]]


class CannotUndo(Exception):
    """A member failed after a statement of its own: only the whole batch can be undone."""


class PutOff(Generic[T]):
    """A function that writes for many at once, called for one."""

    def __init__(self, write: Callable[[list[T]], None], *, last: bool) -> None:
        self.write, self.last = write, last

    def __call__(self, one: T) -> None:
        if batch := _current.get():
            batch.put_off(self, one)
        else:
            self.write([one])


def put_off(write: Callable[[list[T]], None]) -> PutOff[T]:
    """Have this function called for one; in a batch it writes for all who called it, at the end."""
    return PutOff(write, last=False)


def put_off_to_the_last(write: Callable[[list[T]], None]) -> PutOff[T]:
    """The same, after everything else: what it locks is locked last."""
    return PutOff(write, last=True)


def read_together(read: Read[V]) -> Callable[[UUID], V | None]:
    """Have this function asked about one id; in a batch it reads for all ids at once."""

    @wraps(read)
    def asked(key: UUID) -> V | None:
        batch = _current.get()
        return batch.answer(read, key) if batch else read([key]).get(key)

    return asked


def write_now() -> None:
    """Write what was put off so far, for whoever asks the database how many rows they change."""
    if batch := _current.get():
        batch.interrupt()


class Batch:
    """What the members of a batch have put off, and what was read for them."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        self._ids = ids
        self._calls: list[tuple[PutOff[Any], Any]] = []
        self._answers: dict[Read[Any], Mapping[UUID, Any]] = {}
        self._interruptions = 0  # how often a member could not wait for the end
        self._is_own = False  # the statements are the batch's own
        self._before_member = 0, 0

    def put_off(self, write: PutOff[T], one: T) -> None:
        self._calls.append((write, one))

    def answer(self, read: Read[V], key: UUID) -> V | None:
        if self._progress() != self._before_member:  # the member may have changed what it asks for
            self.interrupt()
            with self._own():
                return read([key]).get(key)
        if read not in self._answers:
            with self._own():
                self._answers[read] = read(self._ids)
        return self._answers[read].get(key)

    @contextmanager
    def member(self) -> Iterator[None]:
        """The work of one: if it fails, nothing of it is written. Raises `CannotUndo` instead if some of it is."""
        calls, interruptions = self._before_member = self._progress()
        hooks = len(connection.run_on_commit)
        try:
            yield
        except BaseException as error:
            if self._interruptions != interruptions:
                raise CannotUndo from error
            del self._calls[calls:], connection.run_on_commit[hooks:]
            raise

    def write(self) -> None:
        """Write what was put off, function by function. They may put off more."""
        with self._own():
            while self._calls:
                first = min((write for write, _ in self._calls), key=lambda write: write.last)
                mine = [one for write, one in self._calls if write is first]
                self._calls = [call for call in self._calls if call[0] is not first]
                first.write(mine)

    def before_statement(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        if not self._is_own:
            self.interrupt()
        return execute(sql, params, many, context)

    def interrupt(self) -> None:
        self._interruptions += 1
        self.write()

    def _progress(self) -> tuple[int, int]:
        return len(self._calls), self._interruptions

    @contextmanager
    def _own(self) -> Iterator[None]:
        before, self._is_own = self._is_own, True
        try:
            yield
        finally:
            self._is_own = before


_current: ContextVar[Batch | None] = ContextVar("batch", default=None)


@contextmanager
def batch(ids: Sequence[UUID]) -> Iterator[Batch]:
    """Work on these, within a transaction. What was put off is written at the end, and dropped by a failure."""
    found = Batch(ids)
    token = _current.set(found)
    try:
        with connection.execute_wrapper(found.before_statement):
            yield found
            found.write()
    finally:
        _current.reset(token)
