"""Headers and answers of the ASGI applications that stand in front of Django."""

from collections.abc import Iterable

from asgiref.typing import ASGISendCallable, HTTPResponseBodyEvent, HTTPResponseStartEvent, HTTPScope


def header_of(scope: HTTPScope, name: bytes) -> str:
    """The first header of this name (in lower case); empty without one."""
    return next((value.decode("latin-1") for known, value in scope["headers"] if known == name), "")


async def send_head(send: ASGISendCallable, status: int, headers: Iterable[tuple[str, str]]) -> None:
    """Status and headers; the body follows by `send_piece`."""
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send(HTTPResponseStartEvent(type="http.response.start", status=status, headers=lines, trailers=False))


async def send_piece(send: ASGISendCallable, piece: bytes, *, is_last: bool) -> None:
    await send(HTTPResponseBodyEvent(type="http.response.body", body=piece, more_body=not is_last))
