"""`/metrics` of a scheduler in a process of its own, which serves nothing else."""

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from autodoctor.health.metrics import REGISTRY
from autodoctor.health.views import is_token

LIMIT_SECONDS = 5.0  # that a caller may keep a thread waiting


def start(port: int) -> None:
    """Show the metrics at this port: with a token to other machines, too. Raises `OSError` if the port is taken."""
    address = "" if settings.METRICS_TOKEN else "127.0.0.1"
    server = ThreadingHTTPServer((address, port), _Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    timeout = LIMIT_SECONDS

    def do_GET(self) -> None:
        if self.path == "/metrics" and self._may_read():
            self._answer(HTTPStatus.OK, generate_latest(REGISTRY))
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"")

    def _may_read(self) -> bool:
        return not settings.METRICS_TOKEN or is_token(self.headers.get("Authorization", ""))

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Name neither the server nor Python."""
        return ""

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Prometheus asks every few seconds: the log is not for that."""
