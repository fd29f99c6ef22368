"""Blank the descriptions of a WebM file in place: they become void elements of the same length.

A WebM file is a tree of elements with id and length. Tags, attachments, chapters, titles, dates and names of files go,
and so does every track that is neither picture nor sound, with its blocks.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autodoctor.files.sound_metadata import opened

SEGMENT, CLUSTER, INFO, TRACKS, TRACK = 0x18538067, 0x1F43B675, 0x1549A966, 0x1654AE6B, 0xAE
TRACK_NUMBER, TRACK_TYPE = 0xD7, 0x83
BLOCK, SIMPLE_BLOCK, BLOCK_GROUP = 0xA1, 0xA3, 0xA0
CHECKSUM, VOID = 0xBF, 0xEC
PLAYED = {1, 2}  # picture, sound
# What goes, by where it stands. A checksum of what has changed goes, too.
GONE = {
    SEGMENT: {0x1254C367, 0x1941A469, 0x1043A770},  # tags, attachments, chapters
    INFO: {CHECKSUM, 0x7BA9, 0x4461, 0x7384, 0x3C83AB, 0x3E83BB},  # title, date, names of the files
    TRACK: {CHECKSUM, 0x536E},  # the track's name
}
MOST_ELEMENTS = 1_000_000
LONGEST_HEAD = 12  # bytes: an id and a length
LONGEST_VOID_LENGTH = 8  # bytes, of the number that says how long it is


@dataclass(frozen=True)
class Element:
    id: int
    begin: int
    content: int
    end: int


def blank_webm(path: Path) -> None:
    """Raises `ValueError` for a broken tree."""
    with opened(path) as content:
        left = [MOST_ELEMENTS]
        for element in list(_elements(content, 0, len(content), left)):
            if element.id == SEGMENT:
                _blank_segment(content, element, left)


def _blank_segment(content: mmap.mmap, segment: Element, left: list[int]) -> None:
    foreign: set[int] = set()  # numbers of tracks that nobody plays
    for element in _elements(content, segment.content, segment.end, left):
        if element.id in GONE[SEGMENT]:
            _void(content, element)
        elif element.id == INFO:
            _void_inside(content, element, left)
        elif element.id == TRACKS:
            foreign |= _blank_tracks(content, element, left)
        elif element.id == CLUSTER and foreign:
            _void_blocks(content, element, foreign, left)


def _blank_tracks(content: mmap.mmap, tracks: Element, left: list[int]) -> set[int]:
    """Return the numbers of the tracks that were voided."""
    foreign = set()
    for track in _elements(content, tracks.content, tracks.end, left):
        if track.id == CHECKSUM:
            _void(content, track)
        elif track.id == TRACK:
            facts = {part.id: _number(content, part) for part in _elements(content, track.content, track.end, left)}
            if facts.get(TRACK_TYPE, 1) in PLAYED:
                _void_inside(content, track, left)
            else:
                foreign.add(facts.get(TRACK_NUMBER, 0))
                _void(content, track)
    return foreign


def _void_inside(content: mmap.mmap, above: Element, left: list[int]) -> None:
    for element in list(_elements(content, above.content, above.end, left)):
        if element.id in GONE[above.id]:
            _void(content, element)


def _void_blocks(content: mmap.mmap, cluster: Element, foreign: set[int], left: list[int]) -> None:
    for element in list(_elements(content, cluster.content, cluster.end, left)):
        if element.id == CHECKSUM or (
            element.id in {SIMPLE_BLOCK, BLOCK_GROUP} and _track_of(content, element, left) in foreign
        ):
            _void(content, element)


def _track_of(content: mmap.mmap, element: Element, left: list[int]) -> int:
    if element.id == SIMPLE_BLOCK:
        return _sized(content, element.content, element.end)[0]
    inside = _elements(content, element.content, element.end, left)
    return next((_sized(content, each.content, each.end)[0] for each in inside if each.id == BLOCK), 0)


def _void(content: mmap.mmap, element: Element) -> None:
    """Put a void element into its place. The shortest element has two bytes, as has the shortest void."""
    whole = element.end - element.begin
    width = min(LONGEST_VOID_LENGTH, whole - 1)
    length = whole - 1 - width
    size = (length | 1 << 7 * width).to_bytes(width, "big")
    content[element.begin : element.end] = bytes([VOID]) + size + bytes(length)


def _elements(content: mmap.mmap, begin: int, end: int, left: list[int]) -> Iterator[Element]:
    """Yield the elements from `begin` to `end`; `left`: how many more the whole file may have.

    A recording that was cut off ends where the file ends. A live one does not know its lengths: its segment ends with
    the file, its clusters where another element of the segment begins.
    """
    at = begin
    while at < end:
        left[0] -= 1
        if left[0] < 0:
            raise ValueError("too many elements")
        if len(content) == end < at + LONGEST_HEAD:
            return
        id_, length, begin_of_content, is_known = _head(content, at, end)
        until = min(begin_of_content + length, end) if is_known else _end_of(content, id_, begin_of_content, end, left)
        yield Element(id_, at, begin_of_content, until)
        at = until


def _end_of(content: mmap.mmap, id_: int, begin: int, end: int, left: list[int]) -> int:
    """Return where an element of unknown length ends."""
    if id_ != CLUSTER:
        return end
    at = begin
    while at < end:
        inside, length, begin_of_content, is_known = _head(content, at, end)
        left[0] -= 1
        if left[0] < 0:
            raise ValueError("too many elements")
        if inside > 0xFFFFFF or not is_known:  # ids inside a cluster are shorter than those of a segment
            return at
        at = begin_of_content + length
    return end


def _head(content: mmap.mmap, at: int, end: int) -> tuple[int, int, int, bool]:
    """Return id, length, where the content begins, and whether the length is known."""
    width = _width(content, at, end)
    if width > 4:
        raise ValueError("an id that is too long")
    id_ = int.from_bytes(content[at : at + width], "big")
    length, behind = _sized(content, at + width, end)
    unknown = (1 << 7 * (behind - at - width)) - 1
    return id_, length, behind, length != unknown


def _sized(content: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """Return the number at a place, and where it ends."""
    width = _width(content, at, end)
    return int.from_bytes(content[at : at + width], "big") & (1 << 7 * width) - 1, at + width


def _width(content: mmap.mmap, at: int, end: int) -> int:
    """Return how many bytes a number has: its first byte says it by its zeros."""
    if at >= end:
        raise ValueError("an element that does not fit")
    width = 9 - content[at].bit_length()
    if width > 8 or at + width > end:
        raise ValueError("an element that does not fit")
    return width


def _number(content: mmap.mmap, element: Element) -> int:
    return int.from_bytes(content[element.content : min(element.end, element.content + 8)], "big")
