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
from pathlib import Path

from tests.kit import installing
from tests.kit.ports import free_port
from tests.kit.processes import ROOT

SECRET = "a-secret-that-relay-and-server-of-tests-share"
BINDING = bytes.fromhex("000100002112a442") + b"is it there?"  # a request of STUN, which everybody may send
START_LIMIT = 60  # seconds until it must listen


def program() -> str | None:
    return shutil.which("turnserver")


def is_installed() -> bool:
    return program() is not None


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
def running(*, bytes_a_second: int = 0, as_deployed: bool = False) -> Iterator[Turn]:
    """Run a relay with the configuration of `deploy/turnserver.conf`; only ports, certificate and secret are others.

    Calls of tests stay on this machine, so that this is allowed unless the relay is to be `as_deployed`.
    `bytes_a_second`: the limit per connection and direction, above it packets are lost; 0: that of the file.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as place:
        given = {"listening-ip": "127.0.0.1", "relay-ip": "127.0.0.1", "listening-port": port}
        given |= {"static-auth-secret": SECRET, "min-port": 32_000, "max-port": 32_700}
        given |= {"pidfile": f"{place}/pid", "db": f"{place}/db", "no-tls": "", "no-dtls": ""}
        given |= {"max-bps": bytes_a_second} if bytes_a_second else {}
        given |= {} if as_deployed else {"allow-loopback-peers": ""}
        configuration = Path(place) / "turnserver.conf"
        configuration.write_text(_configuration(given, reaches_itself=not as_deployed))
        process = subprocess.Popen(
            ["turnserver", "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        turn = Turn(port, process)
        try:
            _wait_until_it_listens(turn)
            yield turn
        finally:
            turn.wake()
            process.kill()
            process.wait()


def _configuration(given: dict[str, object], *, reaches_itself: bool) -> str:
    """Return the file of `deploy/` with these values in place of its own, and without its certificate."""
    replaced = {*given, "tls-listening-port", "cert", "pkey"}
    lines = (ROOT / "deploy" / "turnserver.conf").read_text().splitlines()
    kept = [line for line in lines if line.partition("=")[0] not in replaced]
    if reaches_itself:
        kept = [line for line in kept if not line.startswith(("denied-peer-ip=127.", "denied-peer-ip=::"))]
    return "\n".join([*kept, *(f"{name}={value}" if value != "" else name for name, value in given.items()), ""])


def _wait_until_it_listens(turn: Turn) -> None:
    limit = time.monotonic() + START_LIMIT
    while turn.process.poll() is None and time.monotonic() < limit:
        try:
            socket.create_connection(("127.0.0.1", turn.port), timeout=1).close()
            with socket.socket(type=socket.SOCK_DGRAM) as line:
                line.settimeout(0.2)
                line.connect(("127.0.0.1", turn.port))
                line.send(BINDING)
                line.recv(100)
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("coturn did not start")


if __name__ == "__main__":
    sys.exit(installing.service("coturn", "coturn", program))
