"""The choice of tests, and the statements missing without one of them."""

import json
from pathlib import Path

import pytest

from tests.statements import __main__ as commands
from tests.statements import part
from tests.statements.cover import cover, never_ran, statements
from tests.statements.recorded import Recorded
from tests.statements.recording import Recorder


def ran(test: str, *sql: str, seconds: float = 1, always: bool = False) -> Recorded:
    return Recorded(test, seconds, always, frozenset(sql))


def test_a_cover_executes_everything() -> None:
    tests = [ran("a", "1", "2"), ran("b", "2", "3"), ran("c", "4"), ran("d"), ran("e", "1", "2", "3", seconds=9)]
    assert cover(tests, listed=set()) == {"a", "b", "c"}


def test_a_test_that_others_made_needless_is_left_out() -> None:
    tests = [ran("a", "2", "3", "4", "5"), ran("b", "1", "2", "3"), ran("c", "4", "5", "6")]
    assert cover(tests, listed=set()) == {"b", "c"}


def test_a_listed_test_stays_if_it_costs_about_the_same() -> None:
    tests = [ran("a", "1", "2"), ran("b", "1", "2", seconds=1.5), ran("c", "3")]
    assert cover(tests, listed={"b"}) == {"b", "c"}
    assert cover(tests, listed=set()) == {"a", "c"}


def test_tests_that_always_run_on_both_need_no_cover() -> None:
    tests = [ran("machine", "rare", always=True), ran("a", "1")]
    assert statements(tests) == {"1"}
    assert cover(tests, listed=set()) == {"a"}
    assert never_ran(tests, [ran("a", "1")]) == {}


def test_a_statement_missing_on_postgresql_is_named_with_a_test() -> None:
    assert never_ran([ran("b", "1", "2"), ran("a", "2")], [ran("c", "1")]) == {"2": "a"}


@pytest.fixture(autouse=True)
def _own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "LIST", tmp_path / "list.txt")
    part.LIST.touch()


def record(folder: Path, vendor: str, **tests: str) -> None:
    recorder = Recorder()
    for name, sql in tests.items():
        recorder.begin()
        recorder.saw(sql)
        recorder.end(name, seconds=0.1, always=False)
    recorder.write(folder, vendor)


def test_the_build_fails_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path, "sqlite", one="SELECT 1", two="SELECT a FROM t WHERE b = 1")
    record(tmp_path, "postgresql", one="SELECT 2")
    assert commands.check(tmp_path) == 1
    told = capsys.readouterr().out
    assert "Ran on SQLite and never on PostgreSQL: SELECT a FROM t WHERE b = ?\n    two runs it." in told
    assert part.HOW_TO_MEND in told


def test_nothing_recorded_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.check(tmp_path) == 1
    record(tmp_path, "sqlite", one="SELECT 1")
    assert commands.check(tmp_path) == 1
    assert "Nothing was recorded on PostgreSQL" in capsys.readouterr().out
    record(tmp_path, "postgresql", one="SELECT 1")
    assert commands.check(tmp_path) == 0


def test_a_listed_test_that_is_gone_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part.LIST.write_text("gone\none\n")
    for vendor in ("sqlite", "postgresql"):
        record(tmp_path, vendor, one="SELECT 1")
    assert commands.check(tmp_path) == 1
    assert "names tests that did not run: gone." in capsys.readouterr().out


def test_the_list_is_written_sorted(tmp_path: Path) -> None:
    record(tmp_path, "sqlite", two="SELECT 1", one="SELECT a FROM t")
    assert commands.pick(tmp_path) == 0
    assert (tmp_path / "list.txt").read_text() == "one\ntwo\n"
    assert part.listed() == {"one", "two"}


def test_each_statement_is_written_once(tmp_path: Path) -> None:
    record(tmp_path, "sqlite", one="SELECT 1", two="SELECT 2")
    [written] = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert written["statements"] == ["SELECT ?"]
    assert [test["ran"] for test in written["tests"]] == [[0], [0]]
