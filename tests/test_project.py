"""Rules for the whole repository: lengths, leftovers, locks."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from tests import template_format

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES = 400
MEDIAN_LINES = 8
MOST_LINES = 25  # of nine functions in ten
LOCKS = ("requirements.txt", "requirements-test.txt")
# In pieces, so that this file does not hold what it looks for.
UNFINISHED = re.compile(
    r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|\bconsole\.(log|debug)\b|\bdebugg" r"er\b|\bbreakpoint\("
)
PLACEHOLDER = re.compile(r"lorem ip" r"sum|coming so" r"on|\bplaceholder text\b", re.IGNORECASE)
SOURCES = {".py", ".js", ".mjs", ".css", ".html", ".txt", ".sh", ""}


@cache
def files() -> list[Path]:
    """Return every file under version control, and new files that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def ours(*suffixes: str) -> list[Path]:
    """Files that people write: neither generated, nor locked, nor taken over from others."""
    generated = {"migrations", "vendor"}
    return [
        path
        for path in files()
        if path.suffix in suffixes and not generated & set(path.parts) and path.name not in LOCKS
    ]


def function_lengths(paths: list[Path]) -> Iterator[int]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in ours(".py", ".js", ".css")}
    assert {name: length for name, length in lengths.items() if length > FILE_LINES} == {}


def test_lines_of_templates_fit() -> None:
    assert template_format.long_lines(template_format.templates()) == []


def test_a_line_of_a_template_that_is_too_long_is_named(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"{'<p>':<120}\n{'é' * 120}\n{'<p>':<121}\n")
    assert template_format.long_lines([page]) == [f"{page}:3: 121 columns, at most 120"]


def test_tags_of_templates_stand_on_one_line() -> None:
    assert template_format.tags_across_lines(template_format.templates()) == []


def test_a_tag_that_is_broken_over_lines_is_named(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("{% url 'legal' %}{{ name }}\n{% url 'legal'\n%}\n{% load i18n %}{{ name\n}}\n")
    assert template_format.tags_across_lines([page]) == [
        f"{page}:2: a tag ends on a later line",
        f"{page}:4: a tag ends on a later line",
    ]


def test_functions_are_short() -> None:
    lengths = sorted(function_lengths([path for path in ours(".py") if "tests" not in path.parts]))
    assert median(lengths) <= MEDIAN_LINES
    assert lengths[len(lengths) * 9 // 10] <= MOST_LINES


@pytest.mark.parametrize("pattern", [UNFINISHED, PLACEHOLDER], ids=["unfinished", "placeholder"])
def test_no_source_contains_a_mark_of_unfinished_work(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in ours(*SOURCES)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_templates_hold_no_inline_script_or_style() -> None:
    inline = re.compile(r"""<script(?![^>]*(nonce=|src=|application/json))|\sstyle=["']|<style|\son[a-z]+=["']""")
    pages = [path for path in ours(".html") if "mail" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in pages if inline.search(path.read_text())] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_are_hashed_and_name_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z0-9][^ ]*==", text, re.MULTILINE)
    assert pins
    assert "://" not in text
    assert len(re.findall(r"^[a-z0-9].*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(pins)


def test_the_lock_of_the_node_packages_is_hashed_and_names_no_registry() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in locked["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []


def test_the_lock_files_pin_the_same_versions() -> None:
    pins = [dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS]
    shared = pins[0].keys() & pins[1].keys()
    assert {name: pins[0][name] for name in shared} == {name: pins[1][name] for name in shared}


def test_people_of_the_tests_have_their_roles(db: None, request: pytest.FixtureRequest) -> None:
    names = ("customer", "stranger", "mechanic", "mechanic2", "support")
    roles = [request.getfixturevalue(name).role for name in names]
    assert roles == ["customer", "customer", "mechanic", "mechanic", "support"]
