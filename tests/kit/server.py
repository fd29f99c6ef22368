"""The real server, as `bin/dev` runs it, in a process that a test can kill, stop and restart."""

import json
import secrets
import shutil
import signal
import sqlite3
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from autodoctor.scripts import building, bundles
from tests.kit import artifacts, processes
from tests.kit.child import Child
from tests.kit.ports import free_port
from tests.kit.postgres import Postgres
from tests.kit.waiting import PATIENCE, UNUSED

PASSWORD = "demo"
ARTIFACTS = artifacts.ARTIFACTS
BUNDLES = processes.ROOT / ".bundles"
START_LIMIT = 60  # seconds until it must answer
# Options of an HTTP client: servers here have no certificates, and to read the machine's costs each client 60 ms.
PLAIN: dict[str, Any] = {"trust_env": False, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
SIGNED_IN = """
import json
import time
from types import SimpleNamespace
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY, record_authentication
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from autodoctor.accounts.session_store import SessionStore
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.accounts.staff_sessions import SIGNED_IN_AT

def signed_in(user):
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store[SIGNED_IN_AT] = time.time()
    record_authentication(SimpleNamespace(session=store), user, "password", email=user.email)
    # Tests that share a server go on for longer than a password of support stays fresh.
    store[AUTHENTICATION_METHODS_SESSION_KEY][0]["at"] += 24 * 60 * 60
    store.create()
    return [str(user.id), user.email, store.session_key]
"""
ENROL = (
    SIGNED_IN
    + """
people = []
for number in range({count}):
    user = User(email=f"{prefix}{{number}}@example.org", name=f"{prefix} {{number}}".title())
    user.set_unusable_password()
    user.save()
    if {mechanics}:
        MechanicProfile.objects.create(
            user=user, headline="Engines", years_experience=9, skills="Engines", state="approved", taking_sessions=True
        )
    people.append(signed_in(user))
print(json.dumps(people))
"""
)


@dataclass(frozen=True)
class Person:
    """A signed-in person: `cookies` go with every request and every socket."""

    id: str
    email: str
    cookies: dict[str, str]


class Server(Child):
    """Start it with `running()`; `data` is its data directory, `url` its address."""

    def __init__(
        self,
        data: Path,
        *,
        deadlines: Mapping[str, float] | None = None,
        database_url: str = "",
        environment: Mapping[str, str] | None = None,
        cold: bool = False,
        as_deployed: bool = False,
        scenario: str = "",
    ) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._cold = cold
        self._as_deployed = as_deployed
        self._scenario = scenario
        self._database_url = database_url
        self.environment = _environment(data, database_url) | {
            "PORT": str(self.port),
            "DEADLINES": json.dumps(deadlines or {}),
            **(environment or {}),
        }
        self.enrolled: list[Person] = []
        self._signed_in: dict[str, Person] = {}
        self._clients: list[httpx.Client] = []

    def start(self) -> None:
        """Returns once it answers. Raises `RuntimeError` with its log when it does not within a minute."""
        command = ["uvicorn", *documented_options(self.port)] if self._as_deployed else ["autodoctor.dev"]
        command += ["--scenario", self._scenario] if self._scenario else []
        with self._log.open("ab") as log:
            self._process = processes.start(
                *command,
                environment=self.environment,
                cold=self._cold,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def stop(self) -> int:
        """Stop the process with SIGINT, like Ctrl-C; return the exit code."""
        self._last.send_signal(signal.SIGINT)
        return self.wait()

    def close(self) -> None:
        """Kill it where it still runs, and close its clients."""
        for client in self._clients:
            client.close()
        if self.is_running():
            self.kill()

    @property
    def pid(self) -> int:
        return self._last.pid

    @property
    def is_sqlite(self) -> bool:
        return not self._database_url

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def manage(self, *arguments: str) -> str:
        """Run a management command on its data; returns what it printed. Raises `RuntimeError` when it fails."""
        return _manage(self.environment, *arguments)

    def shell(self, code: str) -> str:
        """Run Python with Django set up on its data; returns what it printed."""
        return self.manage("shell", "--no-imports", "--command", code)

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask or change its database directly; `%s` stands for a parameter."""
        if self._database_url:
            with psycopg.connect(self._database_url) as connection:
                cursor = connection.execute(query.encode(), parameters)
                return cursor.fetchall() if cursor.description else []
        lite = sqlite3.connect(self.data / "autodoctor.sqlite3", timeout=PATIENCE)
        try:
            with lite:
                return lite.execute(query.replace("%s", "?"), parameters).fetchall()
        finally:
            lite.close()

    def enroll(self, count: int, prefix: str = "customer-", *, mechanics: bool = False) -> list[Person]:
        """Create new people who are already signed in."""
        made = json.loads(self.shell(ENROL.format(count=count, prefix=prefix, mechanics=mechanics)))
        return [Person(id_, email, {"sessionid": key}) for id_, email, key in made]

    def sign_in(self, email: str) -> Person:
        """Return the person as signed in, without the form; cached per server."""
        if email not in self._signed_in:
            made = self.shell(SIGNED_IN + f"print(json.dumps(signed_in(User.objects.get(email={email!r}))))")
            id_, _, key = json.loads(made)
            self._signed_in[email] = Person(id_, email, {"sessionid": key})
        return self._signed_in[email]

    def sign_in_by_form(self, email: str, password: str = PASSWORD) -> Person:
        """Sign in through the sign-in page, for tests about that page."""
        client = self.client()
        answer = client.post("/sign-in/", data={"login": email, "password": password})
        cookies = {cookie.name: str(cookie.value) for cookie in client.cookies.jar}
        if "sessionid" not in cookies:
            raise RuntimeError(f"{email} could not sign in: {answer.status_code}\n{answer.text[:2000]}")
        ((id_,),) = self.sql("SELECT id FROM accounts_user WHERE email = %s", email)
        return Person(str(_uuid(id_)), email, cookies)

    def memory(self, part: str = "VmRSS") -> int:
        """Return the resident memory in bytes, or the part of it that Linux calls so."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (kilobytes,) = [line.split()[1] for line in lines if line.startswith(f"{part}:")]
        return int(kilobytes) * 1024

    def client(self, person: Person | None = None) -> httpx.Client:
        """Return an HTTP client with the person's cookies that sends a CSRF token, as our pages do.

        The token is made up: the server only compares cookie and field. The client is closed with the server.
        """
        cookies = {"csrftoken": secrets.token_hex(16)} | (person.cookies if person else {})
        client = httpx.Client(
            base_url=self.url,
            timeout=PATIENCE,
            headers={"Referer": self.url + "/", "X-CSRFToken": cookies["csrftoken"]},
            cookies=cookies,
            limits=UNUSED,
            **PLAIN,
        )
        self._clients.append(client)
        return client

    @property
    def _log(self) -> Path:
        return self.data / "server.log"

    def _wait_until_it_answers(self) -> None:
        limit = time.monotonic() + START_LIMIT
        with httpx.Client(timeout=2, **PLAIN) as client:
            while self.is_running() and time.monotonic() < limit:
                try:
                    if client.get(f"{self.url}/api/health").status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(0.02)
        raise RuntimeError(f"the server did not start:\n{self.log()[-4000:]}")


@contextmanager
def running(
    *,
    deadlines: Mapping[str, float] | None = None,
    database_url: str = "",
    environment: Mapping[str, str] | None = None,
    cold: bool = False,
    as_deployed: bool = False,
    scenario: str = "",
) -> Iterator[Server]:
    """A server with the demo people and plans, gone afterwards with all its data.

    `deadlines` (seconds) changes single ones; `database_url` comes from `fresh_database()`; `cold` is for tests of how
    it starts, see `processes`; `as_deployed` begins it with the options of docs/production.md; `scenario` is one of
    `bin/dev`.
    """
    _bundle_scripts()
    data = Path(tempfile.mkdtemp(prefix="autodoctor-server-"))
    shutil.copytree(_template(), data, dirs_exist_ok=True)
    server = Server(
        data,
        deadlines=deadlines,
        database_url=database_url,
        environment=environment,
        cold=cold,
        as_deployed=as_deployed,
        scenario=scenario,
    )
    try:
        server.start()
        yield server
    finally:
        server.close()
        shutil.rmtree(data, ignore_errors=True)


def documented_options(port: int) -> list[str]:
    """Return the arguments of uvicorn that docs/production.md gives, with this port."""
    text = (processes.ROOT / "docs" / "production.md").read_text()
    options = text.partition("\nuvicorn ")[2].partition("\n```")[0]
    return options.replace("\\\n", " ").replace("--port 8000", f"--port {port}").split()


@cache
def fresh_template(cluster: Postgres) -> str:
    """The name of a migrated and seeded database in this cluster; databases are copied from it."""
    url = cluster.create("template_autodoctor")
    _fill(_environment(_template(), url))
    return "template_autodoctor"


def fresh_database(cluster: Postgres, name: str) -> str:
    """A migrated and seeded PostgreSQL database; returns its URL."""
    return cluster.create(name, template=fresh_template(cluster))


@cache
def _template() -> Path:
    """A migrated and seeded data directory, kept until the code changes: a copy costs milliseconds."""
    kept = ARTIFACTS / f"template-{artifacts.fingerprint()}"
    if kept.exists():
        return kept
    with artifacts.alone("template"):
        if not kept.exists():
            artifacts.forget_old("template-*")
            made = Path(tempfile.mkdtemp(dir=ARTIFACTS, prefix="template-in-the-making-"))
            _fill(_environment(made, ""))
            made.rename(kept)
    return kept


@cache
def _bundle_scripts() -> None:
    """Bundle the scripts, so that pages load them as in production."""
    with artifacts.alone("bundles"):
        if bundles.read(BUNDLES / bundles.MANIFEST) is None:
            building.build(BUNDLES)


def _fill(environment: dict[str, str]) -> None:
    _manage(environment, "migrate", "--verbosity", "0")
    _manage(environment, "seed")


def _environment(data: Path, database_url: str) -> dict[str, str]:
    given = {"STATIC_MAX_AGE": "3600"} | ({"DATABASE_URL": database_url} if database_url else {})
    return processes.environment(data) | given


def _manage(environment: dict[str, str], *arguments: str) -> str:
    done = processes.run("manage", *arguments, environment=environment)
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)[:200]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _uuid(value: object) -> object:
    return UUID(value) if isinstance(value, str) else value
