"""What an MP4 or QuickTime file holds, and blanking the location that phones write into it, byte for byte, in place.

An MP4 or QuickTime file is a tree of boxes with length and name. Boxes with descriptions become free space. Nothing
else moves, so every offset stays valid.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from autodoctor.files import mp4_samples
from autodoctor.files.mp4_boxes import MOST_BOXES, Box, boxes

CONTENT_TYPES = {"audio/mp4", "audio/3gpp", "video/mp4", "video/quicktime", "video/3gpp"}
CONTAINERS = {b"moov", b"trak", b"moof", b"traf", b"mdia", b"minf"}
# What players need at the top and in `moov`. All else there is free space or a camera's own: dash cameras keep
# positions in `gps `, `free` and `skip`.
NEEDED = {
    0: {b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"ssix", b"wide", b"pdin", b"prft"},
    1: {b"mvhd", b"trak", b"mvex", b"iods", b"pssh", b"cmov", b"mfhd", b"traf", b"mfro", b"tfra"},
}
DESCRIPTIONS = {b"udta", b"meta", b"uuid"}  # boxes at any depth that can hold positions, names and camera makers
PLAYED = {b"vide", b"soun", b"tmcd"}  # handlers of tracks that stay; the others carry positions, speeds, captions
INTERLEAVED = b"freeGPS "  # blocks of dash cameras between the pictures, behind the bytes of their length
LENGTH_BYTES = 4
LONGEST_BLOCK = 1 << 16
WINDOW = 1 << 21  # of a file that is searched; a multiple of every size of a page
DEEPEST = 8  # real ones end at four
HANDLER_DEPTH = 3  # moov, trak, mdia, hdlr


def blank_metadata(path: Path) -> None:
    """Blank every description and every track of positions. Raises `ValueError` for a broken tree; `OSError`."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        tracks = [box for box in _tracks(file, size) if not _is_played(file, box)]
        for begin, end in [part for box in tracks for part in mp4_samples.ranges(file, box, size)]:
            _blank(file, begin, end)
        for box in [*_descriptions(file, 0, size, [MOST_BOXES]), *tracks]:
            file.seek(box.start)
            file.write(b"free")
            _blank(file, box.content, box.end)
        _blank_interleaved(file, size)


def _tracks(file: BinaryIO, size: int) -> list[Box]:
    left = [MOST_BOXES]
    films = [box for box in boxes(file, 0, size, left) if box.name == b"moov"]
    return [box for film in films for box in boxes(file, film.content, film.end, left) if box.name == b"trak"]


def _is_played(file: BinaryIO, track: Box) -> bool:
    """A track without a handler is broken, and stays as it is."""
    kinds = set(_track_kinds(file, track.content, track.end, [MOST_BOXES], depth=2))
    return not kinds or bool(kinds & PLAYED)


def _blank_interleaved(file: BinaryIO, size: int) -> None:
    """Through windows: what is mapped counts as memory of the process, ten megabytes of each upload at once."""
    for begin in range(0, size, WINDOW):
        with mmap.mmap(file.fileno(), min(WINDOW + LONGEST_BLOCK, size - begin), offset=begin) as content:
            _blank_blocks(content)


def _blank_blocks(content: mmap.mmap) -> None:
    """Blank the blocks that begin in this window, the last first: `rfind` takes half the time of `find`."""
    at = content.rfind(INTERLEAVED, LENGTH_BYTES, WINDOW + LENGTH_BYTES + len(INTERLEAVED) - 1)
    while at >= 0:
        begin = at - LENGTH_BYTES
        length = int.from_bytes(content[begin:at], "big")
        end = min(begin + max(12, min(length, LONGEST_BLOCK)), len(content))
        content[at + 4 : end] = bytes(end - at - 4)
        at = content.rfind(INTERLEAVED, LENGTH_BYTES, at + len(INTERLEAVED) - 1)


def is_sound_only(path: Path) -> bool:
    """Return whether the file has sound and no picture, whatever its brand says. False for a broken tree."""
    try:
        with path.open("rb") as file:
            kinds = set(_track_kinds(file, 0, path.stat().st_size, [MOST_BOXES]))
    except ValueError:
        return False
    return b"soun" in kinds and b"vide" not in kinds


def _track_kinds(file: BinaryIO, begin: int, end: int, left: list[int], depth: int = 0) -> Iterator[bytes]:
    """Yield the handler of each track: `vide`, `soun`, `meta` …"""
    if depth > DEEPEST:
        raise ValueError("boxes too deep in each other")
    for box in boxes(file, begin, end, left):
        if box.name == b"hdlr" and depth == HANDLER_DEPTH:
            file.seek(box.content)
            yield file.read(12)[8:]
        elif box.name in CONTAINERS:
            yield from _track_kinds(file, box.content, box.end, left, depth + 1)


def _descriptions(file: BinaryIO, begin: int, end: int, left: list[int], depth: int = 0) -> Iterator[Box]:
    if depth > DEEPEST:
        raise ValueError("boxes too deep in each other")
    for box in boxes(file, begin, end, left):
        if box.name in DESCRIPTIONS or box.name not in NEEDED.get(depth, {box.name}):
            yield box
        elif box.name in CONTAINERS:
            yield from _descriptions(file, box.content, box.end, left, depth + 1)


def _blank(file: BinaryIO, begin: int, end: int) -> None:
    file.seek(begin)
    count = end - begin
    while count > 0:
        count -= file.write(bytes(min(count, 65536)))
