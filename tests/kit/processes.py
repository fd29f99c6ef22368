"""Python processes for tests: forked from one that has imported everything, or started cold.

A fork saves the 1.5 seconds of the imports. The rest is real: a separate process with its environment, signals and
exit code. With `COLD_STARTS=1` in the environment every process starts cold.
"""

import atexit
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.kit import orphans, zygote

ROOT = Path(__file__).resolve().parents[2]
CAN_FORK = sys.platform == "linux" and os.environ.get("COLD_STARTS") != "1"
KEPT = ("PATH", "HOME", "LANG", "TZ")
_ordering = threading.Lock()
MEASURING = tuple(name for name in os.environ if name.startswith("COVERAGE_"))


def environment(data: Path) -> dict[str, str]:
    """Return the default environment: of the test process's variables only PATH."""
    kept = {name: os.environ[name] for name in KEPT + MEASURING if name in os.environ}
    return kept | {"AUTODOCTOR_DATA": str(data), "DEBUG": "1", "PYTHONUNBUFFERED": "1"}


def start(
    module: str, *arguments: str, environment: Mapping[str, str], cold: bool | None = None, **options: Any
) -> "subprocess.Popen[Any]":
    """Start `python -m MODULE ARGUMENTS` from the project's root; `options` of `Popen` for streams and text.

    `cold`: start a new interpreter, for tests of the start. Default: cold with production settings only.
    """
    command = [sys.executable, "-m", module, *arguments]
    if cold is None:
        cold = environment.get("DEBUG") != "1"
    if cold or not CAN_FORK:
        return subprocess.Popen(command, cwd=ROOT, env=environment, **options)
    return _Forked(command, env=environment, **options)


def run(
    module: str, *arguments: str, environment: Mapping[str, str], cold: bool | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the process to its end; return its output."""
    process = start(
        module,
        *arguments,
        environment=environment,
        cold=cold,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class _Forked(subprocess.Popen[Any]):
    """`Popen` without the start: the forked process is a child of this one."""

    def _execute_child(
        self,
        args: list[str],
        executable: None,
        preexec_fn: None,
        close_fds: bool,
        pass_fds: tuple[int, ...],
        cwd: str | None,
        env: Mapping[str, str],
        startupinfo: None,
        creationflags: int,
        shell: bool,
        p2cread: int,
        p2cwrite: int,
        c2pread: int,
        c2pwrite: int,
        errread: int,
        errwrite: int,
        *_: object,
    ) -> None:
        module, *arguments = args[2:]
        given = zip((p2cread, c2pwrite, errwrite), range(3), strict=True)
        streams = tuple(own if stream == -1 else stream for stream, own in given)
        with _ordering:
            self.pid = zygote.send(_zygote(), zygote.Order(module, arguments, dict(env), streams))
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]


@cache
def _zygote() -> socket.socket:
    """Return this process's zygote; start it on the first call."""
    orphans.adopt()
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kit.zygote", str(theirs.fileno())],
        cwd=ROOT,
        env=environment(Path(os.devnull)) | {"DJANGO_SETTINGS_MODULE": "autodoctor.settings"},
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        start_new_session=True,  # Ctrl-C is for the tests, which then end what they have started
    )
    theirs.close()

    def end() -> None:  # the zygote sees the end of its orders
        ours.close()
        process.wait()
        orphans.reap()

    atexit.register(end)
    return ours
