"""The services that the product needs: each is asked once, in a way that changes nothing that lasts."""

import smtplib
import socket
import ssl
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import cast
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.mail import get_connection
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.retry import Retry

from autodoctor.core import database_ways
from autodoctor.files import storage
from autodoctor.health.readiness import Behind, check_clock
from autodoctor.operations import database_limits, database_roles
from autodoctor.operations.checks import relay
from autodoctor.room.relay_servers import ice_servers
from autodoctor.scheduler.leases import RECURRING
from autodoctor.scheduler.models import Job
from autodoctor.transcripts import engines

PATIENCE_SECONDS = 10
MOST_SKEW = timedelta(seconds=1)
QUIET = timedelta(minutes=10)  # two rounds of the sweep
OF_THREADS = 26  # connections of a process's scheduler, messages, joins and presence, beside DATABASE_POOL


def transcripts() -> Iterator[str]:
    """What is to make transcripts can be found. Without it nobody is offered one, and nobody is told why."""
    if problem := engines.problem():
        yield problem


def database() -> Iterator[str]:
    try:
        began = timezone.now()
        theirs = _database_time()
        skew = abs(theirs - (began + (timezone.now() - began) / 2))
    except DatabaseError as error:
        yield f"DATABASE_URL: the database does not answer: {str(error).strip()}"
        return
    if skew > MOST_SKEW:
        yield f"The clocks of this machine and of the database differ by {skew.total_seconds():.0f} s: run NTP on both."
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield f"{len(plan)} migrations are not applied: run `manage.py migrate`."
    if connection.vendor == "postgresql":
        yield from _postgres()


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT 1")
            return timezone.now()
        cursor.execute("SELECT clock_timestamp()")
        return cast(datetime, cursor.fetchone()[0])


def _postgres() -> Iterator[str]:
    if missing := database_limits.missing():
        yield f"The database's role has no {', '.join(missing)}: run `manage.py database_limits`, then reconnect."
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('max_connections')::int, current_setting('transaction_read_only')")
        most, read_only = cursor.fetchone()
    pool = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    if pool + OF_THREADS > most:
        yield f"max_connections of the database is {most}, and one process may open {pool + OF_THREADS}: raise it."
    if read_only == "on":
        yield "DATABASE_URL leads to a database that takes no writes, such as a replica: name the primary."
    yield from _ways()
    if settings.ROW_SECURITY:
        yield from database_roles.problems()


def _ways() -> Iterator[str]:
    """PgBouncer takes no limits at the start of a connection, the server does."""
    if not database_ways.keeps_limits(settings.DIRECT_DATABASE):
        yield "migrate, backup and restore need the server itself, not PgBouncer: DIRECT_DATABASE_URL does not name it."
    if not settings.CLOCK_DATABASE and not database_ways.keeps_limits({}):
        yield (
            "Requests can take all of PgBouncer's connections from the scheduler: CLOCK_DATABASE_URL names an entry of "
            "its own for it, or the server itself."
        )


def clock() -> Iterator[str]:
    """Whether a scheduler runs, here or elsewhere."""
    try:
        check_clock()
    except Behind:
        yield "Deadlines are overdue, and no process acts on them: start `manage.py clock`, or a server with its own."
    except DatabaseError:
        return  # told already
    recurring, now = Job.objects.filter(key=RECURRING, parked_at=None), timezone.now()
    waiting = recurring.filter(run_at__lte=now - QUIET).exclude(leased_until__gt=now)
    if waiting.exists() or not recurring.exists():  # a scheduler puts them there before anything else
        yield "No scheduler has done anything for ten minutes: start `manage.py clock`, or a server with its own."


def bus() -> Iterator[str]:
    """Redis or Valkey, if `REDIS_URL` names one."""
    if not settings.REDIS_URL:
        return
    try:
        with Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            client.ping()
    except (AuthenticationError, ResponseError) as error:
        yield f"REDIS_URL: the server there refuses: {error}"
    except (RedisError, OSError) as error:
        yield f"REDIS_URL: nobody answers: {error}"


def store() -> Iterator[str]:
    try:
        storage.check()
        storage.remove(storage.storage().save(storage.new_key(timezone.now()), ContentFile(b"private")))
    except (OSError, *getattr(storage.storage(), "failures", ())) as error:
        yield f"The file store takes no file: {error}. Run `manage.py setup_storage`."
        return
    if storage.is_directory():
        if storage.directory().stat().st_mode & (stat.S_IRWXO | stat.S_IRWXG):
            yield f"Others on this machine may enter {storage.directory()}: chmod 700."
    elif storage.is_open():
        yield "An object of the bucket can be read without a signature: run `manage.py setup_storage`."


def mail() -> Iterator[str]:
    """Whether the server answers, and takes our name. Nothing is sent."""
    try:
        if settings.ANYMAIL.keys() & {"RESEND_API_URL", "POSTMARK_API_URL"}:
            address = next(value for name, value in settings.ANYMAIL.items() if name.endswith("_API_URL"))
            _connected(urlsplit(address).hostname or "", 443, encrypted=True).close()
        else:
            server = get_connection()
            server.open()
            server.close()
    except (OSError, smtplib.SMTPException) as error:
        yield f"EMAIL_URL: the mail server does not take us: {error}"


def relays() -> Iterator[str]:
    given = [server for server in ice_servers(user_id="check", now=timezone.now()) if "credential" in server]
    for server in given:
        for url in server["urls"]:
            yield from relay.problems(url, server["username"], server["credential"])


def stripe() -> Iterator[str]:
    told = StringIO()
    try:
        call_command("check_stripe", stdout=told)
    except SystemExit:
        yield from (line.removeprefix("- ") for line in told.getvalue().splitlines())


def site() -> Iterator[str]:
    try:
        answer = requests.get(f"{settings.SITE_URL}/api/ready", timeout=PATIENCE_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        yield f"SITE_URL: {settings.SITE_URL} does not answer from here: {error}"
        return
    if answer.is_redirect:
        yield "SITE_URL: https leads on to itself: the proxy has to pass X-Forwarded-Proto."
    elif answer.status_code not in (requests.codes.ok, requests.codes.unavailable):
        yield f"SITE_URL: /api/ready answers {answer.status_code}: does the proxy pass Host, and lead to this program?"
    for line in answer.text.splitlines():
        if '"ok":false' in line:
            yield f"SITE_URL: the server there is not well: {line}"
    if "Strict-Transport-Security" not in answer.headers:
        yield "SITE_URL: the answer has no Strict-Transport-Security: the proxy takes our headers away."
    address = urlsplit(settings.SITE_URL)
    if not (address.port or leads_to_https(f"http://{address.hostname}/")):
        yield f"http://{address.hostname} answers in clear: let the proxy lead to https, or set SECURE_SSL_REDIRECT=1."


def leads_to_https(address: str) -> bool:
    """Return whether whoever comes by http is led away; so it is, too, where nobody listens."""
    try:
        answer = requests.get(address, timeout=PATIENCE_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return True
    return answer.is_redirect and answer.headers["Location"].startswith("https://")


def _connected(host: str, port: int, *, encrypted: bool) -> socket.socket:
    """Raises `OSError`."""
    line = socket.create_connection((host, port), timeout=PATIENCE_SECONDS)
    return ssl.create_default_context().wrap_socket(line, server_hostname=host) if encrypted else line
