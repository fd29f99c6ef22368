"""Space that PostgreSQL leaves in the pages of a table whose rows change again and again."""

from typing import Any

from django.db.migrations.operations.base import Operation

PERCENT_FILLED = 70


class LeaveSpace(Operation):
    """Have a row's next version find its place in the same page: no index is written then, unless its own column moves.

    With full pages each message wrote its session into all of its indexes, which was half of the database's work.
    """

    reversible = True
    reduces_to_sql = True
    atomic = True

    def __init__(self, table: str) -> None:
        self.table = table

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table], {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models know nothing of pages."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE {self.table} SET (fillfactor = {PERCENT_FILLED})")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE {self.table} RESET (fillfactor)")

    def describe(self) -> str:
        return f"Leave space in the pages of {self.table}"
