"""Tags, names and positions in recordings as an encoder writes them; their sound and picture stay to the byte."""

import re
import shutil
import struct
from pathlib import Path

import pytest

from autodoctor.files import blanking, file_types, ogg_metadata, webm_metadata
from autodoctor.files.tests.samples import RECORDINGS, wav

SECRET = re.compile(rb"SECRET|52\.5200")
# What begins the media, and stays with all that follows it.
MEDIA = {
    "engine.opus": b"OggS\x00\x04",
    "engine.ogg": b"\x05vorbis",
    "engine-flac.oga": b"\xff\xf8",
    "engine.flac": b"\xff\xf8",
    "engine.mp3": b"\xff\xf3",
    "engine.wav": b"data",
    "live.weba": b"\x1f\x43\xb6\x75",
}


def blanked(tmp_path: Path, name: str, content: bytes | None = None) -> bytes:
    """The file through the same choice of type as an upload's, with the same length."""
    path = tmp_path / name
    if content is None:
        shutil.copy(RECORDINGS / name, path)
    else:
        path.write_bytes(content)
    length, found = path.stat().st_size, file_types.recognize(path, "")
    assert found is not None
    blanking.blank(path, found.content_type)
    assert path.stat().st_size == length
    return path.read_bytes()


@pytest.mark.parametrize("name", sorted(path.name for path in RECORDINGS.iterdir()))
def test_recording_loses_every_tag(tmp_path: Path, name: str) -> None:
    assert SECRET.search((RECORDINGS / name).read_bytes())
    assert not SECRET.search(blanked(tmp_path, name))


@pytest.mark.parametrize(("name", "begins"), MEDIA.items())
def test_recording_keeps_its_sound_to_the_byte(tmp_path: Path, name: str, begins: bytes) -> None:
    before, after = (RECORDINGS / name).read_bytes(), blanked(tmp_path, name)
    at = before.index(begins)
    until = len(before) - 128 if name == "engine.mp3" else before.find(b"LIST", at) if name == "engine.wav" else None
    assert before[at:until] == after[at:until]


def test_webm_keeps_picture_and_sound_and_loses_its_captions(tmp_path: Path) -> None:
    before, after = blocks((RECORDINGS / "engine.webm").read_bytes()), blocks(blanked(tmp_path, "engine.webm"))
    assert {number for number, _data in before} == {1, 2, 3}
    assert [each for each in before if each[0] != 3] == after


def blocks(content: bytes) -> list[tuple[int, bytes]]:
    """Track and content of each block of a file with lengths below 2 to the power of 14."""
    found = []
    for simple in re.finditer(rb"\xa3([\x80-\xff]|[\x40-\x7f].)([\x81-\x83])..\x80", content, re.DOTALL):
        length = int.from_bytes(simple[1], "big") & (0x7F if len(simple[1]) == 1 else 0x3FFF)
        found.append((simple[2][0] & 0x7F, content[simple.start(2) : simple.start(2) + length]))
    groups = re.finditer(rb"\xa0[\x80-\xff]\xa1([\x80-\xff])\x83", content)
    return found + [(3, content[group.end() - 1 :][: group[1][0] & 0x7F]) for group in groups]


@pytest.mark.parametrize("name", ["engine.opus", "engine.ogg", "engine-flac.oga"])
def test_checksum_of_every_ogg_page_is_right(tmp_path: Path, name: str) -> None:
    for content in ((RECORDINGS / name).read_bytes(), blanked(tmp_path, name)):
        pages = [b"OggS" + rest for rest in content.split(b"OggS")[1:]]
        assert len(pages) >= 3
        for page in pages:
            (given,) = struct.unpack_from("<I", page, 22)
            assert ogg_metadata.checksum(page[:22] + bytes(4) + page[26:]) == given


@pytest.mark.parametrize(("name", "head"), [("engine.opus", b"OpusTags"), ("engine.ogg", b"\x03vorbis")])
def test_ogg_comments_have_no_entry_and_fill_their_packet(tmp_path: Path, name: str, head: bytes) -> None:
    after = blanked(tmp_path, name)
    at = after.index(head) + len(head)
    (spaces,) = struct.unpack_from("<I", after, at)
    assert after[at + 4 : at + 4 + spaces] == b" " * spaces
    assert after[at + 4 + spaces : at + 8 + spaces] == bytes(4)


