"""Django's own PostgreSQL, which says with each statement who acts (`core/acting.py`).

Both go in one message, which PostgreSQL runs as one transaction: the name ends with the statement, or with the
transaction around it. So it is safe behind PgBouncer, needs no transaction around what a request reads, and costs no
round trip.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.backends.postgresql import base

from autodoctor.core import acting

SETTING = "autodoctor.actor"
# What touches rows. Of the rest some work outside of a transaction alone, and one in a transaction that has failed.
OF_ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "EXPLAIN", "(")
Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(_saying_who_acts)


def saying(who: str) -> str:
    """Return the statement that says who acts until the transaction ends. `who` is our own word, or a person's id."""
    return f"SET LOCAL {SETTING} TO '{who}'"


def _saying_who_acts(execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    who = acting.now()
    if who is None or not str(sql).lstrip().startswith(OF_ROWS):
        return execute(sql, params, many, context)
    if many:
        return _saying_first(who, execute, sql, params, context)
    done = execute(f"{saying(who)}; {sql}", params, False, context)
    context["cursor"].cursor.nextset()  # past the answer to the first of the two
    return done


def _saying_first(who: str, execute: Execute, sql: Any, params: Any, context: dict[str, Any]) -> Any:
    """A statement with many sets of parameters is sent by itself."""
    with transaction.atomic(using=context["connection"].alias):
        context["cursor"].cursor.execute(saying(who))
        return execute(sql, params, True, context)
