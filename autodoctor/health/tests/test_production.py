"""Production settings: health checks work past the proxy, in plain http, by the machine's name; nothing else does."""

import json
import os
import subprocess
import sys
from pathlib import Path

from autodoctor.core.encryption import new_key

ASK = """
MACHINES = ("127.0.0.1:8000", "localhost", "10.1.2.3:8000", "[::1]:8000")
HOSTS = (*MACHINES, "auto.example", "evil.example", "localhost.evil.example")
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "autodoctor.settings"
import django
django.setup()
import logging
from django.conf import settings
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # not collected
from django.test import Client
for path in ("/api/health", "/api/ready", "/metrics", "/", "/api/sessions"):
    for host in HOSTS:
        print(Client(raise_request_exception=False).get(path, headers={"Host": host}).status_code, end=" ")
    print()
logging.getLogger("autodoctor").warning("a word")
"""
PRODUCTION = {
    "SECRET_KEY": "x" * 60,
    "SITE_URL": "https://auto.example",
    "EMAIL_URL": "smtp://localhost",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "CRON_SECRET": "x" * 40,
    "ENCRYPTION_KEYS": new_key(),
}


def test_each_process_can_be_asked_past_the_proxy_and_logs_json(tmp_path: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=kept | PRODUCTION | {"AUTODOCTOR_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    health, ready, metrics, home, sessions = done.stdout.strip().splitlines()
    assert health.split() == ["200"] * 5 + ["400"] * 2
    assert ready.split() == ["503"] * 5 + ["400"] * 2  # this process serves no pages, and its database is empty
    assert metrics.split() == ["200"] * 5 + ["400"] * 2
    assert home.split() == ["400"] * 4 + ["301"] + ["400"] * 2  # a page answers to its public name only
    assert sessions.split() == ["403"] * 7  # a secret sent over http is not led on, but refused
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines[-1]["event"] == "a word"
    assert not [line for line in lines if "/api/ready" in line["event"]]  # each change is told once, not each answer
