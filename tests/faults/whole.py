"""The whole arrangement for tests of faults: `whole` in conftest.py, and what they ask of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from tests.chaos import reckoning
from tests.kit import pgbouncer, scene
from tests.kit.arrangement import Arrangement, arranged
from tests.kit.scene import Talk
from tests.kit.server import Person, Server
from tests.kit.time_travel import pass_time
from tests.kit.valkey import Valkey
from tests.kit.waiting import until

LEASE = 6  # seconds until a server that says nothing counts as dead
BAN = """
from autodoctor.accounts.models import User
user = User.objects.get(id="{id}")
user.is_active = False
user.save()
user.announce_access()
"""
DEADLINES = {"lease": LEASE, "lease_renewal": 1, "missing_grace": 2}


@dataclass(frozen=True)
class Site:
    """Two servers, the one and the other, and what is between them."""

    one: Server
    other: Server
    bus: Valkey | None = None

    def stage(self, state: str = "live", kind: str = "chat") -> Talk:
        talk = scene.stage(self.one, state)
        self.one.sql(f"UPDATE autodoctor_sessions_session SET kind = '{kind}' WHERE id = '{talk.id}'")
        return talk

    def followed(self, talk: Talk, by: int = 2) -> None:
        """Wait until so many servers hear what is said of the session."""
        if self.bus is not None:
            bus = self.bus
            until(lambda: bus.followers(f"s:{talk.id}") == by)

    def ban(self, person: Person) -> None:
        self.one.shell(BAN.format(id=person.id))


@contextmanager
def whole_arrangement() -> Iterator[Arrangement]:
    """One with short deadlines, a beat a second, and the limits of the database's role."""
    if not pgbouncer.program():
        pytest.skip("PgBouncer is not installed")
    with arranged(durable=True, environment={"ROOM": '{"heartbeat": 1}'}, deadlines=DEADLINES) as whole:
        whole.servers[0].manage("database_limits")
        whole.bouncer.restart()
        yield whole


def log_of(talk: Talk) -> list[reckoning.Logged]:
    return reckoning.logs_of(talk.server, [str(talk.id)])[str(talk.id)]


def at(server: Server, talk: Talk) -> Talk:
    """The same session, by way of this server."""
    return replace(talk, server=server)


def pass_its_deadline(server: Server, talk: Talk) -> datetime:
    """Let a request's last deadline pass; returns that moment."""
    query = "SELECT unattended_at, now() FROM autodoctor_sessions_session WHERE id = %s"
    ((due, now),) = server.sql(query, talk.id)
    pass_time(server, talk.id, (due - now).total_seconds() + 1)
    ((moved, _now),) = server.sql(query, talk.id)
    return datetime.fromisoformat(str(moved))
