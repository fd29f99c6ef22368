"""`manage.py clock` apart from the servers, to be killed, stopped and started again."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.kit import processes
from tests.kit.child import Child
from tests.kit.server import Server


class Scheduler(Child):
    """On a server's data and database; its log lies beside the server's."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._log = server.data / "scheduler.log"

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = processes.start(
                "manage",
                "clock",
                environment=self._server.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def log(self) -> str:
        return self._log.read_text(errors="replace")


@contextmanager
def scheduling(server: Server) -> Iterator[Scheduler]:
    scheduler = Scheduler(server)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.kill()
