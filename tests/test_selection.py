"""Every test runs in some part, and in exactly one shard of it."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.selection import ROOT, WITH_BROWSERS, browsers_elsewhere, files, parse, split


@dataclass(frozen=True)
class Collected:
    path: Path
    name: str


FILES = {"test_a.py": 9, "test_b.py": 4, "test_c.py": 3, "test_d.py": 2}
TESTS = [Collected(Path(name), str(number)) for name, count in FILES.items() for number in range(count)]


def test_shards_share_the_files_out_and_miss_none() -> None:
    shards = [split(TESTS, f"{number}/2") for number in (1, 2)]

    assert [len(shard) for shard in shards] == [9, 9]
    assert sorted(map(str, shards[0] + shards[1])) == sorted(map(str, TESTS))
    assert not {test.path for test in shards[0]} & {test.path for test in shards[1]}


@pytest.mark.parametrize("shard", ["0/3", "4/3", "3", "a/b", "-1/2", "1/0"])
def test_a_shard_that_does_not_exist_is_refused(shard: str) -> None:
    with pytest.raises(pytest.UsageError, match="K/N"):
        parse(shard)


def test_a_browser_in_a_file_that_the_part_with_browsers_does_not_read_is_noticed() -> None:
    def opens_a_browser(name: str) -> Any:
        return SimpleNamespace(nodeid=name, path=ROOT / name, fixturenames=("page", "browser"))

    read, not_read = "tests/journeys/test_chat_session.py", "autodoctor/room/tests/test_page.py"

    assert read in files(WITH_BROWSERS)
    assert browsers_elsewhere([opens_a_browser(name) for name in (read, not_read)]) == [not_read]
