"""Properties of ingest: any content is refused or stored harmless."""

import random
from pathlib import Path

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, example, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from pytest_django import Settings

from autodoctor.files import errors, file_types, ingest, mp4_metadata, signed_urls, storage
from autodoctor.files.models import StoredFile
from autodoctor.files.tests import samples
from autodoctor.files.tests.conftest import folder
from autodoctor.files.tests.samples import PDF, film, office, photo, position_in, upload, wav
from tests.kit.examples import examples

HARMLESS = {type_.content_type for type_ in file_types.TYPES.values()} | {file_types.TEXT.content_type}
PAYLOADS = [
    b"<script>alert(1)</script>",
    b"<svg onload=alert(1)>",
    b"<?php system($_GET[0]);",
    b"%PDF-1.4",
    b"PK\x03\x04",
]
WHOLE = [
    *(photo(format_, (64, 48)) for format_ in ("JPEG", "PNG", "WEBP", "HEIF", "GIF")),
    *(PDF, film(), film(b"qt  ", position="+1+2/"), wav(), office(), b"plain text\n", samples.png_claiming(9, 9)),
    *(path.read_bytes() for path in sorted(samples.RECORDINGS.iterdir())),
]
many = tried(max_examples=examples(60), suppress_health_check=list(HealthCheck), deadline=None)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A real file with bytes changed, cut off, glued on, or put first."""
    content = bytearray(draw(st.sampled_from(WHOLE)))
    if draw(st.booleans()):
        chance = random.Random(draw(st.integers(0, 2**32)))
        for _ in range(draw(st.integers(1, 20))):
            content[chance.randrange(len(content))] = chance.randrange(256)
    if draw(st.booleans()):
        content = content[: draw(st.integers(0, len(content)))]
    payload = draw(st.sampled_from([b"", *PAYLOADS]))
    return payload + bytes(content) if draw(st.booleans()) else bytes(content) + payload


def check(name: str, declared: str, content: bytes) -> None:
    try:
        file = ingest.take(upload(name, content, declared), now=timezone.now())
    except errors.FileRefused as refused:
        if refused.code != "wrong_type":
            raise
    else:
        check_harmless(file)


def check_harmless(file: StoredFile) -> None:
    assert file.content_type in HARMLESS
    assert file.content_type != "image/svg+xml"
    if file.kind != "image":
        shown = signed_urls.disposition(file, signed_urls.VIEW).startswith("inline")
        assert shown == (file.kind in {"audio", "video"})
        return
    for key in (file.key, file.thumbnail_key):
        with storage.open_object(key) as opened:
            content = opened.read()
        assert not any(payload in content for payload in PAYLOADS)
        assert not position_in(content)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, settings: Settings) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.STORAGES = settings.STORAGES | {"files": folder(tmp_path / "stored")}


@many
@given(spoiled(), st.sampled_from(["a.jpg", "a.html", "a.svg", "a.mp4", "../a"]), st.sampled_from(["", "text/html"]))
@example(photo() + b"<script>alert(1)</script>", "a.html", "text/html")
def test_a_spoiled_file_is_refused_or_harmless(content: bytes, name: str, declared: str) -> None:
    check(name, declared, content)


@many
@given(st.binary(max_size=2000), st.sampled_from(["image/jpeg", "text/html", "nonsense"]))
def test_random_bytes_are_refused_or_harmless(content: bytes, declared: str) -> None:
    check("a.jpg", declared, content)


@many
@given(st.binary(max_size=4000), st.binary(max_size=200))
def test_blanking_moves_nothing(tmp_path_factory: pytest.TempPathFactory, inside: bytes, position: bytes) -> None:
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    content = film() + samples.box(b"moov", samples.box(b"udta", position) + inside)
    path.write_bytes(content)
    try:
        mp4_metadata.blank_metadata(path)
    except ValueError:
        return
    after = path.read_bytes()
    assert len(after) == len(content)
    assert after[: len(film())] == film()
