"""Helpers for tests of the live channel against a real server."""

import httpx
from websockets.exceptions import ConnectionClosed

from tests.kit.server import PLAIN, Person, Server
from tests.kit.sockets import Socket


def closing_code(socket: Socket) -> int:
    """Reads until the server hangs up."""
    try:
        while True:
            socket.receive()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


def messages(socket: Socket) -> list[str]:
    """Return the texts of the messages that this page has received."""
    return [frame["data"]["text"] for frame in socket.frames if frame.get("kind") == "message.posted"]


def post(server: Server, person: Person, path: str, body: object = None) -> httpx.Response:
    """Post like our pages, with the CSRF token in cookie and field."""
    token = "c" * 32
    with httpx.Client(
        base_url=server.url,
        cookies={**person.cookies, "csrftoken": token},
        headers={"X-CSRFToken": token, "Origin": server.url},
        timeout=20,
        **PLAIN,
    ) as client:
        return client.post(path, json=body)
