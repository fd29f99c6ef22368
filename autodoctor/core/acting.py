"""Who acts: what PostgreSQL asks before it shows or takes a row, where row-level security is on (ADR 44).

A request and a socket are nobody's until they have recognized a person. All else in a process is the system's own work:
jobs, commands, what the writer and the lists do for everybody. `system` marks what a request does beyond its person.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

P = ParamSpec("P")
R = TypeVar("R")
SYSTEM = "system"
NOBODY = ""
OWNER = None  # of the tables: the database does not ask


class Actor:
    """Who acts in one request or piece of work: a person's id, or one of the words above."""

    __slots__ = ("name",)

    def __init__(self, name: str | None) -> None:
        self.name = name

    def become(self, person: UUID | None) -> None:
        """The request has recognized this person, or has signed them out."""
        self.name = NOBODY if person is None else str(person)


_system = Actor(SYSTEM)
_acting: ContextVar[Actor] = ContextVar("acting", default=_system)


def now() -> str | None:
    return _acting.get().name


def begin_connection() -> None:
    """From here to the end of this task nobody acts, until a person is recognized."""
    _acting.set(Actor(NOBODY))


def of_connection() -> Actor:
    """Return the actor of the connection that a request came by: what it streams is sent when the request is over."""
    found = _acting.get()
    return Actor(NOBODY) if found is _system else found


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


@contextmanager
def acting_as(who: UUID | str | None) -> Iterator[None]:
    with acting(Actor(who if who is None else str(who))):
        yield


def system(work: Callable[P, R]) -> Callable[P, R]:
    """What this function does, it does for the system, whoever asks."""

    @wraps(work)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        with acting(_system):
            return work(*args, **kwargs)

    return done
