"""Parts that run side by side: each lane is a process of its own, which runs its parts one after the other."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.outcomes import Outcome

OUTCOMES = "PARTS_OUTCOMES"  # the environment variable with the file that a lane writes
YIELDING = ("nice", "-n", "10")


def side_by_side(*lanes: Sequence[str]) -> list[Outcome]:
    """Run all lanes at once; the last one takes the processor time that the others leave. The output of a part is
    shown when the part is over.
    """
    with ThreadPoolExecutor(len(lanes)) as pool:
        return [outcome for lane in pool.map(_lane, lanes, (names is lanes[-1] for names in lanes)) for outcome in lane]


def _lane(names: Sequence[str], yields: bool = False) -> list[Outcome]:
    """Run the lane; a part without an outcome has failed."""
    with tempfile.NamedTemporaryFile(prefix="autodoctor-lane-") as into:
        with subprocess.Popen(
            [*(YIELDING if yields else ()), sys.executable, "-m", "tests.run", "lane", *names],
            env=os.environ | {OUTCOMES: into.name},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout
            for block in _blocks(process.stdout):
                print(block, end="", flush=True)
        known = {name: Outcome(name, *rest) for name, *rest in json.loads(into.read() or "[]")}
    return [known.get(name, Outcome(name, "FAILED", 0, 0)) for name in names]


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """Return the output part by part, but the line that says that a part begins at once."""
    block = ""
    for line in lines:
        if re.match(r"=== [\w-]+$", line):
            yield line
            continue
        block += line
        if re.match(r"=== .+: .+ in \d+ s$", line):
            yield block
            block = ""
    yield block
