"""The tests' database behind the second wall: with `WALLED=1` the tests speak as a role that owns nothing.

`WALLED=1 python -m tests.kit.postgres python -m pytest PATH`. What a test does itself it does as the system; what it
asks of the test client, a person asks.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, connections

from autodoctor.core.acting import OWNER, acting_as
from autodoctor.operations import database_roles

ROLE = "autodoctor_web"
IS_ON = os.environ.get("WALLED") == "1"


@contextmanager
def behind() -> Iterator[None]:
    """Within, this process speaks as the application's role. Before and after: as the owner, who migrates."""
    with acting_as(OWNER), connection.cursor() as cursor:
        database_roles.build({ROLE: ""})
        cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {ROLE}")  # how tests end that commit
    way = connections.settings["default"]
    owner = way["USER"]
    connections.close_all()
    settings.ROW_SECURITY, way["USER"] = True, ROLE
    try:
        yield
    finally:
        connections.close_all()
        settings.ROW_SECURITY, way["USER"] = False, owner
