"""Every benchmark, short, in a shuffled order: one table with ratios, and a picture of the bars of each.

Both are written to `.artifacts/bench/`. The load of the machine stands beside each, for a short run on a busy machine
says how large a figure is, and not more: `bin/bench NAME` measures one of them at length.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench.kit import machine, plot
from bench.kit.figures import Arguments, Figure, from_json
from bench.kit.serving import ROOT

OUT = ROOT / ".artifacts" / "bench"
# How each is run; together they take at most a quarter of an hour.
SHORT = {
    "call": "--rounds 1",
    "clock": "--sessions 300 --seconds 5",
    "files": "--count 24 --rounds 1",
    "history": "--long 20000 --rounds 1 --seconds 0.3",
    "http": "--sessions 500 --rounds 1 --seconds 0.3",
    "idle": "--sockets 400 --processes 1 --seconds 5",
    "intake": "--rounds 1",
    "messages": "--processes 1 --sessions 20 --idle 60 --seconds 1 --rounds 1 --rate 200",
    "pages": "--rounds 1",
    "rows": "--rounds 3",
    "seed": "--sessions 20000",
    "storm": "--clients 200 --processes 1 --how killed --rate 20 --seconds 3",
}
PATIENCE = 300.0  # seconds; then one has failed
RECORD = "import sys; from importlib import import_module as load; from pathlib import Path; " + (
    "from bench.kit.figures import as_json; "
    "Path(sys.argv[2]).write_text(as_json(load(f'bench.{sys.argv[1]}').run(sys.argv[3:])))"
)


@dataclass(frozen=True)
class Run:
    """One benchmark: what it found, how long it took, and the load of the machine when it began and ended."""

    name: str
    seconds: float
    loads: tuple[str, str]
    figures: list[Figure] = field(default_factory=list)


def main(arguments: Arguments = None) -> None:
    options = _options(arguments)
    order = list(options.only)
    Random(options.seed).shuffle(order)
    OUT.mkdir(parents=True, exist_ok=True)
    found = []
    for number, name in enumerate(order, start=1):
        print(f"{number} of {len(order)}: {name} {SHORT[name]}", file=sys.stderr, flush=True)
        found.append(_run(name))
        plot.bars(found[-1].figures, f"{name}: {found[-1].loads[1]}", OUT / f"{name}.png")
    lines = "\n".join(table(sorted(found, key=lambda run: run.name), options.seed))
    (OUT / "table.md").write_text(f"{lines}\n")
    print(lines)
    print(f"Written to {OUT.relative_to(ROOT)}: table.md and a picture of each.", file=sys.stderr)


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench all", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SHORT, default=list(SHORT))
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the order")
    return parser.parse_args(arguments)


def _run(name: str) -> Run:
    """Run it in a process of its own: it chooses cores and raises limits. It has failed if it leaves no figures."""
    begun, load = time.monotonic(), machine.load()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, "-c", RECORD, name, file.name, *SHORT[name].split()]
        with subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr) as process:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)  # it ends what it has started
        figures = from_json(Path(file.name).read_bytes())
    return Run(name, time.monotonic() - begun, (load, machine.load()), figures)


def table(runs: list[Run], seed: int) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield f"Short runs in the order of seed {seed}, {sum(run.seconds for run in runs):.0f} s in all. Read the ratios."
    yield ""
    yield "| benchmark | what | figure | | ratio | to |"
    yield "|---|---|---|---|---|---|"
    for run in runs:
        if not run.figures:
            yield f"| {run.name} | **failed**, or something that it needs is missing | | | | |"
        for each in run.figures:
            ratio = "| " if each.ratio is None else f"{each.ratio:.2f} | {each.against}"
            yield f"| {run.name} | {each.what} | {each.value:,.2f} | {each.unit} | {ratio} |"
    yield ""
    for run in runs:
        yield f"* `{run.name} {SHORT[run.name]}`: {run.seconds:.0f} s, {run.loads[0]} before, {run.loads[1]} after"


if __name__ == "__main__":
    main()
