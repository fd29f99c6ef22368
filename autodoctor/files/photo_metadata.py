"""Blank what cameras and programs wrote into a photo that stays as it is, inside of a PDF or an Office file.

Only how the photo is to be turned stays.
"""

import struct
import zlib
from collections.abc import Iterator

_EXIF = b"Exif\0\0"
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_PICTURE_BEGINS = 0xDA
_ALONE = {0x01, *range(0xD0, 0xD9)}  # marks without a length
# What a decoder needs of what programs put in: JFIF, the profile of its colors, Adobe's kind of colors.
_NEEDED = {0xE0: b"", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_COMMENT = 0xFE
_PNG_DESCRIPTIONS = {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"}
_ORIENTATION, _SHORT = 0x0112, 3
_MOST_ENTRIES = 200


def blanked(content: bytes) -> bytes:
    """Return a photo without descriptions, as long as before; anything but JPEG and PNG as it is."""
    if content.startswith(_JPEG):
        return _blanked_jpeg(content)
    return _blanked_png(content) if content.startswith(_PNG) else content


def only_turned(exif: bytes) -> bytes:
    """Return Exif of the same length that only says how the photo is to be turned. `exif`: behind its name."""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, _orientation(exif), 0)
    kept = b"MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)
    return kept.ljust(len(exif), b"\0") if len(kept) <= len(exif) else bytes(len(exif))


def _blanked_jpeg(content: bytes) -> bytes:
    changed = bytearray(content)
    for mark, begin, end in _segments(content):
        segment = content[begin:end]
        if mark == 0xE1 and segment.startswith(_EXIF):
            changed[begin + len(_EXIF) : end] = only_turned(segment[len(_EXIF) :])
        elif mark == _COMMENT or (0xE0 <= mark <= 0xEF and not segment.startswith(_NEEDED.get(mark, b"\0none"))):
            changed[begin:end] = bytes(end - begin)
    return bytes(changed)


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield mark, begin and end of what each segment before the picture holds."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        mark = content[at + 1]
        if mark == _PICTURE_BEGINS:
            return
        if mark in _ALONE or mark == 0xFF:
            at += 1 if mark == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        yield mark, at + 4, max(at + 4, min(end, len(content)))
        at = max(end, at + 4)


def _orientation(exif: bytes) -> int:
    order = "<" if exif.startswith(b"II") else ">"
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, first)
        for number in range(min(count, _MOST_ENTRIES)):
            tag, _type, _count, value = struct.unpack_from(f"{order}HHIH", exif, first + 2 + 12 * number)
            if tag == _ORIENTATION:
                return int(value)
    except struct.error:
        pass
    return 1


def _blanked_png(content: bytes) -> bytes:
    """Descriptions become a private chunk without meaning, with a checksum of its own."""
    changed, at = bytearray(content), len(_PNG)
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        if end > len(content):
            break
        if content[at + 4 : at + 8] in _PNG_DESCRIPTIONS:
            body = b"paDd" + bytes(end - at - 12)
            changed[at + 4 : end] = body + struct.pack(">I", zlib.crc32(body))
        at = end
    return bytes(changed)
