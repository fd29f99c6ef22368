"""Debian's packages for tests that need a program of the system's, where that can be had without asking anybody."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT = 300  # seconds
POLICY = Path("/usr/sbin/policy-rc.d")


def packages(*names: str) -> None:
    """Install Debian packages. Needs root and apt; does nothing if a package is unavailable."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        attempt("apt-get", "update")
        with _no_service_starting():
            attempt("apt-get", "install", "--yes", "--no-install-recommends", *names)


def attempt(*command: str) -> None:
    """Run a command without output. Errors are ignored: the caller checks the result."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, env=environment, capture_output=True, timeout=LIMIT, check=False)
    except (subprocess.TimeoutExpired, FileNotFoundError) as problem:
        print(f"{command[0]}: {problem}", file=sys.stderr)


@contextmanager
def _no_service_starting() -> Iterator[None]:
    """Debian starts the services that it installs, unless this file says no."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
