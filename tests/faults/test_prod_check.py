"""`bin/prod-check`: nothing to say about a right environment, and a sentence for each thing that is wrong."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import httpx
import psycopg
import pytest

from autodoctor.core.encryption import new_key
from autodoctor.core.vapid_keys import new_private_key, public_key_of
from autodoctor.payments.stripe.setup import ACCOUNT_EVENTS, PAYMENT_EVENTS
from autodoctor.sandbox import API_KEY
from tests.kit import nginx, processes, turn
from tests.kit.ports import free_port
from tests.kit.postgres import Postgres
from tests.kit.processes import ROOT
from tests.kit.s3 import s3
from tests.kit.server import PLAIN, Server, documented_options, fresh_database
from tests.kit.smtp import Sink
from tests.kit.stripe_sandbox import RunningSandbox
from tests.kit.valkey import valkey
from tests.kit.waiting import until

TEST_KEYS = "These are test keys: nobody is charged on this site."
VAPID = new_private_key()


def secret(letter: str) -> str:
    return "".join(chr(33 + (ord(letter) * 7 + number * 11) % 90) for number in range(60))


def production(data: Path, url: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "AUTODOCTOR_DATA": str(data),
        "SITE_URL": url,
        "SECRET_KEY": secret("s"),
        "CRON_SECRET": secret("c"),
        "ENCRYPTION_KEYS": new_key(),
        "TRUSTED_PROXIES": "1",
        "SECURE_SSL_REDIRECT": "0",  # as in deploy/environment.example: the proxy does it
        "STRIPE_SECRET_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRET": "whsec_1,whsec_2",
        "EMAIL_URL": "smtp://127.0.0.1:9",
    }


def check(environment: dict[str, str], files: int = 4096) -> tuple[int, list[str]]:
    """Run it with so many open files allowed; returns the exit code and what it printed."""
    command = f"ulimit -n {files} && exec bin/prod-check"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [line.strip(" -") for line in (done.stdout + done.stderr).splitlines()]


@pytest.fixture
def right(cluster: Postgres, mailbox: Sink, stripe_sandbox: RunningSandbox, tmp_path: Path) -> Iterator[dict[str, str]]:
    """All in its place: nginx and coturn as in `deploy/`, PostgreSQL, Valkey, a bucket, mail, Stripe's double."""
    if not (nginx.is_installed() and turn.is_installed()):
        pytest.skip("needs nginx and coturn")
    with ExitStack() as stack:
        store, relay = stack.enter_context(s3()), stack.enter_context(turn.running(as_deployed=True))
        bus = stack.enter_context(valkey())
        app_port = free_port()
        proxy = stack.enter_context(nginx.in_front_of(app_port))
        given = production(tmp_path, proxy.url) | store.environment() | relay.environment
        given |= {
            "TURN_SECRET": turn.SECRET,
            "DATABASE_URL": fresh_database(cluster, "checked"),
            "REDIS_URL": bus.url,
            "EMAIL_URL": mailbox.url,
            "STRIPE_API_BASE": stripe_sandbox.url,
            "VAPID_PRIVATE_KEY": VAPID,
            "VAPID_PUBLIC_KEY": public_key_of(VAPID),
            "REQUESTS_CA_BUNDLE": str(proxy.certificate),
            "PORT": str(app_port),
        }
        tell_stripe(stripe_sandbox, f"{proxy.url}/api/stripe/webhook")
        for command in ("setup_storage", "database_limits"):
            assert processes.run("manage", command, environment=given).returncode == 0
        stack.enter_context(serving(given, tmp_path / "server.log"))
        until(lambda: has_scheduler(given["DATABASE_URL"]))
        yield given


def has_scheduler(database: str) -> bool:
    with psycopg.connect(database) as connection:
        return connection.execute("SELECT 1 FROM scheduler_job WHERE key = 'recurring'").fetchone() is not None


def tell_stripe(sandbox: RunningSandbox, url: str) -> None:
    from autodoctor.payments.stripe.client import client

    for events in (PAYMENT_EVENTS, ACCOUNT_EVENTS):
        params: Any = {"url": url, "enabled_events": list(events)}
        client().v1.webhook_endpoints.create(params)


