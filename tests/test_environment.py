"""A missing or wrong variable stops the start with one clear sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = {
    "SECRET_KEY": "x" * 60,
    "SITE_URL": "https://auto.example",
    "EMAIL_URL": "smtp://localhost",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "CRON_SECRET": "c" * 40,
}


def start(tmp_path: Path, **changes: str | None) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given = {**kept, **GOOD, "AUTODOCTOR_DATA": str(tmp_path), **changes}
    environment = {name: value for name, value in given.items() if value is not None}
    command = [sys.executable, "-c", "import autodoctor.settings"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_whole_environment_starts(tmp_path: Path) -> None:
    started = start(tmp_path)
    assert (started.returncode, started.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in GOOD),
        ("SITE_URL", "http://auto.example"),
        ("PORT", "eighty"),
        ("DATABASE_URL", "oracle://somewhere/else"),
        ("TRUSTED_PROXIES", "my friend"),
        ("DEADLINES", "{soon"),
    ],
)
def test_a_missing_or_wrong_one_stops_with_one_sentence_that_names_it(
    tmp_path: Path, name: str, value: str | None
) -> None:
    stopped = start(tmp_path, **{name: value})
    assert stopped.returncode == 1
    assert name in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert len(stopped.stderr.strip().splitlines()) == 1


def test_a_database_keeps_what_its_address_demands(tmp_path: Path) -> None:
    code = "from autodoctor.settings import DATABASES; print(DATABASES['default']['OPTIONS'])"
    given = {**os.environ, **GOOD, "AUTODOCTOR_DATA": str(tmp_path), "DEBUG": "0"}
    given["DATABASE_URL"] = "postgres://u:p@host/name?sslmode=require"
    told = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=True)
    assert "'sslmode': 'require'" in told.stdout
    assert "'pool'" in told.stdout
