"""Caddy with the configuration of `deploy/Caddyfile`: only names, ports, paths and the certificate are others.

`python -m tests.kit.caddy` finds one, or installs it where it can; its system service stays off.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.kit import installing
from tests.kit.ports import free_port
from tests.kit.processes import ROOT
from tests.kit.proxy import Proxy, Request, make_certificate
from tests.kit.waiting import until

# Its ports; nothing of the machine's: no other address, no interface of its own, nobody asked for a certificate.
PLACE = """{{
	http_port {proxy.plain_port}
	https_port {proxy.port}
	default_bind 127.0.0.1
	admin off
"""
CERTIFICATE = "\n\ttls {folder}/fullchain.pem {folder}/privkey.pem\n"
SITE = "\n{$SITE:autodoctor.example.com} {\n"


@dataclass(frozen=True)
class Caddy(Proxy):
    def requests(self) -> list[Request]:
        lines = (json.loads(line) for line in self.log().splitlines())
        asked = ((line["request"], line.get("uuid", "")) for line in lines)
        return [Request(request["uri"], request["remote_ip"], id_) for request, id_ in asked]


def is_installed() -> bool:
    return program() is not None


def program() -> str | None:
    return shutil.which("caddy")


@contextmanager
def in_front_of(*app_ports: int, port: int = 0, webhooks: int = 0) -> Iterator[Caddy]:
    """Serve https at a free port for the processes at these ports, with a certificate of its own for localhost.

    `webhooks`: the port of the process that is kept for Stripe's; 0 for none.
    """
    with tempfile.TemporaryDirectory(prefix="autodoctor-caddy-") as name:
        caddy = Caddy(Path(name), port or free_port(), free_port())
        make_certificate(caddy.folder)
        (caddy.folder / "Caddyfile").write_text(site(caddy))
        command = [str(program()), "run", "--adapter", "caddyfile", "--config", f"{name}/Caddyfile"]
        with (caddy.folder / "requests.log").open("w") as log, (caddy.folder / "errors.log").open("w") as errors:
            environment = _environment(caddy, app_ports, webhooks or free_port())
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=errors)
        try:
            until(lambda: _answers(caddy, process))
            yield caddy
        finally:
            process.kill()
            process.wait()


def site(caddy: Caddy) -> str:
    """Return the file of `deploy/` for this machine."""
    text = (ROOT / "deploy" / "Caddyfile").read_text()
    options, found, rest = text.partition("\n{\n")
    if not found or SITE not in rest:
        raise RuntimeError("deploy/Caddyfile has no options, or no site")
    text = options + "\n" + PLACE.format(proxy=caddy) + rest
    return text.replace(SITE, SITE + CERTIFICATE.format(folder=caddy.folder))


def _environment(caddy: Caddy, app_ports: tuple[int, ...], webhooks: int) -> dict[str, str]:
    own = {"HOME": str(caddy.folder), "PATH": os.environ["PATH"]}
    processes = " ".join(f"127.0.0.1:{app_port}" for app_port in app_ports)
    return own | {"SITE": "localhost", "PROCESSES": processes, "WEBHOOKS": f"127.0.0.1:{webhooks}"}


def _answers(caddy: Caddy, process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"Caddy has ended: {(caddy.folder / 'errors.log').read_text()}")
    try:
        httpx.get(f"http://localhost:{caddy.plain_port}/", trust_env=False)
    except httpx.TransportError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(installing.service("Caddy", "caddy", program))
