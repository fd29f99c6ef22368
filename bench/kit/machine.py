"""The machine of a benchmark: which cores the servers have, what processes have used, and how busy everything is."""

import os
import resource
import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SPARE_FILES = 500  # of a process, besides its sockets


@dataclass(frozen=True)
class Cores:
    """The servers', and everybody else's. Empty where cores cannot be chosen."""

    servers: list[int]
    others: set[int]


def share_cores() -> Cores:
    """Give half of the cores to the servers. This process and all that it starts from here on have the others."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores([], set())
    found = sorted(os.sched_getaffinity(0))
    half = max(1, len(found) // 2)
    cores = Cores(found[:half], set(found[half:]) or set(found))
    os.sched_setaffinity(0, cores.others)
    return cores


def raise_file_limit(sockets: int) -> None:
    """Let this process and its children open so many sockets. Exits with a sentence where that is forbidden."""
    wanted = sockets + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        sys.exit(f"A process may open {hard} files here, and {wanted} are needed: raise the limit, or measure fewer.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time that these processes have used."""
    return sum(map(_cpu_of, pids))


def _cpu_of(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kb(pids: Iterable[int]) -> float:
    return sum(map(_resident_of, pids))


def _resident_of(pid: int) -> float:
    with open(f"/proc/{pid}/status") as file:
        return next(float(line.split()[1]) for line in file if line.startswith("VmRSS"))


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def median(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of each figure."""
    merged: dict[str, Any] = {}
    for key, value in results[0].items():
        values = [result[key] for result in results]
        merged[key] = median(values) if isinstance(value, dict) else statistics.median_high(values)
    return merged


def percentile(values: list[float], percent: int) -> float:
    """Return the smallest value that at least so many percent do not exceed; infinite where there is none."""
    found = sorted(values)
    return found[max(0, -(-len(found) * percent // 100) - 1)] if found else float("inf")
