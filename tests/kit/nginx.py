"""nginx with the configuration of `deploy/nginx.conf`: only names, ports and paths are others.

`python -m tests.kit.nginx` finds one, or installs it where it can; its system service stays off.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.kit import installing
from tests.kit.ports import free_port
from tests.kit.processes import ROOT
from tests.kit.proxy import Proxy, Request, make_certificate
from tests.kit.waiting import until

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
class Nginx(Proxy):
    def requests(self) -> list[Request]:
        lines = (json.loads(line) for line in self.log().splitlines())
        return [Request(line["path"], line["client"], line["request_id"]) for line in lines]


def is_installed() -> bool:
    return program() is not None


def program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")


@contextmanager
def in_front_of(*app_ports: int, port: int = 0, webhooks: int = 0) -> Iterator[Nginx]:
    """Serve https at a free port for the processes at these ports, with a certificate of its own for localhost.

    `webhooks`: the port of the process that is kept for Stripe's; 0 for none.
    """
    with tempfile.TemporaryDirectory(prefix="autodoctor-nginx-") as name:
        nginx = Nginx(Path(name), port or free_port(), free_port())
        make_certificate(nginx.folder)
        (nginx.folder / "site.conf").write_text(site(nginx, app_ports, webhooks or free_port()))
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


def site(nginx: Nginx, app_ports: tuple[int, ...], webhooks: int) -> str:
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
    text = text.replace("127.0.0.1:8009", f"127.0.0.1:{webhooks}")
    text = text.replace("127.0.0.1:8000 backup", f"127.0.0.1:{app_ports[0]} backup")
    text = text.replace("autodoctor.example.com", "localhost")
    return text.replace("/etc/nginx/autodoctor/", f"{nginx.folder}/").replace(
        "/var/log/autodoctor/", f"{nginx.folder}/"
    )


if __name__ == "__main__":
    sys.exit(installing.service("nginx", "nginx", program))