def test_ogg_comments_over_several_pages_and_of_a_second_stream_are_empty(tmp_path: Path) -> None:
    """A cover is a comment of many pages; recordings that were joined have comments each."""
    comments = b"OpusTags" + struct.pack("<IIII", 0, 2, 120_000, 0)[:12] + b"SECRET".ljust(120_000, b"x")
    first = page(b"OpusHead" + bytes(11), flags=2) + paged(comments) + page(b"sound one")
    content = (
        first + page(b"OpusHead" + bytes(11), flags=2, serial=2) + paged(comments, 2) + page(b"sound two", serial=2)
    )
    after = blanked(tmp_path, "a.opus", content)
    assert not SECRET.search(after)
    assert b"xxxx" not in after
    assert (b"sound one" in after, b"sound two" in after) == (True, True)


def page(body: bytes, *, flags: int = 0, serial: int = 1, goes_on: bool = False) -> bytes:
    lengths = [255] * (len(body) // 255) + ([] if goes_on else [len(body) % 255])
    head = b"OggS\0" + bytes([flags]) + bytes(8) + struct.pack("<IIIB", serial, 0, 0, len(lengths))
    whole = head + bytes(lengths) + body
    return whole[:22] + struct.pack("<I", ogg_metadata.checksum(whole)) + whole[26:]


def paged(packet: bytes, serial: int = 1) -> bytes:
    step = 255 * 255
    pieces = [packet[at : at + step] for at in range(0, len(packet), step)]
    return b"".join(page(piece, serial=serial, goes_on=piece is not pieces[-1]) for piece in pieces)


def test_recording_that_was_cut_off_keeps_what_there_is(tmp_path: Path) -> None:
    for name in ("engine.opus", "engine.ogg", "engine.wav", "live.weba", "engine.webm", "engine.mp3"):
        content = (RECORDINGS / name).read_bytes()
        for length in (len(content) * 3 // 4, content.index(b"SECRET") + 30):
            assert not SECRET.search(blanked(tmp_path, name, content[:length]))


@pytest.mark.parametrize("length", [3, 9, 300, 70_000])
def test_void_is_as_long_as_what_it_replaces(tmp_path: Path, length: int) -> None:
    title = b"\x7b\xa9" + struct.pack(">Q", 1 << 56 | length) + b"S" * length
    info = b"\x15\x49\xa9\x66" + struct.pack(">Q", 1 << 56 | len(title)) + title
    segment = b"\x18\x53\x80\x67" + struct.pack(">Q", 1 << 56 | len(info)) + info
    path = tmp_path / "a.webm"
    path.write_bytes(segment)
    webm_metadata.blank_webm(path)
    after = path.read_bytes()
    assert (len(after), b"S" in after[12:]) == (len(segment), False)


def test_wav_keeps_form_and_sound_and_loses_all_else(tmp_path: Path) -> None:
    sound = wav()
    notes = b"".join(name + struct.pack("<I", 6) + b"SECRET" for name in (b"iXML", b"id3 ", b"_PMX"))
    content = sound[:4] + struct.pack("<I", len(sound) + len(notes) - 8) + sound[8:] + notes
    after = blanked(tmp_path, "a.wav", content)
    assert after[: len(sound)] == content[: len(sound)]
    assert not SECRET.search(after)


def test_aac_and_mp3_lose_tags_at_both_ends(tmp_path: Path) -> None:
    sound = b"\xff\xf1\x50\x80" + b"sound" * 40
    tag = b"ID3\x04\0\x10" + bytes([0, 0, 0, 6]) + b"SECRET" + b"3DI\x04\0\x10" + bytes([0, 0, 0, 6])
    item = b"APETAGEX" + struct.pack("<IIII", 2000, 6 + 32, 1, 0) + bytes(8)
    content = tag + tag + sound + b"SECRET" + item
    for content_type in ("audio/aac", "audio/mpeg"):
        path = tmp_path / "a"
        path.write_bytes(content)
        blanking.blank(path, content_type)
        assert not SECRET.search(path.read_bytes())
        assert sound in path.read_bytes()


@pytest.mark.parametrize("content", [b"fLaC", b"fLaC\x84\xff\xff\xff", b"\x1a\x45\xdf\xa3" + bytes(40)])
def test_recording_with_a_broken_head_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="does not fit"):
        blanking.blank(path, "audio/flac" if content.startswith(b"fLaC") else "video/webm")
