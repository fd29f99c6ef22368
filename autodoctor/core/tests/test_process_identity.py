"""Who a process is, and whether another one has died."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from autodoctor.core import process_identity
from autodoctor.core.process_identity import identity, is_dead

CHILD = """
import sys
from pathlib import Path
from django.conf import settings
settings.configure(DATA=Path(sys.argv[1]))
from autodoctor.core.process_identity import identity
print(identity(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory, and a process that has no name yet."""
    settings.DATA = tmp_path
    own: dict[str, int] = {}
    monkeypatch.setattr(process_identity, "_own", own)
    yield tmp_path
    for file in own.values():
        os.close(file)


def start(data: Path) -> "tuple[subprocess.Popen[str], str]":
    """Another process with that data directory, and its name."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    return child, child.stdout.readline().strip()


def test_a_process_keeps_its_name_and_is_alive(folder: Path) -> None:
    assert identity() == identity()
    assert not is_dead(identity())


def test_another_process_is_alive_until_it_dies_however_it_dies(folder: Path) -> None:
    child, name = start(folder)
    assert name != identity()
    assert not is_dead(name)
    child.kill()
    child.communicate()
    assert is_dead(name)


def test_a_process_with_another_data_directory_is_never_counted_as_dead(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A container of its own: the same host name, the same process number, another file system."""
    child, name = start(tmp_path_factory.mktemp("elsewhere"))
    child.kill()
    child.communicate()
    assert not is_dead(name)


@pytest.mark.parametrize("name", ["", "..", "../secret-key", "host:1", "0123456789abcdeg", "0" * 16])
def test_an_invalid_process_identity_is_never_dead(folder: Path, name: str) -> None:
    (folder / "secret-key").touch()
    assert not is_dead(name)


def test_a_forked_process_has_an_identity_of_its_own(folder: Path) -> None:
    mine = identity()
    receive, send = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(send, identity().encode())
        os._exit(0)
    os.waitpid(pid, 0)
    forked = os.read(receive, 99).decode()
    assert forked != mine
    assert is_dead(forked)
    assert identity() == mine


def test_identity_files_of_processes_that_died_long_ago_are_deleted(folder: Path) -> None:
    dead, name = start(folder)
    dead.kill()
    dead.communicate()
    alive, other = start(folder)
    long_ago = time.time() - process_identity.FORGOTTEN_AFTER_SECONDS - 60
    for file in (folder / "processes").iterdir():
        os.utime(file, (long_ago, long_ago))
    mine = identity()
    assert {file.name for file in (folder / "processes").iterdir()} == {other, mine}
    assert not is_dead(name)
    alive.kill()
    alive.communicate()
    assert is_dead(other)
