"""Frames of a websocket (RFC 6455), as far as nearly all of them go: whole text frames of clients, and our own."""

from collections.abc import Iterable

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C where its wheel is

WHOLE_TEXT = 0x81  # the first byte of a text that is one frame
_MASKED = 0x80


def bounds(data: bytes, at: int) -> tuple[int, int] | None:
    """Return where the payload of the client's frame at `at` begins and ends; None until its header has come."""
    if len(data) < at + 2:
        return None
    size, start = data[at + 1] & 127, at + 2
    if size > 125:
        start += 2 if size == 126 else 8
        if len(data) < start:
            return None
        size = int.from_bytes(data[at + 2 : start], "big")
    if data[at + 1] & _MASKED:
        start += 4
    return start, start + size


def text_of(data: bytes, at: int, start: int, end: int) -> str | None:
    """Return the text of the frame with these bounds; None for any other frame, and for bytes that are no text."""
    if data[at] != WHOLE_TEXT or not data[at + 1] & _MASKED:
        return None
    try:
        return apply_mask(data[start:end], data[start - 4 : start]).decode()
    except UnicodeDecodeError:
        return None


def texts(payloads: Iterable[bytes]) -> bytes:
    """Return text frames of a server, one for each payload."""
    return b"".join([part for payload in payloads for part in (_header(len(payload)), payload)])


def _header(size: int) -> bytes:
    if size < 126:
        return bytes((WHOLE_TEXT, size))
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big")
    return b"\x81\x7f" + size.to_bytes(8, "big")
