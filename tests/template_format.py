"""The format of templates: that of djade for their tags, each on one line, and lines of at most 120 columns.

`python -m tests.template_format` checks both; with `--write`, djade writes its own. HTML and the length of lines it
leaves alone: where white space shows, only a person can break a line.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = 120
FORMATTED = {".html", ".txt"}
DJADE = (str(Path(sys.executable).with_name("djade")), "--target-version", "5.2")


def templates() -> list[Path]:
    """Every file of the product that Django renders."""
    return sorted(path for path in (ROOT / "autodoctor").glob("**/templates/**/*") if path.is_file())


def long_lines(paths: Iterable[Path]) -> list[str]:
    """File, line and width of each line that is too long."""
    return [
        f"{path}:{number}: {len(line)} columns, at most {COLUMNS}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > COLUMNS
    ]


def tags_across_lines(paths: Iterable[Path]) -> list[str]:
    """File and line of each tag that is broken over lines: Django shows such a tag as text."""
    return [
        f"{path}:{number}: a tag ends on a later line"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if any(line.rfind(opens) > line.rfind(closes) for opens, closes in (("{%", "%}"), ("{{", "}}")))
    ]


def main(*options: str) -> int:
    """Exit code: 1 where something is to be done, or djade has written something."""
    os.chdir(ROOT)
    mode = () if "--write" in options else ("--check",)
    paths = [path.relative_to(ROOT) for path in templates()]
    formatted = [str(path) for path in paths if path.suffix in FORMATTED]
    code = subprocess.run([*DJADE, *mode, *formatted], check=False).returncode
    wrong = long_lines(paths) + tags_across_lines(paths)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return code or int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
