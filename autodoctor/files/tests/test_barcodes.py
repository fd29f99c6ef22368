"""Barcodes in frames of a camera, read in the process for pictures; and frames that are none."""

import io
import json
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from PIL import Image

from autodoctor.files import errors, image_worker, images
from tests.kit.barcodes import FORMATS, VIN, as_jpeg, barcode, seen


@pytest.mark.parametrize("format_", FORMATS)
def test_a_barcode_is_read_as_a_phone_sees_it(format_: str) -> None:
    picture = seen(barcode(format_=format_), turned=7, blur=1.0, noise=24)
    assert images.barcodes_in(as_jpeg(picture)) == [VIN]


@pytest.mark.parametrize("turned", [0, 90, 180, -14])
def test_a_barcode_is_read_from_every_side(turned: float) -> None:
    picture = seen(barcode(), size=(960, 960), turned=turned)
    assert image_worker_reads(as_jpeg(picture)) == [VIN]


def test_several_barcodes_of_a_sticker_are_all_read() -> None:
    sticker = Image.new("L", (960, 700), 255)
    sticker.paste(seen(barcode(), size=(960, 300)), (0, 0))
    sticker.paste(seen(barcode("PAINT-8P4", "QRCode"), size=(960, 300)), (0, 350))
    assert sorted(image_worker_reads(as_jpeg(sticker))) == [VIN, "PAINT-8P4"]


def test_a_frame_without_a_barcode_holds_none() -> None:
    assert image_worker_reads(as_jpeg(Image.new("L", (640, 360), 120))) == []


def test_a_long_text_of_a_barcode_is_cut_off() -> None:
    long = "x" * 900
    found = image_worker_reads(as_jpeg(seen(barcode(long, "QRCode", scale=5), size=(1000, 1000))))
    assert found == [long[: image_worker.MOST_CHARACTERS]]


def huge_png() -> bytes:
    """Return a PNG of few bytes that claims 30,000 × 30,000 pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    pieces = (struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in (head, data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("L", (64, 64)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (huge_png(), "wrong_type"),
        (as_jpeg(Image.new("L", (2000, 1500))), "wrong_type"),
        (b"\xff\xd8\xff" + bytes(300), "wrong_type"),
        (b"\x89PNG\r\n\x1a\n" + b"IHDR" * 9, "wrong_type"),
        (gif(), "wrong_type"),
        (b"%PDF-1.7", "wrong_type"),
        (b"", "wrong_type"),
        (b"\xff\xd8\xff" + bytes(images.MAX_FRAME_BYTES), "wrong_type"),
    ],
    ids=["bomb", "too-many-pixels", "cut-off-jpeg", "broken-png", "another-format", "no-picture", "empty", "too-large"],
)
def test_what_is_no_frame_of_a_camera_is_refused(frame: bytes, code: str) -> None:
    with pytest.raises(errors.FileRefused) as refused:
        images.barcodes_in(frame)
    assert (refused.value.code, refused.value.status) == (code, 415)


def test_only_one_frame_is_read_at_a_time_and_uploads_do_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "FRAME_PATIENCE_SECONDS", 0.0)
    with images._turn_of_a_frame():
        with pytest.raises(errors.FileRefused) as refused:
            images.barcodes_in(as_jpeg(Image.new("L", (64, 64))))
        assert refused.value.status == 503
        with images.turn():
            pass  # an upload has its turn meanwhile


def test_a_frame_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "FRAME_SECONDS", 0.001)
    with pytest.raises(errors.FileRefused) as refused:
        images.barcodes_in(as_jpeg(seen(barcode())))
    assert refused.value.status == 415
    with images._turn_of_a_frame():
        pass  # its turn is free again


def test_the_reader_of_frames_has_less_memory_than_that_of_pictures(tmp_path: Path) -> None:
    source = tmp_path / "frame"
    source.write_bytes(as_jpeg(seen(barcode())))
    done: subprocess.CompletedProcess[bytes] = images._run("barcodes", source, seconds=30)
    assert (done.returncode, json.loads(done.stdout)) == (0, [VIN])
    assert image_worker.FRAME_MEMORY_BYTES < image_worker.MEMORY_BYTES


def image_worker_reads(frame: bytes) -> list[str]:
    """Read in this process: to start one for each picture would take most of the time."""
    return image_worker.barcodes(io.BytesIO(frame))
