"""One page with every picture that journeys keep (`PICTURES=1`): a row for each state, a column for each screen."""

import re
from collections import defaultdict
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

PICTURES = Path(__file__).resolve().parents[1] / ".artifacts" / "pages"
NAME = re.compile(r"(.+?)-(\d+(?:-x-\d+)?)-(light|dark)\.png")
Screens = dict[str, list[str]]  # the names of the pictures, light before dark, by screen
HEAD = """<!doctype html><meta charset="utf-8"><title>Pictures</title>
<style>
  body { font: 14px system-ui; background: #999; }
  th { position: sticky; top: 0; left: 0; text-align: left; background: #999; padding: 4px; z-index: 1; }
  td { white-space: nowrap; vertical-align: top; }
  img { height: 300px; margin: 2px; }
</style>
"""


def write(folder: Path = PICTURES) -> Path:
    """Write the page beside the pictures of a folder; returns its path."""
    states = _by_state(folder)
    screens = sorted({screen for row in states.values() for screen in row}, key=_size)
    page = folder / "sheet.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(HEAD + "\n".join(_table(states, screens)), encoding="utf-8")
    return page


def _by_state(folder: Path) -> dict[str, Screens]:
    """Return the pictures by state, in the order in which they were taken."""
    found: defaultdict[str, Screens] = defaultdict(dict)
    for picture in sorted(folder.glob("*.png"), key=lambda each: each.stat().st_mtime_ns):
        if named := NAME.fullmatch(picture.name):
            names = found[named[1]].setdefault(named[2], [])
            names.insert(0 if named[3] == "light" else len(names), picture.name)
    return found


def _size(screen: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", screen)))


def _table(states: dict[str, Screens], screens: list[str]) -> Iterator[str]:
    yield "<table><tr><th></th>" + "".join(f"<th>{screen}</th>" for screen in screens) + "</tr>"
    for state, row in states.items():
        cells = "".join(f"<td>{''.join(map(_picture, row.get(screen, [])))}</td>" for screen in screens)
        yield f"<tr><th>{escape(state)}</th>{cells}</tr>"
    yield "</table>"


def _picture(name: str) -> str:
    address = quote(name)
    return f'<a href="{address}"><img src="{address}" alt="{escape(name)}" loading="lazy"></a>'
