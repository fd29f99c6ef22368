"""Ask a service that runs a model, of our own or of others: bounded in time and size, and nothing of it in a log."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

from autodoctor.core.outside import release_connection

CONNECT_SECONDS = 5.0
MOST_BYTES = 2 * 1024 * 1024  # of an answer
PIECE_BYTES = 64 * 1024


class Unanswered(Exception):
    """There was no answer that can be used. The message says why, without a word of what was sent or answered."""


def ask(address: str, operation: str, *, key: str, seconds: float, **request: Any) -> dict[str, Any]:
    """Send a request and return its answer, a JSON object. Raises `Unanswered`.

    `address`: of the service, or of the operation itself. `request`: what `requests.post` takes.
    """
    import requests

    release_connection()
    until = time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with requests.post(
            operation_at(address, operation),
            headers=headers,
            timeout=(CONNECT_SECONDS, seconds),
            allow_redirects=False,
            stream=True,
            **request,
        ) as answer:
            if answer.status_code != 200:
                raise Unanswered(f"the service answered {answer.status_code}")
            content = _read(answer, until)
    except requests.RequestException as error:
        raise Unanswered(f"the service did not answer: {type(error).__name__}") from None
    return _parsed(content)


def operation_at(address: str, operation: str) -> str:
    """Return the address of the operation: `https://host`, `https://host/v1` and the whole address are the same."""
    address = address.rstrip("/")
    path = urlsplit(address).path
    if path.endswith(operation.removeprefix("/v1")):
        return address
    return address + (operation.removeprefix("/v1") if path.endswith("/v1") else operation)


def _read(answer: Any, until: float) -> bytes:
    content = bytearray()
    for piece in answer.iter_content(PIECE_BYTES):
        content += piece
        if len(content) > MOST_BYTES:
            raise Unanswered("the answer is too long")
        if time.monotonic() > until:
            raise Unanswered("the answer took too long")
    return bytes(content)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise Unanswered("the answer is no JSON") from None
    if not isinstance(found, dict):
        raise Unanswered("the answer has not the form it should have")
    return found
