"""Blank positions and names in files whose bytes stay as they are: each format in place, so that no offset moves.

What cannot be blanked in place (Office, OGG, WebM, FLAC, compressed objects of a PDF) keeps its metadata, and nothing
we say promises otherwise.
"""

import mmap
import re
from collections.abc import Callable
from pathlib import Path

from autodoctor.files import mp4_metadata

# In a PDF: the description as XML, and what a camera wrote into a photo that was put in without change.
_PACKET = re.compile(rb"<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)
_EXIF = re.compile(rb"\xff\xe1(..)Exif\0\0", re.DOTALL)
_TAG_HEAD = 10  # bytes, of an MP3's ID3 tag
_OLD_TAG = 128  # bytes at the end of an MP3, which begin with TAG


def blank(path: Path, content_type: str) -> None:
    """Blank what this type of file tells about place and people. Raises `ValueError` for a broken file; `OSError`."""
    how = _HOW.get(content_type)
    if how:
        how(path)


def _blank_pdf(path: Path) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        for packet in list(_PACKET.finditer(content)):
            begin, end = packet.span()
            content[begin:end] = b" " * (end - begin)
        for exif in list(_EXIF.finditer(content)):
            end = min(exif.start() + 2 + int.from_bytes(exif[1], "big"), len(content))
            content[exif.end() : end] = bytes(max(0, end - exif.end()))


def _blank_mp3(path: Path) -> None:
    """Leave an ID3 tag of padding only; the sound begins where it did."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        if content[:3] == b"ID3":
            length = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(content[6:_TAG_HEAD])))
            end = min(_TAG_HEAD + length, len(content))
            content[5:6] = b"\0"  # no flags: neither an extended head nor a footer
            content[_TAG_HEAD:end] = bytes(end - _TAG_HEAD)
        at = len(content) - _OLD_TAG
        if at > 0 and content[at : at + 3] == b"TAG":
            content[at + 3 :] = bytes(_OLD_TAG - 3)


_HOW: dict[str, Callable[[Path], None]] = {
    **dict.fromkeys(mp4_metadata.CONTENT_TYPES, mp4_metadata.blank_metadata),
    "application/pdf": _blank_pdf,
    "audio/mpeg": _blank_mp3,
}
