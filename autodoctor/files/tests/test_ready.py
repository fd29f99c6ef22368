"""Whether something could be stored, in either store."""

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from autodoctor.files import storage
from autodoctor.files.tests.conftest import bucket
from tests.kit.s3 import S3


def test_check_passes_for_a_working_store(each_store: str) -> None:
    storage.check()


def test_check_fails_without_space_for_a_file(each_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autodoctor.files.storage.FILE_BYTES", 1 << 62)
    with pytest.raises(OSError, match="no space"):
        storage.check()


def test_check_fails_for_a_directory_without_access(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OSError, match="closed"):
        storage.check()


def test_check_fails_for_a_missing_bucket(bucket_server: S3, settings: Settings, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.STORAGES = settings.STORAGES | {"files": bucket(bucket_server)}
    with pytest.raises(OSError, match="does not answer"):
        storage.check()
