"""What earlier runs have measured: `measured.txt`, so that a page is measured again once its markup or colors change.

Its first line names what else a finding depends on: the style sheets, the rules, and axe itself. After a change of one
of them every page is measured once on each machine: what its runs have seen on the same grounds stands in `.artifacts`.
`bin/test looks` writes the file anew, for all machines. By night every page is measured anyhow.
"""

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from tests.journeys.sights import REMEMBERS, Memory
from tests.kit import artifacts

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("measured.txt")
SEEN = ROOT / ".artifacts" / "looks"  # what each worker of a run has seen
HOW_TO_RENEW = "bin/test looks"
RULES = ("accessibility.py", "inspection.py", "sights.py")


@cache
def grounds() -> str:
    """Return the digest of what every finding depends on beside the page."""
    digest = sha256(version("axe-playwright-python").encode())
    for file in _files():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    yield from (Path(__file__).with_name(name) for name in RULES)
    yield from sorted((ROOT / "autodoctor").rglob("*.css"))


def remembered(file: Path = LIST) -> Memory:
    """Return what is known from this list and from runs of this machine, but for what was measured on other grounds."""
    return Memory(known=set().union(*map(_known, (file, *SEEN.glob("*.txt")))))


def _known(file: Path) -> set[str]:
    first, *keys = file.read_text().split() if file.exists() else [""]
    return set(keys) if first == grounds() else set()


MEMORY = remembered() if REMEMBERS else Memory()


def keep(memory: Memory, worker: str) -> None:
    """Keep what this worker has seen, for the next runs and for `write`."""
    if memory.seen:
        SEEN.mkdir(parents=True, exist_ok=True)
        artifacts.forget_old(f"{SEEN.name}/*.txt")
        (SEEN / f"{worker}.txt").write_text("\n".join([grounds(), *sorted(memory.seen)]))


def write(file: Path = LIST) -> None:
    """Write what all workers of a run have seen."""
    keys = set().union(*map(_known, SEEN.glob("*.txt")))
    file.write_text("\n".join([grounds(), *sorted(keys)]) + "\n")
    print(f"{file.name} names {len(keys)} pages, pieces of markup and colors.")


if __name__ == "__main__":
    write()
