"""Before a call to another service: a request that waits for one keeps no database connection from the others.

A process has few connections for all its requests. If each request kept its own while Stripe or the file store hangs,
a handful of them would take the whole site down.
"""

from django.db import connection


def release_connection() -> None:
    """Give this thread's connection back to the pool; the next query takes another. A transaction keeps its own."""
    pooled = bool(connection.settings_dict["OPTIONS"].get("pool"))
    if pooled and not connection.in_atomic_block:
        connection.close()
