"""Ingesting files of every type, on both stores."""

import errno
import hashlib
import io
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from PIL import Image

from autodoctor.accounts.models import User
from autodoctor.files import errors, images, ingest, jobs, listing, storage
from autodoctor.files.models import StoredFile
from autodoctor.files.tests import samples
from autodoctor.files.tests.samples import PDF, film, office, packed, photo, picture, position_in, upload, wav
from autodoctor.scheduler.models import Job

pytestmark = pytest.mark.usefixtures("each_store")
OWNER = UUID(int=7)
OPEN_TEXT = b"application/vnd.oasis.opendocument.text"


def take(user: User, name: str, content: bytes, declared: str = "") -> StoredFile:
    with ingest.received(upload(name, content, declared), now=timezone.now()) as file:
        return ingest.save(file, owner_id=OWNER, uploader=user)


def refusal(user: User, name: str, content: bytes) -> str:
    with pytest.raises(errors.FileRefused) as refused:
        take(user, name, content)
    assert not StoredFile.objects.exists()
    assert objects() == set()
    return refused.value.code


def content_of(file: StoredFile, *, thumbnail: bool = False) -> bytes:
    with listing.open_file(file, thumbnail=thumbnail) as opened:
        return opened.read()


def objects() -> set[str]:
    return {key for hour in storage.hours() for key in storage.keys_of(hour)}


@pytest.mark.parametrize(
    ("name", "content", "kind", "content_type"),
    [
        ("report.pdf", PDF, "pdf", "application/pdf"),
        ("notes.txt", "Zündkerzen: 4 × 0,8 mm\n".encode(), "text", "text/plain; charset=utf-8"),
        ("codes.csv", b"P0301;misfire\r\n", "text", "text/plain; charset=utf-8"),
        ("idle.wav", wav(), "audio", "audio/wav"),
        ("idle.m4a", film(b"M4A "), "audio", "audio/mp4"),
        ("idle.mp3", b"ID3\x04" + bytes(100), "audio", "audio/mpeg"),
        ("clip.mp4", film(), "video", "video/mp4"),
        ("clip.mov", film(b"qt  "), "video", "video/quicktime"),
        ("clip.3gp", film(b"3gp4"), "video", "video/3gpp"),
    ],
)
def test_an_allowed_file_is_stored_unchanged(
    customer: User, name: str, content: bytes, kind: str, content_type: str
) -> None:
    file = take(customer, name, content)
    assert (file.name, file.kind, file.content_type, file.size) == (name, kind, content_type, len(content))
    assert (file.width, file.height, file.thumbnail_key) == (None, None, "")
    assert content_of(file) == content
    assert objects() == {file.key}


