"""Runs a command of `manage.py`, and says in a sentence where the database is not as the command needs it."""

import sys
from collections.abc import Sequence

from django.core.management import execute_from_command_line
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


def run(arguments: Sequence[str]) -> None:
    try:
        execute_from_command_line(list(arguments))
    except DatabaseError:
        sentence = "" if {"migrate", "--traceback"} & set(arguments) else _what_is_wrong()
        if not sentence:
            raise
        sys.exit(sentence)


def _what_is_wrong() -> str:
    """Return what is wrong with the whole database; empty if nothing is."""
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as error:
        return f"DATABASE_URL: the database does not answer: {str(error).strip()}"
    graph = executor.loader.graph
    if unknown := set(executor.loader.applied_migrations) - set(graph.nodes):
        return f"The database is of a later version of this program: {len(unknown)} of its migrations are unknown here."
    if plan := executor.migration_plan(graph.leaf_nodes()):
        return f"The database is not ready: {len(plan)} migrations are not applied. Run `manage.py migrate` first."
    return ""
