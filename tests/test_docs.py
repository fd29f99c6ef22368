"""Documentation names what exists: every path in backticks is a file or a folder of the repository."""

import re
from collections import Counter
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from tests.test_project import ROOT, files
from tests.test_security_document import functions_in

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda path: str(path.relative_to(ROOT)))
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
LOOKS_LIKE_A_PATH = re.compile(r"/|\w\.(?:py|js|ts|md|txt|html|css|toml|json|yml|typ)$")
# What a command makes, the example of a new rule, a layout that was rejected, a type of a mail.
NOT_OF_THE_REPOSITORY = {
    "CONTRIBUTING.md": {"autodoctor/sessions/templates/sessions/mail/customer_key.txt"},
    "docs/decisions/0009-mail.md": {"multipart/related"},
    "docs/decisions/0012-layout-by-capability-and-layer.md": {"models/", "services/", "views/"},
    "docs/performance.md": {".artifacts/bench/"},
    "docs/production.md": {".bundles/", "files/incoming", "manifest.json"},
    "docs/testing.md": {".artifacts/chaos/", ".artifacts/pages/", ".artifacts/pages/sheet.html"},
}
FAULTS_AND_ATTACKS = (ROOT / "docs" / "faults-and-attacks.md").read_text()
TEST = re.compile(r"`((?:tests|autodoctor)/[\w/]+\.py)::(\w+)`")
WAYS = ("message", "payment", "file", "deadline")


def named_tests() -> list[tuple[str, str]]:
    return sorted(set(TEST.findall(FAULTS_AND_ATTACKS)))


@cache
def known_paths() -> frozenset[str]:
    """Return every tail of every path: `room/hub/` and `sockets.py` are tails of `autodoctor/room/hub/sockets.py`."""
    paths = [PurePosixPath(path.relative_to(ROOT)) for path in files()]
    folders = {folder for path in paths for folder in path.parents}
    return frozenset("/".join(path.parts[start:]) for path in [*paths, *folders] for start in range(len(path.parts)))


def paths_in(text: str) -> list[str]:
    return [path for path in PATH.findall(text) if LOOKS_LIKE_A_PATH.search(path)]


def unknown_paths(text: str) -> set[str]:
    return {path for path in paths_in(text) if path.rstrip("/") not in known_paths()}


def section(title: str) -> str:
    """The text of ARCHITECTURE.md under this heading."""
    found = re.search(
        rf"^## {title}\n(.*?)(?=^## |\Z)", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert found
    return found[1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_in_a_document_exists(document: Path) -> None:
    made = NOT_OF_THE_REPOSITORY.get(str(document.relative_to(ROOT)), set())
    assert unknown_paths(document.read_text()) == made


def test_a_path_that_does_not_exist_is_found() -> None:
    assert unknown_paths("`room/hub/`, `room/hub/telegraph.py`, `telegraph.js` and `session.started`") == {
        "room/hub/telegraph.py",
        "telegraph.js",
    }


@pytest.mark.parametrize(("path", "name"), named_tests(), ids=lambda part: part)
def test_every_fault_and_attack_names_tests_that_exist(path: str, name: str) -> None:
    assert name in functions_in(path)


def test_every_row_of_faults_and_attacks_names_a_test() -> None:
    rows = [line for line in FAULTS_AND_ATTACKS.splitlines() if line.startswith("| ") and "| shown by |" not in line]
    assert len(rows) > 50
    assert [row for row in rows if not TEST.search(row)] == []


@pytest.mark.parametrize("way", WAYS)
def test_a_way_in_the_architecture_names_each_module_at_most_twice(way: str) -> None:
    modules = [path for path in paths_in(section(f"The way of one {way}")) if not path.endswith("/")]
    assert len(set(modules)) > 3
    assert max(Counter(PurePosixPath(module).name for module in modules).values()) <= 2
