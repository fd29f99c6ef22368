"""Blank the descriptions of sound files in place: MP3 and AAC, FLAC, WAV. The sound keeps its bytes and its offsets."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TAG_HEAD = 10  # bytes, of an ID3 tag
_OLD_TAG = 128  # bytes at the end, which begin with TAG
_NO_GENRE = b"\xff"  # the last of them
_APE_FOOT = 32  # bytes, at the end of an APE tag
_MOST_TAGS = 100

# FLAC: blocks before the sound. The sound's own description and where to seek stay; comments, pictures, what programs
# added become padding.
_FLAC_NEEDED = {0, 3}
_FLAC_PADDING = 1
_LAST = 0x80  # marks the last block

# WAV: the form of the sound, the sound, and where large files keep their sizes. Notes, names, positions become junk.
_WAV_NEEDED = {b"fmt ", b"data", b"fact", b"ds64", b"JUNK", b"wavl", b"slnt"}


@contextmanager
def opened(path: Path) -> Iterator[mmap.mmap]:
    """Yield the bytes of the file, to be changed in place."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        yield content


def blank_mp3(path: Path) -> None:
    """Leave tags of padding only; the sound begins where it did. AAC has the same tags."""
    with opened(path) as content:
        _blank_first_tags(content)
        end = _blank_old_tag(content)
        _blank_ape_tag(content, end)


def _blank_first_tags(content: mmap.mmap) -> None:
    at = 0
    for _number in range(_MOST_TAGS):
        if content[at : at + 3] != b"ID3" or at + _TAG_HEAD > len(content):
            return
        length = sum(
            (byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(content[at + 6 : at + _TAG_HEAD]))
        )
        has_foot = bool(content[at + 5] & 0x10)
        end = min(at + _TAG_HEAD + length + (_TAG_HEAD if has_foot else 0), len(content))
        content[at + 5 : at + 6] = b"\0"  # no flags: neither an extended head nor a foot
        content[at + _TAG_HEAD : end] = bytes(end - at - _TAG_HEAD)
        at = end


def _blank_old_tag(content: mmap.mmap) -> int:
    """Return where the file ends without it."""
    at = len(content) - _OLD_TAG
    if at <= 0 or content[at : at + 3] != b"TAG":
        return len(content)
    content[at + 3 :] = bytes(_OLD_TAG - 4) + _NO_GENRE
    return at


def _blank_ape_tag(content: mmap.mmap, end: int) -> None:
    foot = end - _APE_FOOT
    if foot <= 0 or content[foot : foot + 8] != b"APETAGEX":
        return
    begin = max(0, end - int.from_bytes(content[foot + 12 : foot + 16], "little"))
    if content[begin - _APE_FOOT : begin - _APE_FOOT + 8] == b"APETAGEX":
        begin -= _APE_FOOT
    content[begin:end] = bytes(end - begin)


def blank_flac(path: Path) -> None:
    """Raises `ValueError` for blocks that do not fit."""
    with opened(path) as content:
        at, is_last = 4, False
        while not is_last:
            kind, length = content[at : at + 1], int.from_bytes(content[at + 1 : at + 4], "big")
            end = at + 4 + length
            if not kind or end > len(content):
                raise ValueError("a block that does not fit")
            is_last = bool(kind[0] & _LAST)
            if kind[0] & ~_LAST not in _FLAC_NEEDED:
                content[at : at + 1] = bytes([kind[0] & _LAST | _FLAC_PADDING])
                content[at + 4 : end] = bytes(length)
            at = end
        _blank_old_tag(content)


def blank_wav(path: Path) -> None:
    """A recording that was cut off in its last chunk stays as long as it is."""
    with opened(path) as content:
        at = 12
        while at + 8 <= len(content):
            name, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
            end = min(at + 8 + length, len(content))
            kind = content[at + 8 : at + 12] if name == b"LIST" else name
            if kind not in _WAV_NEEDED:
                content[at : at + 4] = b"JUNK"
                content[at + 8 : end] = bytes(end - at - 8)
            at = end + length % 2
