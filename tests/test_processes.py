"""A process that is forked is like one that is started; with `COLD_STARTS=1` these tests say the same of the latter."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit import processes

SEEN = """
import json, os, random, threading
from django.conf import settings
from django.db import connection
seen = [settings.DEADLINES["lease"], settings.ROOM["heartbeat"], settings.DATABASES["default"]["NAME"],
        connection.settings_dict["NAME"], "OTHER" in os.environ, threading.active_count()]
print(json.dumps([*map(str, seen), random.random()]))
"""
ECHO = "import sys; print(sys.stdin.read(), flush=True); print('to errors', file=sys.stderr); sys.exit(3)"
Shell = Callable[..., "subprocess.Popen[Any]"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """`manage.py shell` with this code."""

    def start(code: str, **environment: str) -> "subprocess.Popen[Any]":
        return processes.start(
            "manage",
            *("shell", "--no-imports", "--command", code),
            environment=processes.environment(tmp_path) | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def seen(tmp_path: Path, **environment: str) -> list[Any]:
    given = processes.environment(tmp_path) | environment
    done = processes.run("manage", "shell", "--no-imports", "--command", SEEN, environment=given)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def test_each_forked_process_reads_its_own_settings_only(tmp_path: Path) -> None:
    changed = seen(tmp_path / "one", DEADLINES='{"lease": 1}', ROOM='{"heartbeat": 2}', OTHER="1")
    usual = seen(tmp_path / "two")
    name = "autodoctor.sqlite3"
    assert changed[:-1] == ["1", "2", *[str(tmp_path / "one" / name)] * 2, "True", "1"]
    assert usual[:-1] == ["30", "5", *[str(tmp_path / "two" / name)] * 2, "False", "1"]
    assert changed[-1] != usual[-1]  # nor the same chance


def test_a_forked_process_passes_on_its_streams_and_exit_code(shell: Shell) -> None:
    process = shell(ECHO)
    out, err = process.communicate("to output")
    assert (out, err, process.returncode) == ("to output\n", "to errors\n", 3)


def test_a_forked_process_that_fails_prints_its_traceback_and_exits_with_1(shell: Shell) -> None:
    process = shell("1 / 0")
    _, err = process.communicate()
    assert err.strip().endswith("ZeroDivisionError: division by zero")
    assert process.returncode == 1


def test_a_process_stops_on_a_signal(shell: Shell) -> None:
    process = shell("import time; print('begun', flush=True); time.sleep(60)")
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == -signal.SIGTERM


def test_wrong_settings_end_a_forked_process_with_one_sentence(shell: Shell) -> None:
    process = shell("", LOG_LEVEL="LOUD")
    _, err = process.communicate()
    assert err.startswith("LOG_LEVEL is none of")
    assert process.returncode == 1
