"""How long a transaction may idle, a statement run and wait for a lock: limits that the role carries.

They hold whatever leads to the database, PgBouncer or not, and whatever a process forgets to ask for.
"""

from django.db import connection

LIMITS = {
    # A process that stalls within a transaction would hold its locks forever: the server lets go for it, well before
    # the lease of what it was doing ends.
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
}


def give_to_role(*roles: str) -> None:
    """Give them to these roles, or to the one that asks, in this database. New connections have them."""
    quoted = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        [database] = cursor.fetchone()
        for role in map(quoted, roles) if roles else ["CURRENT_USER"]:
            for name, limit in LIMITS.items():
                cursor.execute(f"ALTER ROLE {role} IN DATABASE {quoted(database)} SET {name} = '{limit}'")


def missing() -> list[str]:
    """Return the limits that a new connection does not have."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in LIMITS))
        return [name for name, value in zip(LIMITS, cursor.fetchone(), strict=True) if value == "0"]
