"""The plugin's options: selected tests and records, in a separate run of pytest."""

import os
import subprocess
import sys
from pathlib import Path

from tests.statements import part
from tests.statements.recorded import recorded

IDENTITY = "tests/statements/tests/test_identity.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=part.ROOT, env=environment, capture_output=True, text=True, check=False)


def test_sql_through_django_and_at_the_driver_is_recorded(tmp_path: Path) -> None:
    name = "autodoctor/room/tests/test_writer.py::test_messages_beyond_the_longest_queue_are_refused_at_once"
    stored = "autodoctor/room/tests/test_writer.py::test_the_same_message_again_is_the_same_event"
    done = run(name, stored, "--statements", str(tmp_path))
    assert done.returncode == 0, done.stdout
    tests = {one.test: one for one in recorded(tmp_path, "sqlite")}
    assert set(tests) == {name, stored}
    assert all(one.always for one in tests.values())
    assert any(sql.startswith("INSERT INTO accounts_user ") for sql in tests[name].statements)
    assert "at the driver: INSERT autodoctor_sessions_sessionevent" in tests[stored].statements
    assert not any("at the driver" in sql for sql in tests[name].statements)


def test_only_the_part_runs() -> None:
    done = run(IDENTITY, "autodoctor/room/tests/test_connection.py", "--collect-only", "--postgres-part")
    assert done.returncode == 0, done.stdout
    assert "test_connection.py" in done.stdout
    assert IDENTITY not in done.stdout
