"""An S3 service in this process, over HTTP."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class S3:
    url: str

    def environment(self, bucket: str = "") -> dict[str, str]:
        """Return the environment variables that make a server keep its files in a bucket of this service."""
        return {
            "S3_BUCKET": bucket or f"uploads-{secrets.token_hex(6)}",
            "S3_ENDPOINT_URL": self.url,
            "S3_ACCESS_KEY_ID": "testing",
            "S3_SECRET_ACCESS_KEY": "testing",
        }


@contextmanager
def s3() -> Iterator[S3]:
    from moto.server import ThreadedMotoServer  # a second to import, for the few tests that store in a bucket

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # no log line per request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3(f"http://{host}:{port}")
    finally:
        server.stop()
