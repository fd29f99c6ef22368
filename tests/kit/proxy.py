"""What nginx and Caddy have in common for those who ask: addresses, a certificate for localhost, clients, the log."""

import ssl
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.kit.server import Person
from tests.kit.waiting import PATIENCE


@dataclass(frozen=True)
class Request:
    """A line of the log of requests."""

    path: str
    client: str
    id: str  # empty where the log does not name it: Caddy's does from 2.8 on


@dataclass(frozen=True)
class Proxy(ABC):
    folder: Path
    port: int
    plain_port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def certificate(self) -> Path:
        return self.folder / "fullchain.pem"

    def trusting(self) -> ssl.SSLContext:
        """Return what a client needs to trust the certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def client(self, person: Person | None = None) -> httpx.Client:
        """Return a client of the site, as this person, that sends a CSRF token as our pages do. To be closed."""
        token = {"csrftoken": "a" * 32}
        return httpx.Client(
            base_url=self.url,
            verify=self.trusting(),
            trust_env=False,
            timeout=PATIENCE,
            cookies=token | (person.cookies if person else {}),
            headers={"Referer": self.url + "/", "X-CSRFToken": token["csrftoken"]},
        )

    def log(self) -> str:
        return (self.folder / "requests.log").read_text()

    @abstractmethod
    def requests(self) -> list[Request]:
        """Return the lines of its log."""


def make_certificate(folder: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*made, *names, *files], check=True, capture_output=True)
