"""PgBouncer with the configuration of `deploy/pgbouncer.ini`: only addresses, sizes and passwords are others.

`python -m tests.kit.pgbouncer` finds one, or installs it where it can; its system service stays off.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.kit import installing
from tests.kit.child import Child
from tests.kit.ports import free_port
from tests.kit.postgres import NOBODY, Postgres
from tests.kit.processes import ROOT
from tests.kit.waiting import until

REQUESTS, CLOCK = "autodoctor", "autodoctor_clock"
OWNER = "postgres"  # of the cluster
Roles = tuple[str, str, str]
ONE_ROLE: Roles = (OWNER, OWNER, OWNER)


def program() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")


class PgBouncer(Child):
    """In front of one database: an entry for requests, and one for the scheduler."""

    def __init__(self, folder: Path, cluster: Postgres, database: str, *, size: int, roles: Roles) -> None:
        self._roles = roles
        self.direct_url = cluster.url(database).replace(f"{OWNER}@", f"{roles[0]}@")
        self._port = free_port()
        self._folder, self._cluster, self._size = folder, cluster, size
        (folder / "userlist.txt").write_text("".join(f'"{role}" ""\n' for role in {OWNER, *roles}))
        self.lead_to(database)
        for path in (folder, *folder.iterdir()):
            os.chown(path, *_user())

    def lead_to(self, database: str) -> None:
        """Lead to this database of the cluster from the next start on."""
        text = _configuration(self._folder, self._cluster, database, self._port, self._size)
        (self._folder / "pgbouncer.ini").write_text(text)

    @property
    def url(self) -> str:
        return self._url(REQUESTS, self._roles[1])

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a server behind it."""
        return {
            "DATABASE_URL": self.url,
            "CLOCK_DATABASE_URL": self._url(CLOCK, self._roles[2]),
            "DIRECT_DATABASE_URL": self.direct_url,
        }

    def start(self) -> None:
        user: dict[str, Any] = {} if os.geteuid() else {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        command = [str(program()), "--quiet", str(self._folder / "pgbouncer.ini")]
        self._process = subprocess.Popen(command, **user)
        until(self._answers)

    def _url(self, entry: str, role: str) -> str:
        return f"postgres://{role}@127.0.0.1:{self._port}/{entry}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._url(REQUESTS, OWNER)).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def in_front_of(cluster: Postgres, database: str, *, size: int, roles: Roles = ONE_ROLE) -> Iterator[PgBouncer]:
    """`size`: the connections of each of the two entries. `roles`: the owner's, that of requests, the scheduler's."""
    with tempfile.TemporaryDirectory(prefix="autodoctor-pgbouncer-") as name:
        bouncer = PgBouncer(Path(name), cluster, database, size=size, roles=roles)
        bouncer.start()
        try:
            yield bouncer
        finally:
            bouncer.kill()


def _configuration(folder: Path, cluster: Postgres, database: str, port: int, size: int) -> str:
    text = (ROOT / "deploy" / "pgbouncer.ini").read_text()
    text = text.replace("port=5432 dbname=autodoctor", f"port={cluster.port} dbname={database}")
    text = re.sub(r"pool_size=\d+", f"pool_size={size}", text)
    text = text.replace("listen_port = 6432", f"listen_port = {port}").replace("scram-sha-256", "trust")
    text = text.replace("/etc/pgbouncer/", f"{folder}/").replace("/var/log/postgresql/", f"{folder}/")
    return text.replace("/var/run/postgresql/", f"{folder}/")


def _user() -> tuple[int, int]:
    return (os.getuid(), os.getgid()) if os.geteuid() else (NOBODY, NOBODY)


if __name__ == "__main__":
    sys.exit(installing.service("PgBouncer", "pgbouncer", program))
