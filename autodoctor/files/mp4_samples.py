"""Where the samples of an MP4 track lie in the file: from its tables of chunks and sizes."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from autodoctor.files.mp4_boxes import MOST_BOXES, Box, boxes

WAY = (b"mdia", b"minf", b"stbl")
MOST_SAMPLES = 1_000_000


def ranges(file: BinaryIO, track: Box, size: int) -> list[tuple[int, int]]:
    """Return begin and end of each chunk of samples, inside the file. Raises `ValueError` for broken tables."""
    tables = _tables(file, track)
    try:
        offsets = _offsets(tables)
        found = list(zip(offsets, _chunk_sizes(tables, len(offsets)), strict=False))
    except struct.error as error:
        raise ValueError("a table that does not fit") from error
    return [(begin, min(begin + length, size)) for begin, length in found if begin < size]


def _tables(file: BinaryIO, track: Box) -> dict[bytes, bytes]:
    inside, left = [track], [MOST_BOXES]
    for name in WAY:
        inside = [box for each in inside for box in boxes(file, each.content, each.end, left) if box.name == name]
    return {box.name: _content(file, box) for each in inside for box in boxes(file, each.content, each.end, left)}


def _content(file: BinaryIO, box: Box) -> bytes:
    file.seek(box.content)
    return file.read(box.end - box.content)


def _offsets(tables: dict[bytes, bytes]) -> list[int]:
    if b"co64" in tables:
        return _numbers(tables[b"co64"], "Q", at=8, count=_count(tables[b"co64"]))
    narrow = tables.get(b"stco", bytes(8))
    return _numbers(narrow, "I", at=8, count=_count(narrow))


def _chunk_sizes(tables: dict[bytes, bytes], chunks: int) -> Iterator[int]:
    """Yield the bytes of each chunk."""
    sizes, at = _sample_sizes(tables.get(b"stsz", bytes(12))), 0
    for samples in _samples_in_chunks(tables.get(b"stsc", bytes(8)), chunks):
        yield sum(sizes[at : at + samples])
        at += samples


def _sample_sizes(table: bytes) -> list[int]:
    same, count = struct.unpack_from(">II", table, 4)
    if count > MOST_SAMPLES:
        raise ValueError("too many samples")
    return [same] * count if same else _numbers(table, "I", at=12, count=count)


def _samples_in_chunks(table: bytes, chunks: int) -> Iterator[int]:
    """Yield how many samples each chunk has: an entry counts from its first chunk until the next entry."""
    entries = _numbers(table, "I", at=8, count=3 * _count(table))
    firsts = [*entries[::3][1:], chunks + 1]
    for first, samples, until in zip(entries[::3], entries[1::3], firsts, strict=True):
        for _chunk in range(first, min(until, chunks + 1)):
            yield samples


def _count(table: bytes) -> int:
    return int(struct.unpack_from(">I", table, 4)[0])


def _numbers(table: bytes, kind: str, *, at: int, count: int) -> list[int]:
    if count > 3 * MOST_SAMPLES:
        raise ValueError("too many entries")
    return list(struct.unpack_from(f">{count}{kind}", table, at))
