"""A double of a mail service's HTTP API: keeps every mail and gives the answers that a test sets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class MailService(ThreadingHTTPServer):
    """The service. `answer`: status and body of the next answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self.answer: tuple[int, dict[str, Any]] = (200, {})
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.letters: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Desk(BaseHTTPRequestHandler):
    server: MailService

    def do_POST(self) -> None:
        letter = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.paths.append(self.path)
        self.server.headers.append(dict(self.headers))
        status, body = self.server.answer
        if status < 300:
            self.server.letters.append(letter)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Nothing to say."""


@contextmanager
def mail_service() -> Iterator[MailService]:
    with MailService() as service:
        Thread(target=service.serve_forever, args=(0.01,), daemon=True).start()
        yield service
        service.shutdown()
