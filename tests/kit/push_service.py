"""A double of a push service and its browsers: keeps every message, checks its signature and decrypts it."""

import json
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import urandom
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass
class Browser:
    """A browser's subscription, with its private keys."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: urandom(16))

    @property
    def subscription(self) -> dict[str, Any]:
        """Return the subscription as a page sends it."""
        return {
            "endpoint": self.endpoint,
            "keys": {"p256dh": _text(_point(self.key.public_key())), "auth": _text(self.auth)},
        }

    def open(self, content: bytes) -> dict[str, Any]:
        """Decrypt a message (RFC 8188 and 8291)."""
        salt, key_length = content[:16], content[20]
        server_point, sealed = content[21 : 21 + key_length], content[21 + key_length :]
        server_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), server_point)
        info = b"WebPush: info\0" + _point(self.key.public_key()) + server_point
        secret = _derived(self.key.exchange(ec.ECDH(), server_key), self.auth, info, 32)
        key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
        opened: dict[str, Any] = json.loads(
            AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0").removesuffix(b"\x02")
        )
        return opened


@dataclass(frozen=True)
class Message:
    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def claims(self) -> dict[str, Any]:
        """Return the signed claims. Raises if the signature does not match the named key."""
        scheme, _, rest = self.headers["authorization"].partition(" ")
        assert scheme == "vapid"
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = urlsafe_b64decode(parts["k"] + "=" * (-len(parts["k"]) % 4))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        claims: dict[str, Any] = jwt.decode(parts["t"], key, algorithms=["ES256"], options={"verify_aud": False})
        return claims | {"key": parts["k"]}


class PushService(ThreadingHTTPServer):
    """The service. `answer`: status and headers of the next answers; `pause`: the seconds before each.

    The first `prompt` messages are answered without it. `drips`: it answers a byte at a time, without an end.
    """

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Desk)
        self.answer: tuple[int, dict[str, str]] = (201, {})
        self.pause = 0.0
        self.prompt = 0
        self.drips = False
        self.is_over = threading.Event()
        self.messages: list[Message] = []
        self.arrived = threading.Condition()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def browser(self, name: str = "one") -> Browser:
        return Browser(f"{self.origin}/send/{name}")

    def for_browser(self, browser: Browser) -> list[dict[str, Any]]:
        """Return the messages for this browser, decrypted."""
        path = browser.endpoint.removeprefix(self.origin)
        return [browser.open(message.content) for message in self.messages if message.path == path]

    def wait(self, holds: Callable[[], bool], seconds: float = 20) -> None:
        with self.arrived:
            assert self.arrived.wait_for(holds, seconds), "it did not arrive in time"


class _Desk(BaseHTTPRequestHandler):
    server: PushService

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        message = Message(self.path, {name.lower(): value for name, value in self.headers.items()}, content)
        with self.server.arrived:
            self.server.messages.append(message)
            is_prompt = len(self.server.messages) <= self.server.prompt
            self.server.arrived.notify_all()
        time.sleep(0 if is_prompt else self.server.pause)
        if self.server.drips:
            self._drip()
            return
        status, headers = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 201 Created\r\nX-Slow: ")
        with suppress(OSError):  # the other side hung up
            while not self.server.is_over.wait(0.02):
                self.wfile.write(b"x")
                self.wfile.flush()

    def log_message(self, *args: object) -> None:
        """Nothing to say."""


@contextmanager
def push_service(port: int = 0) -> Iterator[PushService]:
    with PushService(port) as service:
        Thread(target=service.serve_forever, args=(0.01,), daemon=True).start()
        yield service
        service.is_over.set()
        service.shutdown()


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
