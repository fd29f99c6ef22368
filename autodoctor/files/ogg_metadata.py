"""Blank the comments of an Ogg file (Opus, Vorbis, FLAC, Speex) in place.

A stream's second packet holds its comments; it becomes a comment without entries, as long as before. Packets lie in
pages with a checksum, which is written anew for the pages that changed.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autodoctor.files.sound_metadata import opened

_HEAD = 27  # bytes of a page before the lengths of its segments
_CHECKSUM = slice(22, 26)
_FIRST = 0x02  # a page that begins a stream
_WHOLE_SEGMENT = 255  # a packet goes on behind such a segment
_POLYNOMIAL = 0x04C11DB7
_FLAC_COMMENT, _FLAC_PADDING, _FLAC_LAST = 4, 1, 0x80
# By how the first packet of a stream begins: what stands before and after the comments of the second.
_FRAMES = {
    b"OpusHead": (b"OpusTags", b""),
    b"\x01vorbis": (b"\x03vorbis", b"\x01"),
    b"\x80theora": (b"\x81theora", b""),
    b"Speex   ": (b"", b""),
}
_FLAC = b"\x7fFLAC"


@dataclass
class _Stream:
    """One stream of the file: its packets so far, and where the bytes of the present one lie."""

    first: bytes = b""
    packets: int = 0
    pieces: list[tuple[int, int]] = field(default_factory=list)
    pages: list[tuple[int, int]] = field(default_factory=list)
    is_read: bool = False  # its comments are behind us


def blank_ogg(path: Path) -> None:
    """Raises `ValueError` for comments that do not fit into their packet."""
    streams: dict[bytes, _Stream] = {}
    with opened(path) as content:
        for begin, end in list(_pages(content)):
            serial = content[begin + 14 : begin + 18]
            if content[begin + 5] & _FIRST:
                streams[serial] = _Stream()
            stream = streams.setdefault(serial, _Stream())
            if not stream.is_read:
                _read(content, begin, end, stream)
        for stream in streams.values():
            if stream.packets and not stream.is_read:  # cut off within the comments
                _write(content, stream, bytes(sum(end - begin for begin, end in stream.pieces)))


def _pages(content: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each page; damage between two is passed over, as players do. The last may be cut off."""
    at = content.find(b"OggS")
    while at >= 0:
        lengths = content[at + _HEAD : at + _HEAD + content[at + 26]] if at + _HEAD <= len(content) else b""
        end = at + _HEAD + len(lengths) + sum(lengths)
        if lengths:
            yield at, min(end, len(content))
        at = content.find(b"OggS", max(at + 4, min(end, len(content))))


def _read(content: mmap.mmap, begin: int, end: int, stream: _Stream) -> None:
    """Follow the packets through one page, and blank the comments where their packet ends."""
    lengths = content[begin + _HEAD : begin + _HEAD + content[begin + 26]]
    at = begin + _HEAD + len(lengths)
    stream.pages.append((begin, end))
    for length in lengths:
        stream.pieces.append((min(at, end), min(at + length, end)))
        at += length
        if length < _WHOLE_SEGMENT:
            _end_of_packet(content, stream)
            stream.pieces, stream.packets = [], stream.packets + 1
            stream.pages = [(begin, end)]
            if stream.is_read:
                return


def _end_of_packet(content: mmap.mmap, stream: _Stream) -> None:
    if stream.packets == 0:
        stream.first = b"".join(content[begin:end] for begin, end in stream.pieces)
        return
    packet = b"".join(content[begin:end] for begin, end in stream.pieces)
    blanked = _blanked(packet, stream)
    if blanked != packet:
        _write(content, stream, blanked)


def _blanked(packet: bytes, stream: _Stream) -> bytes:
    if stream.first.startswith(_FLAC):
        return _blanked_flac(packet, stream)
    stream.is_read = True
    frame = next((frame for name, frame in _FRAMES.items() if stream.first.startswith(name)), None)
    return packet if frame is None else _no_comments(len(packet), *frame)


def _blanked_flac(packet: bytes, stream: _Stream) -> bytes:
    """FLAC's blocks are a packet each: comments, then pictures and whatever else."""
    if len(packet) < 4 or packet[0] == 0xFF:  # the sound has begun
        stream.is_read = True
        return packet
    kind, stream.is_read = packet[0] & ~_FLAC_LAST, bool(packet[0] & _FLAC_LAST)
    if kind == _FLAC_COMMENT:
        return _no_comments(len(packet), packet[:4], b"")
    return bytes([packet[0] & _FLAC_LAST | _FLAC_PADDING]) + packet[1:4] + bytes(len(packet) - 4)


def _no_comments(length: int, before: bytes, after: bytes) -> bytes:
    """Return a comment packet of this length: the name of a program of spaces, and no entry."""
    spaces = length - len(before) - len(after) - 8
    if spaces < 0:
        raise ValueError("comments that do not fit")
    return before + struct.pack("<I", spaces) + b" " * spaces + struct.pack("<I", 0) + after


def _write(content: mmap.mmap, stream: _Stream, packet: bytes) -> None:
    at = 0
    for begin, end in stream.pieces:
        content[begin:end] = packet[at : at + end - begin]
        at += end - begin
    for begin, end in stream.pages:
        content[begin + _CHECKSUM.start : begin + _CHECKSUM.stop] = bytes(4)
        content[begin + _CHECKSUM.start : begin + _CHECKSUM.stop] = struct.pack("<I", checksum(content[begin:end]))


def _table() -> list[int]:
    table = []
    for number in range(256):
        rest = number << 24
        for _bit in range(8):
            rest = (rest << 1) ^ (_POLYNOMIAL if rest & 0x80000000 else 0)
        table.append(rest & 0xFFFFFFFF)
    return table


_TABLE = _table()


def checksum(page: bytes) -> int:
    """Return the checksum of a page whose own field for it is zero."""
    rest = 0
    for byte in page:
        rest = (rest << 8) & 0xFFFFFFFF ^ _TABLE[rest >> 24 ^ byte]
    return rest
