"""Ask a TURN server (RFC 8656) for a relay, as a call does, and whether it leads into private networks."""

import hashlib
import hmac
import re
import secrets
import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address

PATIENCE_SECONDS = 5
COOKIE = 0x2112A442
ALLOCATE, CREATE_PERMISSION, REFRESH = 0x0003, 0x0008, 0x0004
SUCCESS, FAILURE = 0x0100, 0x0110
USERNAME, INTEGRITY, ERROR_CODE, LIFETIME, PEER, REALM, NONCE, TRANSPORT = 6, 8, 9, 0x0D, 0x12, 0x14, 0x15, 0x19
UDP = bytes([17, 0, 0, 0])
PRIVATE = ("10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "127.0.0.1")
URL = re.compile(r"(turns?):([^:?]+|\[[^\]]+\])(?::(\d+))?(?:\?transport=(udp|tcp))?")


class RelayError(Exception):
    """The server does not answer as it should."""


@dataclass
class Relay:
    """One connection to the server. `key` signs, once the server has told its realm."""

    line: socket.socket
    username: str
    password: str
    signed: dict[int, bytes] = field(default_factory=dict)

    def ask(self, method: int, attributes: dict[int, bytes]) -> tuple[bool, dict[int, bytes]]:
        """Return whether it succeeded, and the attributes of the answer. Raises `RelayError`, `OSError`."""
        number = secrets.token_bytes(12)
        body = b"".join(_attribute(kind, value) for kind, value in (attributes | self.signed).items())
        self.line.sendall(self._sealed(method, number, body))
        answer = self.line.recv(2000)
        kind, length, _ = struct.unpack("!HHI", answer[:8])
        if answer[8:20] != number or kind not in (method | SUCCESS, method | FAILURE):
            raise RelayError("something else than TURN answers")
        return kind == method | SUCCESS, dict(_attributes(answer[20 : 20 + length]))

    def _sealed(self, method: int, number: bytes, body: bytes) -> bytes:
        if not self.signed:
            return struct.pack("!HHI", method, len(body), COOKIE) + number + body
        name = b":".join((self.username.encode(), self.signed[REALM], self.password.encode()))
        key = hashlib.md5(name, usedforsecurity=False).digest()  # as the protocol has it
        start = struct.pack("!HHI", method, len(body) + 24, COOKIE) + number + body
        return start + _attribute(INTEGRITY, hmac.new(key, start, hashlib.sha1).digest())

    def sign_from_now_on(self, told: dict[int, bytes]) -> None:
        if not {REALM, NONCE} <= told.keys():
            raise RelayError("it asks for no credentials: `use-auth-secret` and `lt-cred-mech` are missing")
        self.signed = {USERNAME: self.username.encode(), REALM: told[REALM], NONCE: told[NONCE]}


def problems(url: str, username: str, password: str) -> Iterator[str]:
    """Yield what is wrong with the server of this URL."""
    try:
        with _connected(url) as line:
            relay = Relay(line, username, password)
            _allocate(relay)
            leads_to = [address for address in PRIVATE if _permits(relay, address)]
            relay.ask(REFRESH, {LIFETIME: bytes(4)})  # gives the relay back
    except (OSError, RelayError, struct.error) as error:
        yield f"TURN_URLS: {url} gives no relay: {str(error) or 'no answer'}."
        return
    if leads_to:
        yield f"TURN_URLS: {url} leads into private networks ({', '.join(leads_to)}): add `denied-peer-ip` to coturn."


def _connected(url: str) -> socket.socket:
    if not (found := URL.fullmatch(url)):
        raise RelayError("the address is not like turn:host:3478?transport=udp")
    scheme, host, port, transport = found.groups()
    address = (host.strip("[]"), int(port or (5349 if scheme == "turns" else 3478)))
    if transport != "tcp" and scheme == "turn":
        line = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
        line.settimeout(PATIENCE_SECONDS)
        line.connect(address)
        return line
    line = socket.create_connection(address, timeout=PATIENCE_SECONDS)
    return ssl.create_default_context().wrap_socket(line, server_hostname=address[0]) if scheme == "turns" else line


def _allocate(relay: Relay) -> None:
    """First without credentials: the refusal tells realm and nonce."""
    given, told = relay.ask(ALLOCATE, {TRANSPORT: UDP})
    if given:
        raise RelayError("it relays for everybody: `use-auth-secret` is missing")
    relay.sign_from_now_on(told)
    given, told = relay.ask(ALLOCATE, {TRANSPORT: UDP})
    if not given:
        raise RelayError(f"it refuses our credentials ({_reason(told)}): TURN_SECRET is not its `static-auth-secret`")


def _permits(relay: Relay, address: str) -> bool:
    xored = int(IPv4Address(address)) ^ COOKIE
    peer = struct.pack("!BBHI", 0, 1, 9 ^ (COOKIE >> 16), xored)
    return relay.ask(CREATE_PERMISSION, {PEER: peer})[0]


def _reason(told: dict[int, bytes]) -> str:
    given = told.get(ERROR_CODE, bytes(4))
    return f"{given[2] * 100 + given[3]} {given[4:].decode(errors='replace')}".strip()


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    while len(body) >= 4:
        kind, length = struct.unpack("!HH", body[:4])
        yield kind, body[4 : 4 + length]
        body = body[4 + length + -length % 4 :]
