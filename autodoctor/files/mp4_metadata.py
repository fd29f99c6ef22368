"""What an MP4 or QuickTime file holds, and blanking the location that phones write into it, byte for byte, in place.

An MP4 or QuickTime file is a tree of boxes with length and name. Boxes with descriptions become free space. Nothing
else moves, so every offset stays valid.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CONTENT_TYPES = {"audio/mp4", "audio/3gpp", "video/mp4", "video/quicktime", "video/3gpp"}
CONTAINERS = {b"moov", b"trak", b"moof", b"traf", b"mdia", b"minf"}
DESCRIPTIONS = {b"udta", b"meta", b"uuid"}  # boxes that can hold positions, names and camera makers
MOST_BOXES = 10_000
DEEPEST = 8  # real ones end at four
HANDLER_DEPTH = 3  # moov, trak, mdia, hdlr


@dataclass(frozen=True)
class Box:
    name: bytes
    start: int  # offset of the box's name
    content: int  # offset of the box's content
    end: int


def blank_metadata(path: Path) -> None:
    """Blank every description in this file. Raises `ValueError` for a broken tree; `OSError`."""
    with path.open("r+b") as file:
        for box in list(_descriptions(file, 0, path.stat().st_size, [MOST_BOXES])):
            file.seek(box.start)
            file.write(b"free")
            file.seek(box.content)
            _write_zeros(file, box.end - box.content)


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
    for box in _boxes(file, begin, end, left):
        if box.name == b"hdlr" and depth == HANDLER_DEPTH:
            file.seek(box.content)
            yield file.read(12)[8:]
        elif box.name in CONTAINERS:
            yield from _track_kinds(file, box.content, box.end, left, depth + 1)


def _descriptions(file: BinaryIO, begin: int, end: int, left: list[int], depth: int = 0) -> Iterator[Box]:
    if depth > DEEPEST:
        raise ValueError("boxes too deep in each other")
    for box in _boxes(file, begin, end, left):
        if box.name in DESCRIPTIONS:
            yield box
        elif box.name in CONTAINERS:
            yield from _descriptions(file, box.content, box.end, left, depth + 1)


def _boxes(file: BinaryIO, begin: int, end: int, left: list[int]) -> Iterator[Box]:
    """Yield the boxes from `begin` to `end`; `left`: how many more the whole file may have."""
    while begin + 8 <= end:
        left[0] -= 1
        if left[0] < 0:
            raise ValueError("too many boxes")
        file.seek(begin)
        head = file.read(16)
        size, content = int.from_bytes(head[:4], "big"), begin + 8
        if size == 1:
            size, content = int.from_bytes(head[8:16], "big"), begin + 16
        box_end = end if size == 0 else begin + size
        if box_end > end or box_end < content:
            raise ValueError("a box that does not fit")
        yield Box(head[4:8], begin + 4, content, box_end)
        begin = box_end


def _write_zeros(file: BinaryIO, count: int) -> None:
    while count > 0:
        count -= file.write(bytes(min(count, 65536)))
