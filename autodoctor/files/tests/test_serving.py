"""Serving by signed addresses: content, refusals and headers."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.files import errors, ingest, listing, signed_urls, storage
from autodoctor.files.models import StoredFile
from autodoctor.files.tests.conftest import bucket, folder
from autodoctor.files.tests.samples import PDF, film, photo, upload
from tests.kit.s3 import S3

OWNER = UUID(int=7)


def take(user: User, name: str = "report.pdf", content: bytes = PDF) -> StoredFile:
    with ingest.received(upload(name, content), now=timezone.now()) as file:
        return ingest.save(file, owner_id=OWNER, uploader=user)


def get(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    answer = Client().get(url, headers=headers)
    content = async_to_sync(whole)(answer) if answer.streaming else answer.content
    return answer.status_code, content, dict(answer.headers)


async def whole(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer])


def test_an_address_is_good_for_an_hour_at_most_and_says_nothing_about_anybody(customer: User) -> None:
    file, now = take(customer), timezone.now()
    url = listing.url_of(file, now)
    until = int(url.partition("until=")[2].partition("&")[0])
    assert timedelta(minutes=50) <= timedelta(seconds=until - now.timestamp()) <= timedelta(hours=1)
    assert "report" not in url
    assert str(customer.id) not in url
    assert get(url)[:2] == (200, PDF)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/view/", "/download/"),
        ("/view/", "/thumbnail/"),
        ("until=", "until=1"),
        ("until=", "until=-"),
        ("until=", "until=٣"),
        ("until=", "until=999999999999999999999"),
        ("seal=", "seal=0"),
        ("seal=", "nothing="),
        ("seal=", "seal=&seal="),
    ],
)
def test_an_altered_address_is_refused(customer: User, old: str, new: str) -> None:
    url = listing.url_of(take(customer), timezone.now()).replace(old, new)
    expected = 200 if new == "seal=&seal=" else 403  # the last parameter counts, and is valid
    assert get(url)[0] == expected


def test_signed_address_opens_no_other_file(customer: User) -> None:
    file, other = take(customer), take(customer)
    url = listing.url_of(file, timezone.now())
    assert get(url.replace(str(file.id), str(other.id)))[0] == 403
    assert get(url.replace(str(file.id), str(uuid4())))[0] == 403


def test_an_expired_address_is_refused_and_a_removed_file_is_gone(customer: User) -> None:
    file, now = take(customer), timezone.now()
    assert get(listing.url_of(file, now - timedelta(minutes=61)))[0] == 403
    url = listing.url_of(file, now)
    StoredFile.objects.filter(pk=file.pk).update(removed_at=now)
    assert get(url)[0] == 404


def test_an_address_of_another_key_is_refused(customer: User, settings: Settings) -> None:
    url = listing.url_of(take(customer), timezone.now())
    settings.SECRET_KEY = "another"
    assert get(url)[0] == 403


def test_an_unsafe_type_is_a_download(customer: User) -> None:
    now = timezone.now()
    for name, content, shown in (("a.pdf", PDF, False), ("a.jpg", photo(), True), ("a.mp4", film(), True)):
        file = take(customer, name, content)
        headers = get(listing.url_of(file, now))[2]
        assert headers["Content-Disposition"].startswith("inline" if shown else "attachment")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Content-Security-Policy"].endswith("sandbox")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        forced = get(listing.url_of(file, now, download=True))[2]
        assert forced["Content-Disposition"] == f'attachment; filename="{file.name}"'


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-", 200, 0, 1999),
        ("bytes=0-0", 206, 0, 0),
        ("bytes=100-199", 206, 100, 199),
        ("bytes=1990-5000", 206, 1990, 1999),
        ("bytes=-10", 206, 1990, 1999),
        ("bytes=-5000", 200, 0, 1999),
        ("bytes=5-1", 416, 0, -1),
        ("bytes=2000-", 416, 0, -1),
        ("bytes=-0", 416, 0, -1),
        ("bytes=0-1,5-6", 200, 0, 1999),
        ("bytes=-", 200, 0, 1999),
        ("lines=1-2", 200, 0, 1999),
    ],
)
def test_players_ask_for_parts(customer: User, asked: str, status: int, first: int, last: int) -> None:
    content = film(filling=2000 - len(film(filling=0)))
    url = listing.url_of(take(customer, "a.mp4", content), timezone.now())
    answered, got, headers = get(url, Range=asked)
    assert (answered, got) == (status, content[first : last + 1])
    assert headers["Accept-Ranges"] == "bytes"
    if status == 206:
        assert headers["Content-Range"] == f"bytes {first}-{last}/2000"
    if status == 416:
        assert headers["Content-Range"] == "bytes */2000"


def test_file_address_answers_get_and_head_only(customer: User) -> None:
    url = listing.url_of(take(customer), timezone.now())
    head = Client().head(url)
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", str(len(PDF)))
    for method in ("post", "put", "delete"):
        assert getattr(Client(), method)(url).status_code == 405


def test_address_of_a_file_without_bytes_is_not_found(customer: User) -> None:
    file = take(customer)
    storage.remove(file.key)
    assert get(listing.url_of(file, timezone.now()))[0] == 404


def test_a_bucket_serves_through_its_own_signed_addresses(
    customer: User, settings: Settings, bucket_server: S3
) -> None:
    settings.STORAGES = settings.STORAGES | {"files": bucket(bucket_server)}
    call_command("setup_storage", verbosity=0)
    call_command("setup_storage", verbosity=0)  # may be run again
    file = take(customer, 'a"b.jpg', photo())
    url = listing.url_of(file, timezone.now())
    assert "X-Amz-Expires=3600" in url
    answer = httpx.get(url)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.headers["Content-Disposition"] == 'inline; filename="a b.jpg"'
    assert httpx.get(url.partition("?")[0]).status_code == 403
    ours = f"/files/{file.id}/view/?until={int(timezone.now().timestamp()) + 60}"
    seal = signed_urls.seal(file.id, "view", int(ours.rpartition("=")[2]))
    assert get(f"{ours}&seal={seal}")[0] == 404


def test_unreachable_store_refuses_uploads_and_setup_with_the_reason(settings: Settings, customer: User) -> None:
    settings.STORAGES = settings.STORAGES | {"files": bucket(S3("http://127.0.0.1:1"))}
    with pytest.raises(CommandError, match="did not take it"):
        call_command("setup_storage")
    with pytest.raises(errors.FileRefused, match="unavailable"):
        take(customer)
    assert not StoredFile.objects.exists()


def test_setting_up_a_directory(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = settings.STORAGES | {"files": folder(tmp_path / "new")}
    call_command("setup_storage", verbosity=0)
    assert (tmp_path / "new").is_dir()
