"""Compile a fresh clone once, before several processes would do so at the same time."""

import subprocess
import sys
from pathlib import Path

from tests.kit import artifacts

ROOT = Path(__file__).resolve().parents[1]
DONE = ROOT / ".artifacts" / "compiled", Path(sys.prefix) / "compiled"
COLLECT = (sys.executable, "-m", "pytest", "--quiet", "--collect-only", "-p", "no:cacheprovider")


def compile_once() -> None:
    """In a fresh clone, import everything in one process, which compiles it, while the other lanes wait.

    Otherwise each of their processes would compile the same at the same time: half a minute of its processor.
    """
    with artifacts.alone("compiled"):
        if all(mark.exists() for mark in DONE):
            return
        # Whatever is wrong with it shows when the tests run.
        subprocess.run(COLLECT, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for mark in DONE:
            mark.touch()
