"""Error reports to Sentry: contents and omissions."""

import json
import os
import subprocess
import sys
from typing import Any, cast

from autodoctor.core import error_reporting, logs

EVENT = {
    "user": {"id": "1", "email": "casey@example.com"},
    "server_name": "host",
    "extra": {"sys.argv": ["secret-argument"]},
    "request": {
        "url": "https://auto.example/files/1/?seal=secret-seal",
        "method": "POST",
        "query_string": "seal=secret-seal",
        "data": {"text": "secret-words"},
        "cookies": {"sessionid": "secret-cookie"},
        "headers": {"Authorization": "Bearer secret-token"},
        "env": {"REMOTE_ADDR": "203.0.113.5"},
    },
    "exception": {"values": [{"type": "ValueError", "value": "secret-words", "stacktrace": {"frames": []}}]},
    "logentry": {"message": "%s failed", "params": ["secret-words"], "formatted": "secret-words failed"},
}
CHECK = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "autodoctor.settings"
import django
django.setup()
print("sentry_sdk" in sys.modules)
"""


def start(**environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "AUTODOCTOR_DATA") if name in os.environ}
    command = [sys.executable, "-c", CHECK]
    return subprocess.run(command, env=kept | {"DEBUG": "1"} | environment, capture_output=True, text=True, check=False)


def test_a_reported_error_says_what_failed_and_where_and_no_typed_words() -> None:
    with logs.bound(request_id="r1"):
        event = cast(Any, error_reporting.scrubbed(cast(Any, json.loads(json.dumps(EVENT))), {}))
    assert event["tags"] == {"request_id": "r1"}
    assert event["request"] == {"url": "https://auto.example/files/1/", "method": "POST"}
    assert event["exception"]["values"] == [{"type": "ValueError", "stacktrace": {"frames": []}}]
    assert event["logentry"] == {"message": "%s failed"}
    written = json.dumps(event)
    assert not [word for word in ("secret", "casey", "203.0.113.5", "host") if word in written]


def test_breadcrumbs_are_reported_without_their_words() -> None:
    crumb = {"category": "query", "message": "SELECT 'secret'", "data": {"url": "secret"}, "level": "info"}
    assert error_reporting.scrubbed_crumb(crumb, {}) == {"category": "query", "level": "info"}


def test_sentry_is_loaded_only_with_a_dsn() -> None:
    assert start().stdout.strip() == "False"
    assert start(SENTRY_DSN="http://key@127.0.0.1:9/1").stdout.strip() == "True"


def test_an_invalid_sentry_dsn_stops_the_start_with_one_sentence() -> None:
    done = start(SENTRY_DSN="not-an-address")
    assert done.returncode == 1
    assert done.stderr.strip().startswith("SENTRY_DSN is not an address")
    assert "Traceback" not in done.stderr
