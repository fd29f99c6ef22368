"""The boxes of an MP4 or QuickTime file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_BOXES = 10_000


@dataclass(frozen=True)
class Box:
    name: bytes
    start: int  # offset of the box's name
    content: int  # offset of the box's content
    end: int


def boxes(file: BinaryIO, begin: int, end: int, left: list[int]) -> Iterator[Box]:
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