@pytest.mark.parametrize(
    ("name", "folder", "content_type"),
    [
        ("quote.docx", "word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("parts.xlsx", "xl", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_office_file_is_stored_with_its_parts(customer: User, name: str, folder: str, content_type: str) -> None:
    file = take(customer, name, office(folder))
    assert (file.name, file.kind, file.content_type) == (name, "document", content_type)
    with zipfile.ZipFile(io.BytesIO(content_of(file))) as archive:
        assert archive.read(f"{folder}/document.xml") == b"<x/>"


# Made by the test: every process that only collects tests would have to pack 200 MB.
BROKEN: dict[str, Callable[[], bytes]] = {
    "damaged": lambda: office("word")[:-40],
    "much more": lambda: packed({"[Content_Types].xml": b"", "word/document.xml": bytes(200 << 20)}, compressed=True),
    "password": lambda: packed({"mimetype": OPEN_TEXT, "META-INF/manifest.xml": b"<m:encryption-data/>"}),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_office_file_that_cannot_be_cleaned_is_refused_with_the_reason(customer: User, sentence: str) -> None:
    with pytest.raises(errors.FileRefused) as refused:
        take(customer, "a.docx", BROKEN[sentence]())
    assert (refused.value.status, sentence in refused.value.detail) == (415, True)
    assert objects() == set()


@pytest.mark.parametrize(
    ("name", "content", "stored_as", "content_type"),
    [
        ("memo.m4a", samples.tracks(b"soun"), "memo.m4a", "audio/mp4"),
        ("memo.m4a", samples.tracks(b"soun", brand=b"isom"), "memo.m4a", "audio/mp4"),
        ("memo", samples.tracks(b"soun"), "memo.m4a", "audio/mp4"),
        ("memo.m4a", samples.tracks(b"soun", b"meta"), "memo.m4a", "audio/mp4"),
        ("memo.m4a", samples.tracks(b"soun", brand=b"qt  "), "memo.m4a", "audio/mp4"),
        ("call.3gp", samples.tracks(b"soun", brand=b"3gp4"), "call.3gp", "audio/3gpp"),
        ("clip.mp4", samples.tracks(b"soun", b"vide"), "clip.mp4", "video/mp4"),
        ("clip.mp4", samples.tracks(b"vide"), "clip.mp4", "video/mp4"),
        ("clip.mov", samples.tracks(b"vide", b"soun", b"meta", brand=b"qt  "), "clip.mov", "video/quicktime"),
    ],
)
def test_the_tracks_decide_whether_a_recording_is_sound_or_film(
    customer: User, name: str, content: bytes, stored_as: str, content_type: str
) -> None:
    """An Android voice memo has the brand of a film."""
    file = take(customer, name, content)
    assert (file.name, file.kind, file.content_type) == (stored_as, content_type.partition("/")[0], content_type)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8", "utf-8-sig"])
def test_a_log_is_stored_in_utf_8_whatever_the_scan_tool_writes(customer: User, encoding: str) -> None:
    text = "P0128;Kühlmittel;Temperatur 61 °C\r\nP0301;ok\r\n"
    file = take(customer, "scan.log", text.encode(encoding))
    assert (file.kind, file.content_type) == ("text", "text/plain; charset=utf-8")
    assert content_of(file).decode("utf-8-sig") == text


def test_sixteen_bits_of_gray_keep_their_shades(customer: User) -> None:
    shades = Image.new("I;16", (256, 40))
    for column in range(256):
        shades.paste(column * 257, (column, 0, column + 1, 40))
    out = io.BytesIO()
    shades.save(out, "PNG")
    shown = picture(content_of(take(customer, "borescope.png", out.getvalue()))).convert("L")
    assert [shown.getpixel((column, 20)) for column in (0, 64, 128, 255)] == [0, 64, 128, 255]


def test_a_recording_of_a_browser_is_what_it_is_declared_to_be(customer: User) -> None:
    webm = samples.webm(bytes(200))
    assert take(customer, "a.webm", webm, "audio/webm;codecs=opus").content_type == "audio/webm"
    assert take(customer, "a.webm", webm, "video/webm").content_type == "video/webm"
    assert take(customer, "a.webm", webm, "text/html").content_type == "video/webm"
    assert take(customer, "a.webm", samples.webm(b"A_OPUS"), "video/webm").content_type == "audio/webm"
    assert take(customer, "a.webm", samples.webm(b"V_VP9 A_OPUS"), "video/webm").content_type == "video/webm"


@pytest.mark.parametrize("format_", ["JPEG", "HEIF", "WEBP", "AVIF"])
def test_a_photo_becomes_a_jpeg_without_its_position(customer: User, format_: str) -> None:
    content = photo(format_)
    assert position_in(content)
    file = take(customer, f"IMG_0042.{format_}", content)
    assert (file.kind, file.content_type, file.name) == ("image", "image/jpeg", "IMG_0042.jpg")
    assert (file.width, file.height, file.size) == (640, 480, len(content_of(file)))
    for stored in (content_of(file), content_of(file, thumbnail=True)):
        assert picture(stored).format == "JPEG"
        assert not position_in(stored)
        assert not picture(stored).getexif()
        assert b"Exif" not in stored
        assert b"Secret Camera" not in stored
    assert picture(content_of(file, thumbnail=True)).size == (480, 360)


@pytest.mark.parametrize("brand", [b"mp42", b"qt  ", b"M4A ", b"3gp4"])
def test_a_recording_loses_its_position_and_nothing_else(customer: User, brand: bytes) -> None:
    content = film(brand, position="+52.5200+013.4050/")
    stored = content_of(take(customer, "a.mp4", content))
    assert b"+52.52" not in stored
    assert b"xyz" not in stored
    assert len(stored) == len(content)
    begin, end = content.index(b"mvhd"), content.index(b"udta")
    assert stored[:begin] == content[:begin]
    assert stored[begin:end] == content[begin:end]
    assert stored[content.index(b"mdat") :] == content[content.index(b"mdat") :]


def test_a_damaged_recording_is_refused(customer: User) -> None:
    for content in (
        film()[:-10],
        film() + samples.box(b"moov", b"\0\0\0\2wrong"),
        film() + samples.box(b"moov", samples.nested(b"trak", 50)),
        film() + samples.box(b"moov", samples.box(b"free", b"") * 20_000),
    ):
        assert refusal(customer, "a.mp4", content) == "wrong_type"


def test_a_photo_is_turned_upright(customer: User) -> None:
    for orientation, size in ((3, (640, 480)), (6, (480, 640)), (8, (480, 640))):
        shown = picture(content_of(take(customer, "a.jpg", photo(orientation=orientation))))
        assert shown.size == size
        corners = {(0, 0): 1, (1, 0): 6, (1, 1): 3, (0, 1): 8}
        for (right, below), turned in corners.items():
            pixel = shown.getpixel(((size[0] - 20) if right else 20, (size[1] - 20) if below else 20))
            assert isinstance(pixel, tuple)
            assert (pixel[0] > pixel[2]) == (turned == orientation)


def test_a_screenshot_stays_a_png_and_a_photo_in_a_png_does_not(customer: User) -> None:
    screenshot = take(customer, "codes.png", photo("PNG", mode="RGBA"))
    assert (screenshot.content_type, screenshot.name) == ("image/png", "codes.png")
    assert picture(content_of(screenshot)).mode == "RGBA"
    assert not position_in(content_of(screenshot))
    large = take(customer, "photo.png", samples.noise("PNG", (1500, 1300)))
    assert (large.content_type, large.name) == ("image/jpeg", "photo.jpg")


def test_a_huge_photo_is_made_smaller(customer: User) -> None:
    file = take(customer, "a.jpg", photo(size=(5000, 400)))
    assert (file.width, file.height) == (4096, 328)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("a.txt", b"  \n<html><body onload=alert(1)>"),
        ("a.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("a.sh", b"#!/bin/sh\nrm -rf /\n"),
        ("a.exe", b"MZ\x90\x00" + bytes(500)),
        ("a.zip", b"PK\x03\x04" + bytes(500)),
        ("a.docm", office("word", "word/vbaProject.bin")),
        ("a.txt", b"text\x00with a zero"),
        ("a.jpg", photo()[:400]),
        ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(3000)),
        ("a.heic", b"\x00\x00\x00\x18ftypheic" + bytes(400)),
        ("a.mkv", b"\x1a\x45\xdf\xa3\x42\x82\x88matroska" + bytes(100)),
        ("a.bin", bytes(1000)),
        ("a.txt", b""),
    ],
)
def test_unlisted_file_type_is_refused(customer: User, name: str, content: bytes) -> None:
    assert refusal(customer, name, content) == "wrong_type"


def test_more_than_ten_megabytes_are_refused(customer: User) -> None:
    assert refusal(customer, "a.mp4", film(filling=errors.MAX_BYTES)) == "too_large"


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: samples.png_claiming(50_000, 50_000),
        lambda: samples.png_claiming(2_000_000_000, 3),
        lambda: samples.animation(frames=300, size=(1000, 1000)),
        lambda: samples.gif_claiming(65_535, 65_535),
    ],
    ids=["square", "strip", "animation", "claim"],
)
def test_bombs_are_refused_before_they_are_decoded(customer: User, bomb: Callable[[], bytes]) -> None:
    with pytest.raises(errors.FileRefused, match="wrong_type") as refused:
        take(customer, "a.png", bomb())
    assert "too many pixels" in refused.value.detail


