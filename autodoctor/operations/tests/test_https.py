"""Who comes to the site by http is led to https: `prod_check` asks the proxy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from autodoctor.operations.checks.services import leads_to_https
from tests.kit.ports import free_port


@contextmanager
def proxy(status: int, location: str = "") -> Iterator[str]:
    """Yield the address of a server that answers everything so."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "location", "leads"),
    [
        (301, "https://doctor.example/", True),
        (302, "http://www.doctor.example/", False),
        (200, "", False),
        (404, "", False),
    ],
)
def test_http_leads_to_https(status: int, location: str, *, leads: bool) -> None:
    with proxy(status, location) as address:
        assert leads_to_https(address) is leads


def test_where_nobody_listens_nothing_is_sent_in_clear() -> None:
    assert leads_to_https(f"http://127.0.0.1:{free_port()}/")
