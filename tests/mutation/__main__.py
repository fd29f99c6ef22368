"""Puts small faults into modules, and says which of them no test notices: `bin/mutate MODULE… [--only NUMBER…]`."""

import argparse
import os
import subprocess
import sys

from tests.mutation.targets import TESTS

# A fork lets go of what only its parent may close: no fault of a test.
WARM = "-m pytest --quiet -s -p tests.mutation.plugin -p no:cacheprovider -p no:unraisableexception".split()
ANEW = "-m tests.mutation.anew".split()


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/mutate", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help=f"all of these if none is given: {', '.join(TESTS)}"
    )
    parser.add_argument("--only", nargs="+", type=int, default=[], metavar="NUMBER", help="these mutants of one module")
    given = parser.parse_args()
    if unknown := set(given.modules) - TESTS.keys():
        parser.error(f"no tests are named in tests/mutation/targets.py for {', '.join(sorted(unknown))}")
    for module in given.modules or TESTS:
        if not mutate(module, given.only):
            return 1
    return 0


def mutate(module: str, only: list[int]) -> bool:
    """Whether it came to its end."""
    told = os.environ | {"MUTATE_MODULE": module, "MUTATE_SOME": " ".join(map(str, only))}
    verdicts = []
    for way in (WARM, ANEW):
        with subprocess.Popen(
            [sys.executable, *way, *TESTS[module]], env=told, stdout=subprocess.PIPE, text=True
        ) as run:
            for line in run.stdout or ():
                verdict, _, _what = line.partition(" ")
                if verdict in ("killed", "survived"):
                    verdicts.append(verdict)
                if verdict == "survived":
                    print(line, end="", flush=True)
        if run.returncode:
            print(f"{module}: the run itself failed", file=sys.stderr)
            return False
    print(
        f"{module}: {len(verdicts)} mutants, {verdicts.count('killed')} killed, {verdicts.count('survived')} survived"
    )
    return True


if __name__ == "__main__":
    sys.exit(main())
