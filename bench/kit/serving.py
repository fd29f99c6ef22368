"""Server processes of a benchmark, each at a port of its own and, where possible, on a core of its own."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from bench.kit.machine import Cores
from tests.kit.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "https://bench.example"
SERVE = (
    "import os, uvicorn; from autodoctor.dev import UVICORN; "
    "uvicorn.run('autodoctor.asgi:application', port=int(os.environ['PORT']), log_level='warning', "
    "http='autodoctor.core.http_protocol:DrainingProtocol', **(UVICORN | {'timeout_graceful_shutdown': 30}))"
)
OURS = [sys.executable, "-c", SERVE]
STRIPE_SECRET = "whsec_bench"
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "autodoctor.settings",
    "DEBUG": "0",
    "SECRET_KEY": "only-for-measuring-" * 4,
    "SITE_URL": ORIGIN,
    "CRON_SECRET": "only-for-measuring-" * 4,
    "ENCRYPTION_KEYS": "A" * 43 + "=",
    "STRIPE_SECRET_KEY": "sk_test_bench",
    "STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
    "EMAIL_URL": "smtp://localhost:1",
    "LOG_LEVEL": "WARNING",
    "LIMITS": '{"messages": [1000000, 0.000001]}',
}
START_SECONDS = 60.0  # on a busy machine
END_SECONDS = 60.0


class Web:
    """One server process."""

    def __init__(
        self, command: list[str], environment: Mapping[str, str], core: int | None = None, root: Path = ROOT
    ) -> None:
        self.port, self._root = free_port(), root
        pinned = core is not None and shutil.which("taskset")
        self._command = ["taskset", "-c", str(core), *command] if pinned else command
        self._environment = {**environment, "PORT": str(self.port)}
        self._process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, env=self._environment, cwd=self._root)

    def wait_until_ready(self) -> None:
        """Returns once it answers: what a process does at its first request is then done, as by a proxy's probe."""
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit and self._process.poll() is None:
            with contextlib.suppress(OSError), closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as probe:
                probe.request("GET", "/api/health")
                probe.getresponse()
                return
            time.sleep(0.05)
        sys.exit("The server did not start.")

    def kill(self) -> None:
        """Without a word, as a lack of memory does."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """As a new version is rolled out: told to end, it drains."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(END_SECONDS)


def web_processes(command: list[str], environment: Mapping[str, str], cores: Cores, count: int = 1) -> list[Web]:
    """Return so many servers of one kind, not started."""
    return [Web(command, environment, _core(cores, number)) for number in range(count)]


def _core(cores: Cores, number: int) -> int | None:
    return cores.servers[number % len(cores.servers)] if cores.servers else None


@contextmanager
def serving(webs: list[Web]) -> Iterator[None]:
    """Start them; they are killed at the end, for there is nothing to be tidy for."""
    with ExitStack() as stack:
        for web in webs:
            web.start()
            stack.callback(web.kill)
        for web in webs:
            web.wait_until_ready()
        yield
