"""Processes stand still for moments while they falter, and run when it is over."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faltering import faltering
from tests.kit.waiting import until

GRANDCHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'], check=False)"


@pytest.fixture
def child() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen([sys.executable, "-c", GRANDCHILD], stdin=subprocess.PIPE, text=True) as started:
        yield started
        started.communicate("\n")


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_processes_stand_still_again_and_again_and_run_in_the_end(child: "subprocess.Popen[str]") -> None:
    until(lambda: children_of(child.pid))
    both = child.pid, *children_of(child.pid)
    with faltering(share=0.5):
        for pid in both:
            until(lambda pid=pid: state_of(pid) == "T")  # type: ignore[misc]
            until(lambda pid=pid: state_of(pid) != "T")  # type: ignore[misc]
    assert {state_of(pid) for pid in both} <= {"R", "S"}
