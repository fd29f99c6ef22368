"""Parts that run side by side: each is reported whole, and one that never ended has failed."""

import subprocess
import sys

from tests import lanes, run
from tests.outcomes import exit_code

BURNS = "import time\nwhile time.process_time() < 0.3: pass"
ORPHAN = """
import subprocess, sys
from tests import run
from tests.outcomes import exit_code
from tests.kit import orphans, waiting
orphans.adopt()
before = run._cpu_seconds()
subprocess.run(["sh", "-c", '"$0" -c "$1" & kill -9 $$', sys.executable, sys.argv[1]])
waiting.until(lambda: run._cpu_seconds() - before >= 0.3)
"""
OUTPUT = """
=== checks
types: passed in 9.5 s
=== checks: passed in 11 s

=== static
bundles: passed in 1.5 s
=== static: FAILED in 2 s
a last word"""


def test_the_output_of_a_part_stays_together_and_its_beginning_is_said_at_once() -> None:
    blocks = list(lanes._blocks(OUTPUT.splitlines(keepends=True)))

    assert blocks == [
        "=== checks\n",
        "\ntypes: passed in 9.5 s\n=== checks: passed in 11 s\n",
        "=== static\n",
        "\nbundles: passed in 1.5 s\n=== static: FAILED in 2 s\n",
        "a last word",
    ]


def test_parts_of_a_lane_that_died_have_failed() -> None:
    outcomes = lanes._lane(["no-such-part", "checks"])

    assert [(outcome.name, outcome.verdict) for outcome in outcomes] == [
        ("no-such-part", "FAILED"),
        ("checks", "FAILED"),
    ]
    assert exit_code(outcomes) == 1


def test_the_whole_suite_runs_every_part_once() -> None:
    parts = [part for lane in run.LANES for part in lane]

    left_out = {
        "coverage",
        "quick",
        "smoke",
        "postgres-all",
        "walled",
        "chaos",
        "storm",
        "deployment",
    }  # a choice of the same tests, what they have recorded, or what a night has time for
    assert sorted(parts) == sorted(set(run.PARTS) - left_out)
    assert parts.index("statements") > max(parts.index("sqlite"), parts.index("postgres"))


def test_the_time_of_a_process_counts_although_its_parent_was_killed() -> None:
    assert subprocess.run([sys.executable, "-c", ORPHAN, BURNS], cwd=run.ROOT, check=False).returncode == 0
