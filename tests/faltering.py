"""A machine that falters: random processes below this one stand still for a moment, again and again.

That is what a busy machine does, only more often: it finds tests that judge by the pace of the machine. A test that
stops a process itself may find it running; such a failure says nothing.
"""

import os
import random
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SHARE = 0.06  # of its time that a process stands still
SHORTEST, LONGEST = 0.02, 0.5  # seconds that it stands still at once
LOOKS = 2.0  # seconds between two looks at which processes there are
TURN = 0.01  # seconds


@contextmanager
def faltering(share: float = SHARE) -> Iterator[None]:
    """All processes that this one starts meanwhile falter, and theirs; in the end all run. `share`: of their time."""
    is_over = threading.Event()
    thread = threading.Thread(target=_falter, args=(is_over, share), name="faltering")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _falter(is_over: threading.Event, share: float) -> None:
    standing: dict[int, float] = {}  # by process: when it goes on
    found, looked_at, due, now = list[int](), 0.0, 0.0, time.monotonic()
    while not is_over.wait(TURN):
        before, now = now, time.monotonic()
        _go_on([pid for pid, until in standing.items() if until <= now], standing)
        if now - looked_at > LOOKS:
            found, looked_at = _below(os.getpid()), now
        due += len(found) * share * (now - before) / ((SHORTEST + LONGEST) / 2)
        while found and due >= 1:
            due -= 1
            _stop(random.choice(found), now + random.uniform(SHORTEST, LONGEST), standing)
    _go_on(list(standing), standing)


def _stop(pid: int, until: float, standing: dict[int, float]) -> None:
    if pid not in standing and _fields(pid)[:1] in (["R"], ["S"]):  # one that a test has stopped stays as it is
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            standing[pid] = until


def _go_on(pids: list[int], standing: dict[int, float]) -> None:
    for pid in pids:
        del standing[pid]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _below(pid: int) -> list[int]:
    """Return the ids of all processes below this one."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _fields(int(folder.name))):
            children[int(fields[1])].append(int(folder.name))
    found = [pid]
    for parent in found:
        found += children[parent]
    return found[1:]


def _fields(pid: int) -> list[str]:
    """Return the state, the parent and what else `/proc` says of a process; nothing of one that is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return []