def test_the_first_picture_of_a_small_animation_is_kept(customer: User) -> None:
    file = take(customer, "a.gif", samples.animation(frames=5, size=(100, 80)))
    assert (file.content_type, file.width, file.height) == ("image/jpeg", 100, 80)


def test_a_failed_ingest_leaves_no_object(customer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    receiving = ingest.received(upload("a.jpg", photo()), now=timezone.now())
    receiving.__enter__()
    assert len(objects()) == 2
    error = RuntimeError()
    assert not receiving.__exit__(RuntimeError, error, None)
    assert objects() == set()

    whole, tries = storage.put, []

    def second_fails(path: Any, key: str) -> None:
        tries.append(key)
        if len(tries) == 2:
            raise OSError(errno.ENOSPC, "full")
        whole(path, key)

    monkeypatch.setattr(storage, "put", second_fails)
    assert refusal(customer, "a.jpg", photo()) == "no_space"
    assert not list(storage.incoming().iterdir())


def test_a_full_disk_while_a_picture_is_made(customer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def on_a_full_disk(task: str, *paths: Path, seconds: float) -> "subprocess.CompletedProcess[bytes]":
        no_byte = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (0, 0))
        command = [sys.executable, "-I", *map(str, (images.SCRIPT, task, *paths))]
        return subprocess.run(command, capture_output=True, preexec_fn=no_byte, timeout=seconds, check=False)

    monkeypatch.setattr(images, "_run", on_a_full_disk)
    assert refusal(customer, "a.jpg", photo()) == "no_space"


def test_endless_picture_decoding_is_stopped(customer: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (endless := tmp_path / "endless.py").write_text("while True:\n    pass\n")
    monkeypatch.setattr(images, "SCRIPT", endless)
    monkeypatch.setattr(images, "WORK_SECONDS", 0.3)
    assert refusal(customer, "a.jpg", photo()) == "wrong_type"


def test_a_removed_file_is_erased(customer: User) -> None:
    now = timezone.now()
    file, other = take(customer, "a.jpg", photo()), take(customer, "b.pdf", PDF)
    listing.remove(file, now=now)
    with pytest.raises(errors.FileRefused):
        listing.remove(file, now=now)
    assert list(listing.files_of(OWNER)) == [other]
    (job,) = Job.objects.filter(kind=listing.FilesJob.ERASE)
    jobs.erase(job, now)
    assert objects() == {other.key}


def test_nothing_is_left_to_erase_of_a_removed_file_whose_owner_was_forgotten(customer: User) -> None:
    now = timezone.now()
    listing.remove(take(customer, "a.jpg", photo()), now=now)
    listing.forget(OWNER, now=now)
    for kind in (listing.FilesJob.FORGET, listing.FilesJob.ERASE):
        jobs.JOBS[kind].run(Job.objects.get(kind=kind), now)
    assert objects() == set()


def test_file_in_a_summary_cannot_be_removed(customer: User) -> None:
    file = take(customer, "b.pdf", PDF)
    assert listing.keep(OWNER, [file.id]) == [file]
    with pytest.raises(errors.FileRefused, match="file_kept"):
        listing.remove(file, now=timezone.now())
    with pytest.raises(errors.FileRefused, match="file_removed"):
        listing.keep(OWNER, [file.id, uuid4()])
    with pytest.raises(errors.FileRefused, match="file_removed"):
        listing.keep(UUID(int=8), [file.id])


def test_sweep_deletes_stored_objects_without_a_row(customer: User) -> None:
    file = take(customer, "a.jpg", photo())
    orphan = storage.new_key(timezone.now())
    path = storage.incoming() / "made"
    path.write_bytes(b"x")
    storage.put(path, orphan)
    now = timezone.now()
    assert jobs.sweep(now) == 0
    assert jobs.sweep(now + timedelta(hours=4)) == 1
    assert objects() == {file.key, file.thumbnail_key}
    assert jobs.sweep(now + timedelta(hours=4)) == 0
    assert hashlib.sha256(content_of(file)).digest()
