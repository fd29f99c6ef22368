"""A process that a test starts, kills, stops, and starts again."""

import signal
import subprocess
from abc import ABC, abstractmethod
from typing import Any

from tests.kit.waiting import PATIENCE


class Child(ABC):
    """`start` says what it is; it keeps the process in `_process`."""

    _process: "subprocess.Popen[Any] | None" = None

    @abstractmethod
    def start(self) -> None: ...

    def kill(self) -> None:
        """Kill the process with SIGKILL, like a power cut."""
        self._last.kill()
        self._last.wait()

    def restart(self) -> None:
        """Kill it where it still runs, and start it again at the same address with the same data."""
        if self.is_running():
            self.kill()
        self.start()

    def stop_signal(self) -> None:
        """It keeps its connections and says nothing more."""
        self._last.send_signal(signal.SIGSTOP)

    def cont_signal(self) -> None:
        self._last.send_signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Tell the process to end, as whoever manages processes does."""
        self._last.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Wait for its end; return the exit code."""
        return self._last.wait(timeout=PATIENCE)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def _last(self) -> "subprocess.Popen[Any]":
        """Return the latest process, also after its end: one thread may kill it and another restart it."""
        if self._process is None:
            raise RuntimeError(f"the {type(self).__name__} was never started")
        return self._process
