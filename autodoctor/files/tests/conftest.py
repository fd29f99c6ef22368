"""The same tests on both stores."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import Storage, storages
from django.core.management import call_command
from django.test import override_settings
from pytest_django import Settings

from tests.kit.s3 import S3, s3


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[S3]:
    with s3() as server:
        yield server


@pytest.fixture(scope="session")
def kept_bucket(bucket_server: S3) -> Storage:
    """Opening a bucket takes 0.3 s, emptying it nearly nothing."""
    with override_settings(STORAGES=settings.STORAGES | {"files": bucket(bucket_server)}):
        call_command("setup_storage", verbosity=0)
        return storages["files"]


@pytest.fixture(params=["directory", "s3"])
def each_store(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> str:
    """Uploads are kept in an empty directory, then in an empty bucket."""
    kind: str = request.param
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.STORAGES = settings.STORAGES | {"files": folder(tmp_path / "stored")}
    if kind == "s3":
        keep_in(request.getfixturevalue("kept_bucket"))
    else:
        call_command("setup_storage", verbosity=0)
    return kind


def keep_in(opened: Any) -> None:
    """An empty bucket that is open already; until the settings of storages change again, at the test's end."""
    opened.bucket.objects.delete()
    vars(storages)["_storages"]["files"] = opened


def folder(path: Path) -> dict[str, Any]:
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": path}}


def bucket(server: S3) -> dict[str, Any]:
    environment = server.environment()
    return {
        "BACKEND": "autodoctor.files.s3.PrivateBucket",
        "OPTIONS": {
            "bucket_name": environment["S3_BUCKET"],
            "endpoint_url": server.url,
            "region_name": "us-east-1",
            "access_key": environment["S3_ACCESS_KEY_ID"],
            "secret_key": environment["S3_SECRET_ACCESS_KEY"],
            "addressing_style": "path",
        },
    }
