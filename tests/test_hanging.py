"""A test that hangs fails by its name and stack, and the run goes on to its end."""

import subprocess
import sys
from pathlib import Path

from tests.run import ROOT

HANGS = """
import threading

def test_that_hangs():
    threading.Event().wait()

def test_after_it():
    pass
"""


def test_a_run_goes_on_after_a_test_that_hangs(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(HANGS)
    own = ("-p", "tests.hanging", "--longest", "0.2", "-c", "/dev/null", "--rootdir", str(tmp_path))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *own, "-p", "no:cacheprovider", "-p", "no:django", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "test_it.py::test_that_hangs" in done.stdout
    assert "threading.Event().wait()" in done.stdout
    assert "Failed: hangs: it was not over after 0.2 s" in done.stdout
