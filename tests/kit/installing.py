"""Debian's packages for tests that need a program of the system's, where that can be had without asking anybody."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit import artifacts

LIMIT = 300  # seconds
POLICY = Path("/usr/sbin/policy-rc.d")


def packages(*names: str) -> None:
    """Install Debian packages. Needs root and apt; does nothing if a package is unavailable."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with artifacts.alone("installing"), _no_service_starting():  # apt refuses while another lane installs
            attempt("apt-get", "update")
            attempt("apt-get", "install", "--yes", "--no-install-recommends", *names)


def service(name: str, package: str, program: Callable[[], str | None]) -> int:
    """Find a service's program, or install it without the service. Says where it is; returns the exit code."""
    if not program():
        print(f"Installing {name} …", flush=True)
        packages(package)
        if program() and shutil.which("systemctl"):
            attempt("systemctl", "disable", package)
    print(program() or f"No {name}, and none to be had: its tests are left out. The package is {package}.")
    return 0 if program() else 1


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
