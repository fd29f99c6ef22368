"""A real coturn on loopback, as a production server would use it, to be stopped and woken.

`python -m tests.kit.turn` finds one, or installs it where it can; its system service stays off.
"""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.kit import installing
from tests.kit.ports import free_port

SECRET = "a secret of tests"
START_LIMIT = 10  # seconds until it must listen


def is_installed() -> bool:
    return shutil.which("turnserver") is not None


def install() -> None:
    """Install coturn, without the service that Debian would start with the machine. Needs root."""
    installing.packages("coturn")
    if is_installed() and shutil.which("systemctl"):
        installing.attempt("systemctl", "disable", "coturn")


@dataclass
class Turn:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a server whose calls all use this relay."""
        url = f"turn:127.0.0.1:{self.port}?transport=udp"
        return {"TURN_URLS": url, "TURN_SECRET": SECRET, "TURN_ONLY": "1"}

    def sleep(self) -> None:
        """Stop the process for a while, so that it neither receives nor sends, like a network outage."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def running(*, bytes_a_second: int = 0) -> Iterator[Turn]:
    """Run a relay. `bytes_a_second`: the limit per connection and direction, above it packets are lost; 0: none."""
    port = free_port()
    options = {"listening-ip": "127.0.0.1", "relay-ip": "127.0.0.1", "listening-port": port, "realm": "autodoctor"}
    options |= {"static-auth-secret": SECRET, "log-file": "stdout", "min-port": 32_000, "max-port": 32_700}
    if bytes_a_second:
        options["max-bps"] = bytes_a_second
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
            _wait_until_it_listens(turn)
            yield turn
        finally:
            turn.wake()
            process.kill()
            process.wait()


def _wait_until_it_listens(turn: Turn) -> None:
    limit = time.monotonic() + START_LIMIT
    while turn.process.poll() is None and time.monotonic() < limit:
        try:
            socket.create_connection(("127.0.0.1", turn.port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("coturn did not start")


def main() -> int:
    if not is_installed():
        print("Installing coturn …", flush=True)
        install()
    print(shutil.which("turnserver") or "No coturn, and none to be had: install the package to run the relayed calls.")
    return 0 if is_installed() else 1


if __name__ == "__main__":
    sys.exit(main())
