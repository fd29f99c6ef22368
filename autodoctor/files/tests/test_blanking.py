"""Positions in recordings and papers that keep their bytes."""

import struct
from pathlib import Path

import pytest

from autodoctor.files import blanking, mp4_metadata
from autodoctor.files.tests.samples import PDF, box, photo

PLACE = b"N52 31.203 E013 24.600"


def blanked(tmp_path: Path, content: bytes, content_type: str = "video/mp4") -> bytes:
    path = tmp_path / "file"
    path.write_bytes(content)
    blanking.blank(path, content_type)
    found = path.read_bytes()
    assert len(found) == len(content)
    return found


def table(name: bytes, *numbers: int) -> bytes:
    return box(name, bytes(4) + struct.pack(f">{len(numbers)}I", *numbers))


def track(handler: bytes, offset: int, sizes: list[int]) -> bytes:
    stbl = table(b"stco", 1, offset) + table(b"stsc", 1, 1, len(sizes), 1) + table(b"stsz", 0, len(sizes), *sizes)
    mdia = box(b"hdlr", bytes(8) + handler + bytes(13)) + box(b"minf", box(b"stbl", stbl))
    return box(b"trak", box(b"mdia", mdia))


FTYP = box(b"ftyp", b"mp42" + bytes(4) + b"isom")


@pytest.mark.parametrize("name", [b"gps ", b"free", b"skip", b"GPS0"])
def test_mp4_boxes_without_use_for_players_are_blanked(tmp_path: Path, name: bytes) -> None:
    moov = box(b"moov", box(b"mvhd", bytes(100)) + box(name, PLACE))
    found = blanked(tmp_path, FTYP + moov + box(name, PLACE) + box(b"mdat", b"pictures"))
    assert PLACE not in found
    assert b"pictures" in found


def test_free_gps_blocks_between_pictures_are_blanked(tmp_path: Path) -> None:
    block = struct.pack(">I", 512) + b"freeGPS " + PLACE.ljust(500)
    found = blanked(tmp_path, FTYP + box(b"moov", bytes(0)) + box(b"mdat", b"before" + block + b"after"))
    assert PLACE not in found
    assert b"before" in found
    assert b"after" in found


@pytest.mark.parametrize("before_end", [0, 1, 3, 4, 5, 8, 11, 12, 300, 2000])
def test_a_free_gps_block_is_blanked_where_one_searched_window_meets_the_next(tmp_path: Path, before_end: int) -> None:
    block = struct.pack(">I", 1024) + b"freeGPS " + PLACE.ljust(1012)
    start = FTYP + box(b"moov", bytes(0))
    filler = b"-" * (mp4_metadata.WINDOW - before_end - len(start) - 8)
    found = blanked(tmp_path, start + box(b"mdat", filler + block + block + b"after"))
    assert PLACE not in found
    assert found.endswith(struct.pack(">I", 1024) + b"free" + bytes(1016) + b"after")


@pytest.mark.parametrize("handler", [b"meta", b"text", b"sbtl", b"camm"])
def test_mp4_track_of_positions_is_blanked_with_its_samples(tmp_path: Path, handler: bytes) -> None:
    at = len(FTYP) + 8  # the first byte of what `mdat` holds
    mdat = box(b"mdat", b"PICTURE" + PLACE + b"SOUND")
    picture, place = track(b"vide", at, [7]), track(handler, at + 7, [10, len(PLACE) - 10])
    found = blanked(tmp_path, FTYP + mdat + box(b"moov", box(b"mvhd", bytes(100)) + picture + place))
    assert PLACE not in found
    assert b"PICTURE" in found
    assert b"SOUND" in found
    assert (found.count(b"trak"), handler in found) == (1, False)


@pytest.mark.parametrize("count", [2, 2**31])
def test_mp4_with_broken_sample_tables_is_refused(tmp_path: Path, count: int) -> None:
    stbl = box(b"stbl", table(b"stco", count, 1) + table(b"stsz", 0, 1, 1) + table(b"stsc", 1, 1, 1, 1))
    mdia = box(b"mdia", box(b"hdlr", bytes(8) + b"meta" + bytes(13)) + box(b"minf", stbl))
    with pytest.raises(ValueError, match=r"table|entries"):
        blanked(tmp_path, FTYP + box(b"moov", box(b"trak", mdia)))


def test_a_pdf_loses_its_description_and_what_cameras_wrote_into_its_photos(tmp_path: Path) -> None:
    jpeg = photo()
    assert b"Secret Camera Company" in jpeg
    packet = b"<x:xmpmeta><exif:GPSLatitude>52,31N</exif:GPSLatitude></x:xmpmeta>"
    found = blanked(tmp_path, PDF + packet + jpeg + b"%%EOF", "application/pdf")
    assert b"GPSLatitude" not in found
    assert b"Secret Camera Company" not in found
    assert found.startswith(PDF)


def test_an_mp3_loses_its_tags_and_keeps_its_sound(tmp_path: Path) -> None:
    tag = b"ID3\x04\0\0" + bytes([0, 0, 0, len(PLACE)]) + PLACE
    sound, old = b"\xff\xfb\x90\0" + b"sound" * 40, b"TAG" + PLACE.ljust(125)
    found = blanked(tmp_path, tag + sound + old, "audio/mpeg")
    assert PLACE not in found
    assert found[len(tag) : len(tag) + len(sound)] == sound
