"""A real coturn on loopback, as a production server would use it, to be stopped and woken."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.fakes.ports import free_port

SECRET = "a secret of tests"


def is_installed() -> bool:
    return shutil.which("turnserver") is not None


@dataclass
class Turn:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        """For a server whose calls all go this way."""
        url = f"turn:127.0.0.1:{self.port}?transport=udp"
        return {"TURN_URLS": url, "TURN_SECRET": SECRET, "TURN_ONLY": "1"}

    def sleep(self) -> None:
        """It takes nothing and gives nothing, as when the network is away."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def running() -> Iterator[Turn]:
    port = free_port()
    options = {"listening-ip": "127.0.0.1", "relay-ip": "127.0.0.1", "listening-port": port, "realm": "autodoctor"}
    options |= {"static-auth-secret": SECRET, "log-file": "stdout", "min-port": 32_000, "max-port": 32_700}
    switches = ["use-auth-secret", "allow-loopback-peers", "no-tls", "no-dtls", "no-cli"]
    with tempfile.TemporaryDirectory() as place:
        options |= {"pidfile": f"{place}/pid", "db": f"{place}/db"}
        words = [f"--{name}={value}" for name, value in options.items()] + [f"--{name}" for name in switches]
        process = subprocess.Popen(
            ["turnserver", "-n", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        turn = Turn(port, process)
        try:
            yield turn
        finally:
            turn.wake()
            process.kill()
            process.wait()
