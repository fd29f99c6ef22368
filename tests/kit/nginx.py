"""nginx with the configuration of `deploy/nginx.conf`: only names, ports and paths are others.

`python -m tests.kit.nginx` finds one, or installs it where it can; its system service stays off.
"""

import os
import re
import shutil
import ssl
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
from tests.kit.server import Person
from tests.kit.waiting import PATIENCE, until

MAIN = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors.log;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Nginx:
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
        return (self.folder / "autodoctor.log").read_text()


def is_installed() -> bool:
    return program() is not None


def program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")


@contextmanager
def in_front_of(*app_ports: int, port: int = 0) -> Iterator[Nginx]:
    """Serve https at a free port for the processes at these ports, with a certificate of its own for localhost."""
    with tempfile.TemporaryDirectory(prefix="autodoctor-nginx-") as name:
        nginx = Nginx(Path(name), port or free_port(), free_port())
        _make_certificate(nginx.folder)
        (nginx.folder / "site.conf").write_text(site(nginx, app_ports))
        (nginx.folder / "main.conf").write_text(MAIN.format(folder=name))
        command = [str(program()), "-c", f"{name}/main.conf", "-e", f"{name}/errors.log"]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        process = subprocess.Popen(command)
        try:
            until(lambda: (nginx.folder / "pid").exists() and (nginx.folder / "pid").read_text())
            yield nginx
        finally:
            process.kill()
            process.wait()


def site(nginx: Nginx, app_ports: tuple[int, ...]) -> str:
    """Return the file of `deploy/` for this machine."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 80", f"listen 127.0.0.1:{nginx.plain_port}")
    text = text.replace("listen 443", f"listen 127.0.0.1:{nginx.port}")
    documented = re.search(r"^ *server 127\.0\.0\.1:8000.*\n", text, re.MULTILINE)
    if documented is None:
        raise RuntimeError("deploy/nginx.conf names no process")
    one = documented[0]
    text = text.replace(one, "".join(one.replace("8000", str(app_port)) for app_port in app_ports))
    text = text.replace("autodoctor.example.com", "localhost")
    return text.replace("/etc/nginx/autodoctor/", f"{nginx.folder}/").replace("/var/log/nginx/", f"{nginx.folder}/")


def _make_certificate(folder: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*made, *names, *files], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(installing.service("nginx", "nginx", program))
