"""A missing or wrong variable stops the start with one clear sentence."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from autodoctor.core.encryption import new_key
from autodoctor.core.vapid_keys import new_private_key, public_key_of
from tests.kit import processes

GOOD = {
    "SECRET_KEY": "x" * 60,
    "SITE_URL": "https://auto.example",
    "EMAIL_URL": "smtp://localhost",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "CRON_SECRET": "c" * 40,
    "ENCRYPTION_KEYS": new_key(),
}


def start(
    tmp_path: Path, changes: Mapping[str, str | None], *names: str, cold: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Reads the settings, and prints those of these names."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given = {**kept, **GOOD, "AUTODOCTOR_DATA": str(tmp_path), **changes}
    environment = {name: value for name, value in given.items() if value is not None}
    return processes.run("tests.kit.settings_seen", *names, environment=environment, cold=cold)


def seen(tmp_path: Path, changes: Mapping[str, str], *names: str) -> list[Any]:
    told = start(tmp_path, changes, *names)
    assert told.returncode == 0, told.stderr
    return list(json.loads(told.stdout).values())


@pytest.mark.parametrize("cold", [True, False])
def test_a_whole_environment_starts(tmp_path: Path, cold: bool) -> None:
    started = start(tmp_path, {}, cold=cold)
    assert (started.returncode, started.stderr) == (0, "")


def test_what_the_image_is_built_with_starts(tmp_path: Path) -> None:
    recipe = (processes.ROOT / "deploy" / "Containerfile").read_text()
    given = dict(re.findall(r"\b(SITE_URL|EMAIL_URL|STRIPE_SECRET_KEY|STRIPE_WEBHOOK_SECRET)=(\S+)", recipe))
    assert len(given) == 4
    assert start(tmp_path, given).stderr == ""


def test_a_start_without_settings_stops_with_one_sentence_alone(tmp_path: Path) -> None:
    stopped = start(tmp_path, {"SITE_URL": "http://auto.example"}, cold=True)
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr.startswith("SITE_URL is not set")
    assert len(stopped.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in GOOD if name != "ENCRYPTION_KEYS"),
        ("SITE_URL", "http://auto.example"),
        ("STRIPE_PUBLISHABLE_KEY", "sk_live_x"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_test_x"),  # of the other mode
        ("SITE_URL", "https://auto.example/doctor"),
        ("SITE_URL", "https://auto example"),
        ("SITE_URL", "https://auto.example:port"),
        ("STRIPE_SECRET_KEY", "pk_live_x"),
        ("STRIPE_SECRET_KEY", "whsec_x"),
        ("STRIPE_WEBHOOK_SECRET", "sk_live_x"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_x,we_x"),
        ("STRIPE_COUNTRY", "usa"),
        ("PORT", "eighty"),
        ("PORT", "99999"),
        ("PORT", "-1"),
        ("STATIC_MAX_AGE", "-1"),
        ("REDIS_URL", "http://cache.example"),
        ("REDIS_URL", "redis://cache.example:port"),
        ("STUN_URLS", "stun.example:3478"),
        ("STUN_URLS", "stun:a.example:3478,turn:b.example"),
        ("INBOUND_SECRET", "without a user"),
        ("STATIC_MAX_AGE", "an hour"),
        ("DATABASE_URL", "oracle://somewhere/else"),
        ("ROW_SECURITY", "1"),  # on SQLite
        ("TRUSTED_PROXIES", "my friend"),
        ("EMAIL_URL", "mail.example"),
        ("EMAIL_URL", "smtp://:25"),
        ("EMAIL_URL", "smtp://host:eighty"),
        ("EMAIL_URL", "resend://api.resend.com"),
        ("EMAIL_URL", "sendmail://host"),
        ("EMAIL_FROM", "The Auto Doctor"),
        ("EMAIL_FROM", "a@b\nBcc: c@d"),
        ("SUPPORT_EMAIL", "nobody"),
        ("TRANSCRIBER_ENGINE", "somebody"),
        ("TRANSCRIBER_URL", "speech.example"),
        ("TRANSCRIBER_SECONDS", "1"),
        ("DRAFTER_URL", "https://models.example"),  # without a model
        ("DEADLINES", "{soon"),
        ("DEADLINES", "[5]"),
        ("DEADLINES", '{"unnoticed": "soon"}'),
        ("DEADLINES", '{"unnoticed": true}'),
        ("DEADLINES", '{"unnoticed": -1}'),
        ("VAPID_PRIVATE_KEY", "no key"),
        ("VAPID_PRIVATE_KEY", "A" * 43),
        ("VAPID_PUBLIC_KEY", "B" * 87),
        ("RESEND_WEBHOOK_SECRET", "whsec_not base64"),
        ("RESEND_WEBHOOK_SECRET", "whsec_c2VjcmV0"),  # and mail goes elsewhere
        ("VAPID_SUBJECT", "nobody"),
        ("PUSH_SERVICES", "http://push.example"),
        ("ENCRYPTION_KEYS", "a word that is no key"),
        ("ENCRYPTION_KEYS", f"{'A' * 43}=,{'A' * 40}"),
        ("STAFF_SESSION", "a day"),
        ("STAFF_SESSION", "1209600"),
        ("STAFF_SESSION_IDLE", "0"),
    ],
)
def test_a_missing_or_wrong_setting_stops_the_start_with_one_sentence_naming_it(
    tmp_path: Path, name: str, value: str | None
) -> None:
    stopped = start(tmp_path, {name: value})
    assert stopped.returncode == 1
    assert name in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert len(stopped.stderr.strip().splitlines()) == 1


def test_settings_of_a_pair_are_set_together_or_not_at_all(tmp_path: Path) -> None:
    private, other = new_private_key(), new_private_key()
    pair = {"VAPID_PRIVATE_KEY": private, "VAPID_PUBLIC_KEY": public_key_of(private)}
    assert start(tmp_path, pair).returncode == 0
    for wrong in (pair | {"VAPID_PUBLIC_KEY": None}, pair | {"VAPID_PUBLIC_KEY": public_key_of(other)}):
        stopped = start(tmp_path, wrong)
        assert stopped.returncode == 1
        assert stopped.stderr.startswith("VAPID_PUBLIC_KEY does not belong to the private key")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"S3_ENDPOINT_URL": "https://s3.example"}, "S3_BUCKET"),
        ({"S3_ACCESS_KEY_ID": "key", "S3_SECRET_ACCESS_KEY": "secret"}, "S3_BUCKET"),
        ({"S3_BUCKET": "files", "S3_ENDPOINT_URL": "s3.example"}, "S3_ENDPOINT_URL"),
        ({"S3_BUCKET": "files", "S3_ACCESS_KEY_ID": "key"}, "S3_SECRET_ACCESS_KEY"),
        ({"S3_BUCKET": "files", "S3_SECRET_ACCESS_KEY": "secret"}, "S3_ACCESS_KEY_ID"),
        ({"DATABASE_URL": "postgres://host/name", "DATABASE_POOL": "1"}, "DATABASE_POOL"),
        ({"TURN_SECRET": "secret", "TURN_URLS": "turn.example:3478"}, "TURN_URLS"),
        ({"DEBUG": "1", "SITE_URL": "localhost:8000"}, "SITE_URL"),
    ],
)
def test_settings_that_do_not_fit_each_other_stop_the_start(tmp_path: Path, given: dict[str, str], named: str) -> None:
    stopped = start(tmp_path, given)
    assert (stopped.returncode, len(stopped.stderr.strip().splitlines())) == (1, 1), stopped.stderr
    assert named in stopped.stderr


def test_a_database_keeps_what_its_address_demands(tmp_path: Path) -> None:
    [databases] = seen(tmp_path, {"DATABASE_URL": "postgres://u:p@host/name?sslmode=require"}, "DATABASES")
    options = databases["default"]["OPTIONS"]
    assert options["sslmode"] == "require"
    assert "pool" in options


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"DEBUG": "1"}, [0, True]),
        ({"DEBUG": "1", "STATIC_MAX_AGE": "3600"}, [3600, False]),
        ({"DEBUG": "0"}, [60, False]),
    ],
)
def test_static_files_are_read_anew_only_where_somebody_writes_them(
    tmp_path: Path, given: dict[str, str], expected: list[Any]
) -> None:
    assert seen(tmp_path, given, "SERVESTATIC_MAX_AGE", "SERVESTATIC_AUTOREFRESH") == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp+tls://me%40x:p%2Fw@mail.example", ["smtp", "mail.example", 587, "me@x", "p/w", True, False, {}]),
        ("smtp+ssl://mail.example:4650", ["smtp", "mail.example", 4650, "", "", False, True, {}]),
        (
            "resend://re_A_b@api.resend.com",
            [
                *("resend", "", 25, "", "", False, False),
                {"RESEND_API_KEY": "re_A_b", "RESEND_API_URL": "https://api.resend.com/"},
            ],
        ),
        ("postmark://to-ken@", ["postmark", "", 25, "", "", False, False, {"POSTMARK_SERVER_TOKEN": "to-ken"}]),
    ],
)
def test_mail_goes_where_its_address_says(tmp_path: Path, url: str, expected: list[Any]) -> None:
    names = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL")
    backend, *server, service = seen(tmp_path, {"EMAIL_URL": url}, "EMAIL_BACKEND", *names, "ANYMAIL")
    del service["REQUESTS_TIMEOUT"], service["WEBHOOK_SECRET"]
    assert [backend.split(".")[-2], *server, service] == expected


def test_cookies_of_a_production_site_belong_to_its_host_and_to_https_alone(tmp_path: Path) -> None:
    names = ("SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE")
    assert seen(tmp_path, {}, *names) == ["__Host-sessionid", True, "__Host-csrftoken", True]


@pytest.mark.parametrize(
    ("given", "expected"), [({}, True), ({"DEBUG": "1"}, False), ({"STAFF_SECOND_FACTOR": "0"}, False)]
)
def test_staff_needs_a_second_factor_unless_the_setting_turns_it_off(
    tmp_path: Path, given: dict[str, str], expected: bool
) -> None:
    assert seen(tmp_path, given, "STAFF_SECOND_FACTOR") == [expected]


def test_without_an_encryption_key_one_made_of_the_secret_key_does(tmp_path: Path) -> None:
    [alone] = seen(tmp_path, {"ENCRYPTION_KEYS": ""}, "ENCRYPTION_KEYS")
    [with_another] = seen(tmp_path, {"ENCRYPTION_KEYS": GOOD["ENCRYPTION_KEYS"]}, "ENCRYPTION_KEYS")
    [of_another_secret] = seen(tmp_path, {"ENCRYPTION_KEYS": "", "SECRET_KEY": "y" * 60}, "ENCRYPTION_KEYS")
    assert len(alone) == 1
    assert with_another == [GOOD["ENCRYPTION_KEYS"], *alone]
    assert of_another_secret != alone


def test_codes_by_mail_live_ten_minutes(tmp_path: Path) -> None:
    names = ("ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT", "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT")
    assert seen(tmp_path, {}, *names) == [600, 600]
