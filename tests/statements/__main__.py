"""`check FOLDER` and `cover FOLDER`: see the package."""

import sys
from pathlib import Path

from tests.statements import cover, part
from tests.statements.recorded import recorded

SHOWN = 20


def check(folder: Path) -> int:
    sqlite, postgres = recorded(folder, "sqlite"), recorded(folder, "postgresql")
    if not (sqlite and postgres):
        print(f"Nothing was recorded on {'PostgreSQL' if sqlite else 'SQLite'} in {folder}.")
        return 1
    if gone := sorted(part.listed() - {one.test for one in sqlite}):
        print(f"{part.LIST.name} names tests that did not run: {', '.join(gone)}. `{part.HOW_TO_MEND}` chooses anew.")
        return 1
    missing = cover.never_ran(sqlite, postgres)
    for statement, test in sorted(missing.items())[:SHOWN]:
        print(f"Ran on SQLite and never on PostgreSQL: {statement}\n    {test} runs it.")
    if missing:
        print(
            f"{len(missing)} statements never ran on PostgreSQL. `{part.HOW_TO_MEND}` picks tests that run them there."
        )
        return 1
    tests = len({one.test for one in postgres})
    print(
        f"{len(cover.statements(sqlite))} statements of {len(sqlite)} tests ran on PostgreSQL, too, in {tests} tests."
    )
    return 0


def pick(folder: Path) -> int:
    ran = recorded(folder, "sqlite")
    if not ran:
        print(f"Nothing was recorded on SQLite in {folder}.")
        return 1
    names = cover.cover(ran, listed=part.listed() if part.LIST.exists() else set())
    part.LIST.write_text("".join(f"{name}\n" for name in sorted(names)))
    print(f"{len(names)} tests execute all {len(cover.statements(ran))} statements.")
    return 0


if __name__ == "__main__":
    command, where = sys.argv[1:]
    sys.exit({"check": check, "cover": pick}[command](Path(where)))
