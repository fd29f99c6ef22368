"""A service with a model, as far as its HTTP: it keeps what it is asked, and answers what the test says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    path: str
    key: str
    body: bytes


@dataclass
class ModelServer:
    """`answer`: what it says next, as JSON, or as bytes just so. `hangs`: until it is set it says nothing."""

    url: str = ""
    status: int = 200
    answer: Any = None
    asked: list[Asked] = field(default_factory=list)
    hangs: threading.Event | None = None

    @property
    def content(self) -> bytes:
        return self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()


@contextmanager
def model_server() -> Iterator[ModelServer]:
    double = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            double.asked.append(Asked(self.path, self.headers.get("Authorization", ""), body))
            if double.hangs:
                double.hangs.wait(30)
            self.send_response(double.status)
            self.send_header("Content-Length", str(len(double.content)))
            self.send_header("Location", f"{double.url}/elsewhere")
            self.end_headers()
            self.wfile.write(double.content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield double
    finally:
        if double.hangs:
            double.hangs.set()
        server.shutdown()
        thread.join()
        server.server_close()
