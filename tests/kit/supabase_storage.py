"""What Supabase's storage does otherwise than Amazon's S3, in front of the S3 of the tests.

Its endpoint has a path; a setting of a bucket that it does not know is taken for the creation of that bucket; and it
wants a plain body: no checksum in a trailer, as newer clients send to Amazon.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.kit.s3 import S3, s3
from tests.kit.server import PLAIN

PATH = "/storage/v1/s3"
UNKNOWN = ("publicAccessBlock", "policy", "lifecycle", "cors")
TAKEN = b"<Error><Code>BucketAlreadyExists</Code><Message>The resource already exists</Message></Error>"
NOT_PLAIN = b"<Error><Code>InvalidRequest</Code><Message>This body has a trailer</Message></Error>"
XML = {"content-type": "application/xml"}
OF_THE_LINE = {"connection", "transfer-encoding", "content-length", "date", "server"}


@contextmanager
def supabase_storage() -> Iterator[S3]:
    with s3() as behind, httpx.Client(base_url=behind.url, **PLAIN) as client:
        server = _Storage(("127.0.0.1", 0), _Handler)
        server.behind = client
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield S3(f"http://127.0.0.1:{server.server_port}{PATH}")
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Storage(ThreadingHTTPServer):
    behind: httpx.Client


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Storage

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        if not path.startswith(f"{PATH}/"):
            self._say(404, {}, b"")
        elif self.command == "PUT" and query.partition("=")[0] in UNKNOWN:
            self._say(409, XML, TAKEN)
        elif any(name.lower().startswith(("x-amz-trailer", "x-amz-checksum")) for name in self.headers):
            self._say(400, XML, NOT_PLAIN)
        else:
            self._pass_on(path.removeprefix(PATH) + (f"?{query}" if query else ""), body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815 as the library calls them

    def _pass_on(self, address: str, body: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        found = self.server.behind.request(self.command, address, headers=headers, content=body)
        kept = {name: value for name, value in found.headers.items() if name.lower() not in OF_THE_LINE}
        self._say(found.status_code, kept, found.content)

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
