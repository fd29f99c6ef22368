"""What a storm comes to is judged rightly: `bin/bench storm` would otherwise find nothing lost. And how figures of all
benchmarks come into one table.
"""

from math import inf
from pathlib import Path

from PIL import Image

from bench import all as every
from bench.kit import plot
from bench.kit.figures import Figure, as_json, from_json
from bench.kit.machine import median, percentile
from bench.storm_page import read_timing
from bench.storm_verdict import lost, webhooks, wrong
from bench.storm_webhooks import NOBODY

STORED = {"s": ["one", "two", "three"]}


def pages(*logs: list[str], confirmed: tuple[str, ...] = (), unconfirmed: int = 0) -> dict[str, object]:
    return {"logs": [("s", log) for log in logs], "confirmed": confirmed, "unconfirmed": unconfirmed}


def test_pages_that_show_everything_once_have_lost_nothing() -> None:
    whole = pages(["one", "two", "three"], ["one", "two", "three"], confirmed=("one", "three"))
    assert (lost(whole, STORED), wrong(whole, STORED)) == (0, 0)


def test_what_a_page_does_not_show_what_was_confirmed_in_vain_and_what_never_was_is_lost() -> None:
    assert lost(pages(["one", "three"]), STORED) == 1
    assert lost(pages(confirmed=("four",)), STORED) == 1
    assert lost(pages(unconfirmed=2), STORED) == 2


def test_what_is_shown_twice_or_in_another_order_is_wrong() -> None:
    assert wrong(pages(["one", "two", "two", "three"], ["two", "one", "three"], ["one", "two"]), STORED) == 2


def test_webhooks_that_nobody_could_hear_are_counted_apart() -> None:
    delivered = [(0.5, 0.004, 200), (1.5, 0.010, 200), (1.6, 0.2, 503), (1.7, 0.001, NOBODY), (9.0, 5.0, 200)]
    found = webhooks(delivered, since=1.0, until=2.0)
    assert (found["hooks"], found["hooks_2xx"], found["hooks_nobody"]) == (2, 0.5, 1)
    assert (found["hooks_p50_ms"], found["hooks_p99_ms"], found["calm_p99_ms"]) == (10.0, 200.0, 4.0)


def test_pages_of_a_storm_wait_as_the_script_does() -> None:
    assert read_timing().keys() >= {"ping", "welcome", "firstRetry", "lastRetry"}
    assert read_timing()["firstRetry"] < read_timing()["lastRetry"]


def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    hundred = [float(number) for number in range(100, 0, -1)]
    assert [percentile(hundred, percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([], 99) == float("inf")


def test_a_median_is_taken_of_each_figure() -> None:
    assert median([{"a": {"b": 1}, "c": 5}, {"a": {"b": 3}, "c": 1}, {"a": {"b": 2}, "c": 9}]) == {
        "a": {"b": 2},
        "c": 5,
    }


UPLOAD = Figure("upload", "MB/s", 100.0, 400.0, "nginx")
FIGURES = [UPLOAD, Figure("memory", "MB", 12.0), Figure("never back", "s", inf, 2.0, "the peer")]


def test_every_benchmark_is_one_of_all() -> None:
    modules = {path.stem for path in Path(every.__file__).parent.glob("[a-z]*.py") if "_" not in path.stem}
    assert every.SHORT.keys() == modules - {"all"}


def test_figures_come_from_another_process_as_they_were() -> None:
    assert from_json(as_json(FIGURES)) == FIGURES
    assert from_json("") == [], "it did not come so far"


def test_the_table_has_a_ratio_where_there_is_something_to_compare_with_and_names_what_failed() -> None:
    ran = [every.Run("files", 9.0, ("load 1", "load 2"), FIGURES), every.Run("call", 1.0, ("load 2", "load 3"))]
    table = list(every.table(ran, seed=7))
    assert "| files | upload | 100.00 | MB/s | 0.25 | nginx |" in table
    assert "| files | memory | 12.00 | MB | |  |" in table
    assert any(line.startswith("| call | **failed**") for line in table)
    assert any("load 1 before, load 2 after" in line for line in table)


def test_a_picture_has_a_bar_for_each_figure_and_for_what_it_is_compared_with(tmp_path: Path) -> None:
    plot.bars(FIGURES, "files", tmp_path / "files.png")
    with Image.open(tmp_path / "files.png") as image:
        colors = {color for _count, color in image.getcolors(1 << 24) or []}
    assert {(0xD9, 0x48, 0x0F), (0xC9, 0xBF, 0xB2)} <= colors
    plot.bars([], "nothing", tmp_path / "nothing.png")
    assert not (tmp_path / "nothing.png").exists()
