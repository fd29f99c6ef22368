"""What another request does while one is on its way, between two statements of it.

The other one has a connection of its own and waits for nothing: what the first one has locked, it cannot change.
"""

import re
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import Model

from autodoctor.core.database_ways import lead_outside_the_pool

C = TypeVar("C")
R = TypeVar("R")
WAITS_FOR_NOTHING: dict[str, dict[str, Any]] = {
    "sqlite": {"timeout": 0},
    "postgresql": {"options": "-c lock_timeout=1ms"},
}


@dataclass
class Other:
    """Acts once, after so many statements that name a table. `had_to_wait`: it could not, because of a lock."""

    tables: Collection[str]
    act: Callable[[], object]
    moment: int
    statements: int = field(default=0, init=False)
    had_to_wait: bool = field(default=False, init=False)

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if any(re.search(rf"\b{table}\b", sql) for table in self.tables):  # our own SQL writes names without quotes
            self.statements += 1
            if self.statements == self.moment:
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(self._act).result()
        return result

    def _act(self) -> None:
        lead_outside_the_pool({}, **WAITS_FOR_NOTHING[connection.vendor])
        try:
            with transaction.atomic():
                self.act()
        except OperationalError:
            self.had_to_wait = True
        finally:
            connection.close()


@contextmanager
def _beside(other: Other) -> Iterator[None]:
    """The first of the wrappers: when it is asked, a single write is over."""
    connection.execute_wrappers.insert(0, other)
    try:
        yield
    finally:
        connection.execute_wrappers.remove(other)


def at_every_moment(
    *tables: type[Model], prepare: Callable[[], C], act: Callable[[C], R], other: Callable[[C], object]
) -> Iterator[R]:
    """Yield what `act` returns if `other` acts after its first statement about the tables, its second, and so on.

    It ends once a lock keeps `other` waiting, or `act` is over before. `prepare` makes anew what both act on.
    """
    for moment in count(1):
        case = prepare()
        meanwhile = Other([table._meta.db_table for table in tables], partial(other, case), moment)
        with _beside(meanwhile):
            answer = act(case)
        yield answer
        if meanwhile.had_to_wait or meanwhile.statements < moment:
            return
