"""Blank the descriptions of a PDF in place: who wrote it, where and with what, and what cameras put into its photos.

Compressed descriptions become compressed spaces of the same length. What stands in compressed groups of objects cannot
be changed without moving all else: only the reference to it goes, so that no program shows it.
"""

import mmap
import re
import struct
import zlib
from itertools import islice
from pathlib import Path

from autodoctor.files import photo_metadata
from autodoctor.files.sound_metadata import opened

_PACKET_BEGINS, _PACKET_ENDS = b"<x:xmpmeta", b"</x:xmpmeta>"
_IN_PHOTO = re.compile(rb"\xff\xe1(..)(Exif\0\0|http://ns\.adobe\.com/xap/1\.0/\0)", re.DOTALL)
_DESCRIPTION = re.compile(rb"/Type\s{0,9}/Metadata\b")
_MOST_HEAD = 2048  # bytes of the dictionary before a stream
_INFO = re.compile(rb"/Info\s{1,9}(\d{1,10})\s{1,9}(\d{1,5})\s{1,9}R")
_MOST_AUTHORS = 50  # such dictionaries: each change of a file may add one
_MOST_INFO = 16 * 1024  # bytes of the dictionary of who wrote it
_DATE = b"(D:"
_STORED_BYTES = 0xFFFF  # of a block that is stored as it is


def blank_pdf(path: Path) -> None:
    with opened(path) as content:
        _blank_packets(content)
        _blank_compressed_packets(content)
        _blank_photos(content)
        _blank_info(content)


def _blank_packets(content: mmap.mmap) -> None:
    begin = content.find(_PACKET_BEGINS)
    while begin >= 0 and (end := content.find(_PACKET_ENDS, begin)) >= 0:
        end += len(_PACKET_ENDS)
        content[begin:end] = b" " * (end - begin)
        begin = content.find(_PACKET_BEGINS, end)


def _blank_compressed_packets(content: mmap.mmap) -> None:
    at = 0
    while found := _DESCRIPTION.search(content, at):
        begin, end = _stream_of(content, found.start(), found.end())
        content[begin:end] = spaces(end - begin)
        at = max(found.end(), end)


def _stream_of(content: mmap.mmap, begin: int, end: int) -> tuple[int, int]:
    """Return where the compressed stream lies whose dictionary has this entry; nothing for any other."""
    word = content.find(b"stream", end, end + _MOST_HEAD)
    if word < 0 or content.find(b"endobj", end, word) >= 0:
        return end, end
    head = content[max(0, content.rfind(b"obj", max(0, begin - _MOST_HEAD), begin)) : word]
    if b"/FlateDecode" not in head:
        return end, end
    first = word + len(b"stream")
    first += {b"\r\n": 2}.get(content[first : first + 2], 1)
    last = content.find(b"endstream", first)
    if last < 0:  # nor does any stream behind it end
        return len(content), len(content)
    while last > first and content[last - 1 : last] in {b"\r", b"\n"}:
        last -= 1
    return first, last


def spaces(length: int) -> bytes:
    """Return spaces, stored in the compressed format, as long as `length`; zeros if that is too short for it."""
    blocks = max(1, -(-(length - 6) // (_STORED_BYTES + 5)))
    count = length - 6 - 5 * blocks
    if count < 0:
        return bytes(length)
    out = bytearray(b"\x78\x01")
    for number in range(blocks):
        part = max(0, min(count - number * _STORED_BYTES, _STORED_BYTES))
        out += struct.pack("<BHH", number == blocks - 1, part, part ^ 0xFFFF) + b" " * part
    return bytes(out) + struct.pack(">I", zlib.adler32(b" " * count))


def _blank_photos(content: mmap.mmap) -> None:
    at = 0
    while found := _IN_PHOTO.search(content, at):
        begin = found.end()
        end = max(begin, min(found.start() + 2 + int.from_bytes(found[1], "big"), len(content)))
        is_exif = found[2].startswith(b"Exif")
        content[begin:end] = photo_metadata.only_turned(content[begin:end]) if is_exif else bytes(end - begin)
        at = end


def _blank_info(content: mmap.mmap) -> None:
    """Empty the texts of the dictionaries that say who wrote it; a date stays."""
    references = {found.groups() for found in islice(_INFO.finditer(content), _MOST_AUTHORS)}
    for number, version in references:
        begins = re.compile(rb"(?<!\d)%s\s{1,9}%s\s{1,9}obj\b" % (number, version))
        objects = [found.end() for found in islice(begins.finditer(content), _MOST_AUTHORS)]
        for begin in objects:
            end = content.find(b"endobj", begin, begin + _MOST_INFO)
            _blank_texts(content, begin, end if end > 0 else min(begin + _MOST_INFO, len(content)))
        if not objects:
            _blank_references(content, number, version)


def _blank_references(content: mmap.mmap, number: bytes, version: bytes) -> None:
    reference = re.compile(rb"/Info\s{1,9}%s\s{1,9}%s\s{1,9}R" % (number, version))
    for found in list(islice(reference.finditer(content), _MOST_AUTHORS)):
        content[found.start() : found.end()] = b" " * (found.end() - found.start())


def _blank_texts(content: mmap.mmap, begin: int, end: int) -> None:
    at = begin
    while at < end:
        opening = content[at : at + 1]
        if opening == b"(":
            close = _end_of_text(content, at, end)
            if content[at : at + 3] != _DATE:
                content[at + 1 : close] = b" " * (close - at - 1)
            at = close
        elif opening == b"<" and content[at + 1 : at + 2] != b"<":
            close = max(content.find(b">", at, end), at + 1)
            content[at + 1 : close] = b" " * (close - at - 1)
            at = close
        elif content[at : at + 2] == b"<<":
            at += 1
        at += 1


def _end_of_text(content: mmap.mmap, at: int, end: int) -> int:
    """Return where the closing bracket stands; brackets in pairs belong to the text."""
    depth = 0
    while at < end:
        letter = content[at : at + 1]
        if letter == b"\\":
            at += 1
        elif letter in b"()":
            depth += 1 if letter == b"(" else -1
            if depth == 0:
                return at
        at += 1
    return end
