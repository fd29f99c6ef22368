"""docs/security.md answers every requirement of level 2, and every test that it names exists."""

import ast
import re
from collections import Counter
from functools import cache

import pytest

from tests.test_project import ROOT

DOCUMENT = (ROOT / "docs" / "security.md").read_text()
# ASVS 5.0.0, levels 1 and 2: by section, the numbers of its requirements.
REQUIREMENTS = """
1.1: 1-2 | 1.2: 1-9 | 1.3: 1-11 | 1.4: 1-3 | 1.5: 1-2
2.1: 1-3 | 2.2: 1-3 | 2.3: 1-4 | 2.4: 1
3.2: 1-2 | 3.3: 1-4 | 3.4: 1-6 | 3.5: 1-5 | 3.7: 1-2
4.1: 1-3 | 4.2: 1 | 4.3: 1-2 | 4.4: 1-4
5.1: 1 | 5.2: 1-3 | 5.3: 1-2 | 5.4: 1-3
6.1: 1-3 | 6.2: 1-12 | 6.3: 1-4 | 6.4: 1-4 | 6.5: 1-5 | 6.6: 1-3 | 6.8: 1-4
7.1: 1-3 | 7.2: 1-4 | 7.3: 1-2 | 7.4: 1-5 | 7.5: 1-2 | 7.6: 1-2
8.1: 1-2 | 8.2: 1-3 | 8.3: 1 | 8.4: 1
9.1: 1-3 | 9.2: 1-4
10.1: 1-2 | 10.2: 1-2 | 10.3: 1-4 | 10.4: 1-11 | 10.5: 1-5 | 10.6: 1-2 | 10.7: 1-3
11.1: 1-2 | 11.2: 1-3 | 11.3: 1-3 | 11.4: 1-4 | 11.5: 1 | 11.6: 1
12.1: 1-3 | 12.2: 1-2 | 12.3: 1-4
13.1: 1 | 13.2: 1-5 | 13.3: 1-2 | 13.4: 1-5
14.1: 1-2 | 14.2: 1-4 | 14.3: 1-3
15.1: 1-3 | 15.2: 1-3 | 15.3: 1-7
16.1: 1 | 16.2: 1-5 | 16.3: 1-4 | 16.4: 1-3 | 16.5: 1-3
17.1: 1 | 17.2: 1-4 | 17.3: 1-2
"""
ROW = re.compile(r"^\| ((?:\d+\.\d+\.\d+(?:, )?)+) \| (.+?) \| (.*?) \| (.*?) ?\|$", re.MULTILINE)
TEST = re.compile(r"`((?:tests|autodoctor)/[\w/]+\.py)(?:::(\w+))?`")
VERDICT = re.compile(r"\*\*(Met|Partly|Missing|Operator|None)\b\.?\*\*")
NAMED = sorted(set(TEST.findall(DOCUMENT)))


def expected() -> set[str]:
    found = set()
    for section, numbers in re.findall(r"(\d+\.\d+): ([\d-]+)", REQUIREMENTS):
        first, _, last = numbers.partition("-")
        found |= {f"{section}.{number}" for number in range(int(first), int(last or first) + 1)}
    return found


@cache
def functions_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_requirement_has_one_row() -> None:
    ids = Counter(one for row in ROW.findall(DOCUMENT) for one in row[0].split(", "))
    assert set(ids) == expected()
    assert {one for one, count in ids.items() if count > 1} == set()


def test_every_row_has_a_verdict_and_a_gap_has_words() -> None:
    for ids, _asks, how, _shown in ROW.findall(DOCUMENT):
        verdict = VERDICT.match(how)
        assert verdict, ids
        if verdict[1] in {"Partly", "Missing"}:
            assert len(how) > len(verdict[0]) + 20, ids


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda part: part or "file")
def test_every_test_that_is_named_exists(path: str, name: str) -> None:
    assert (ROOT / path).is_file()
    assert not name or name in functions_in(path)