@contextmanager
def serving(environment: dict[str, str], log: Path) -> Iterator[None]:
    """A production server, started as docs/production.md says."""
    with log.open("w") as out:
        process = processes.start(
            "uvicorn",
            *documented_options(int(environment["PORT"])),
            environment=environment,
            cold=False,
            stdin=DEVNULL,
            stdout=out,
            stderr=out,
        )
        try:
            until(lambda: is_ready(f"http://127.0.0.1:{environment['PORT']}/api/ready"))
            yield
        finally:
            process.kill()
            process.wait()


def is_ready(url: str) -> bool:
    try:
        return httpx.get(url, **PLAIN).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def test_a_right_environment_has_nothing_to_do_but_what_stripe_says_of_test_keys(right: dict[str, str]) -> None:
    code, said = check(right)
    until_done = [line for line in said if not line.endswith(": fine") and not line.startswith("note: ")]
    assert until_done == ["Stripe: to do", TEST_KEYS, "1 problems."]
    assert code == 1

    code, said = check(right | {"TURN_SECRET": secret("w"), "TRUSTED_PROXIES": "0.0.0.0/0", "STRIPE_COUNTRY": "DE"})
    text = "\n".join(said)
    assert "TURN_SECRET is not its `static-auth-secret`" in text
    assert "TRUSTED_PROXIES holds 0.0.0.0/0" in text
    assert "STRIPE_COUNTRY says DE" in text


def test_each_thing_that_is_wrong_has_a_sentence(tmp_path: Path, stripe_sandbox: RunningSandbox) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    wrong = production(tmp_path, f"https://{nobody}") | {
        "SECRET_KEY": "x" * 60,
        "CRON_SECRET": "cron",
        "METRICS_TOKEN": "cron",
        "ENCRYPTION_KEYS": "",
        "STAFF_SECOND_FACTOR": "0",
        "TRUSTED_PROXIES": "",
        "DATABASE_URL": f"postgres://nobody@{nobody}/none",
        "REDIS_URL": f"redis://{nobody}/0",
        "S3_BUCKET": "none",
        "S3_ENDPOINT_URL": f"http://{nobody}",
        "EMAIL_URL": f"smtp://{nobody}",
        "TURN_URLS": f"turn:{nobody}?transport=tcp",
        "TURN_SECRET": secret("t"),
        "STRIPE_API_BASE": stripe_sandbox.url,
    }
    code, said = check(wrong, files=512)
    assert code == 1
    text = "\n".join(said)
    for sentence in (
        "Your SECRET_KEY has less than 50 characters",
        "CRON_SECRET can be guessed",
        "CRON_SECRET and METRICS_TOKEN are the same",
        "ENCRYPTION_KEYS is not set",
        "STAFF_SECOND_FACTOR is off",
        "TRUSTED_PROXIES is not set",
        "A process may have 512 files open",
        "DATABASE_URL: the database does not answer",
        "REDIS_URL: nobody answers",
        "The file store takes no file",
        "EMAIL_URL: the mail server does not take us",
        "gives no relay",
        "No enabled webhook endpoint",
        f"SITE_URL: https://{nobody} does not answer from here",
        "note: VAPID_PRIVATE_KEY is not set",
    ):
        assert sentence in text, text


def test_a_variable_that_stops_the_start_is_told_as_by_the_start(tmp_path: Path) -> None:
    code, said = check(production(tmp_path, "http://auto.example"))
    assert (code, len(said)) == (1, 1)
    assert said[0].startswith("SITE_URL is not set to the https address")


def test_a_store_a_database_and_a_scheduler_that_are_not_as_they_should_be(start_server: Any, tmp_path: Path) -> None:
    server: Server = start_server(environment={"CLOCK_EMBEDDED": "0"})
    stored = server.data / "files" / "stored"
    stored.mkdir(parents=True, exist_ok=True)
    stored.chmod(0o755)
    server.sql("DELETE FROM django_migrations WHERE app = 'support' OR app = 'rates'")
    _, said = check(server.environment | {"PATH": os.environ["PATH"]})
    text = "\n".join(said)
    assert f"Others on this machine may enter {stored}" in text
    assert "migrations are not applied" in text
    assert "No scheduler has done anything for ten minutes" in text
    assert "You should not have DEBUG set to True in deployment." in text
