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
        self.came_in: dict[str, bytes] = {}  # mails to be fetched, by the service's id

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
        self._say(status, json.dumps(body).encode())

    def do_GET(self) -> None:
        """Give what is known of a mail that came in, and, at the address that this names, the mail itself."""
        self.server.paths.append(self.path)
        self.server.headers.append(dict(self.headers))
        status, _body = self.server.answer
        what, _slash, id_ = self.path.rpartition("/")
        raw = self.server.came_in.get(id_)
        if status >= 300 or raw is None:
            self._say(status if status >= 300 else 404, b"{}")
        elif what == "/emails/receiving":
            signed = {"download_url": f"{self.server.url}raw/{id_}", "expires_at": "2026-03-02T13:00:00Z"}
            self._say(200, json.dumps({"object": "email", "id": id_, "raw": signed}).encode())
        else:
            self._say(200, raw)

    def _say(self, status: int, content: bytes) -> None:
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
