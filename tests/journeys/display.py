"""The display for a visible browser: the existing one, or a display of Xvfb in memory."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

NONE = "There is no display to show a browser on, and no Xvfb: leave --headed out, or set DISPLAY."


@contextmanager
def display() -> Iterator[None]:
    """Ends the run with one sentence where nothing can be shown."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        yield
        return
    if not shutil.which("Xvfb"):
        pytest.exit(NONE, returncode=pytest.ExitCode.USAGE_ERROR)
    reading, writing = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24"], pass_fds=[writing]
    ) as state:
        os.close(writing)
        with os.fdopen(reading) as told:
            os.environ["DISPLAY"] = f":{told.readline().strip()}"
        try:
            yield
        finally:
            del os.environ["DISPLAY"]
            state.terminate()
