"""The environment and the machine, without asking anybody. Missing or malformed variables stop the start already."""

import os
import resource
import shutil
import stat
from collections.abc import Iterator
from itertools import combinations

from django.conf import settings
from django.core import checks

# http: `services.site` asks the proxy itself, which leads to https before we hear of it.
ASKED_ELSEWHERE = {"security.W008"}
LEAST_CHARACTERS = 32
LEAST_DIFFERENT = 10  # characters of a secret; a random one of that length has more
LEAST_OPEN_FILES = 4096
LEAST_FREE_BYTES = 2 * 1024**3
MOST_PROXIES = 3
WIDEST = {4: 8, 6: 16}  # bits of a trusted network's prefix, at least
SECRETS = ("SECRET_KEY", "CRON_SECRET", "METRICS_TOKEN", "TURN_SECRET", "INBOUND_SECRET")


def framework() -> Iterator[str]:
    """Django's own checks of a deployment."""
    for message in checks.run_checks(include_deployment_checks=True):
        if message.is_serious(checks.WARNING) and message.id not in ASKED_ELSEWHERE:
            yield f"{message.msg} {message.hint or ''}".strip()


def secrets() -> Iterator[str]:
    given = {name: getattr(settings, name) for name in SECRETS if getattr(settings, name)}
    for name, secret in given.items():
        if len(secret) < LEAST_CHARACTERS or len(set(secret)) < LEAST_DIFFERENT:
            yield f"{name} can be guessed: give what `openssl rand -base64 48` prints."
    for one, other in combinations(given, 2):
        if given[one] == given[other]:
            yield f"{one} and {other} are the same: each secret does one thing."
    *keys, _of_secret_key = settings.ENCRYPTION_KEYS
    if not keys:
        yield "ENCRYPTION_KEYS is not set: then SECRET_KEY can never change. `openssl rand -base64 32` makes one."
    if any(len(set(key)) < LEAST_DIFFERENT for key in keys):
        yield "A key in ENCRYPTION_KEYS can be guessed: `openssl rand -base64 32` makes a random one."
    if not settings.STAFF_SECOND_FACTOR:
        yield "STAFF_SECOND_FACTOR is off: whoever guesses a password of support reads everything. Take it away."


def proxies() -> Iterator[str]:
    trusted = settings.TRUSTED_PROXIES
    if not trusted:
        yield (
            "TRUSTED_PROXIES is not set: https ends at a proxy, and with it all visitors have the proxy's address and "
            "share its limits. Give the number of proxies, or their networks."
        )
    elif isinstance(trusted, int):
        if trusted > MOST_PROXIES:
            yield f"TRUSTED_PROXIES is {trusted}: with fewer proxies, visitors can write any address of their own."
    else:
        for network in trusted:
            if network.prefixlen < WIDEST[network.version]:
                yield f"TRUSTED_PROXIES holds {network}: strangers in it can write any address. Name the proxies only."


def machine() -> Iterator[str]:
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed < LEAST_OPEN_FILES:
        yield (
            f"A process may have {allowed:,} files open here, and each socket is one: set `ulimit -n 65536`, or "
            "LimitNOFILE=65536 in its unit."
        )
    data = settings.DATA
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield f"AUTODOCTOR_DATA: {data} is closed to this user: run this as the service's user."
    if data.stat().st_mode & stat.S_IWOTH:
        yield f"AUTODOCTOR_DATA: everybody may write into {data}: chmod 700."
    free = shutil.disk_usage(data).free
    if free < LEAST_FREE_BYTES:
        yield f"AUTODOCTOR_DATA: only {free // 1024**2:,} MB are free at {data}: make room, 2 GB at least."


def left_out() -> Iterator[str]:
    """What is off because nothing is set: no problem, if it is meant."""
    if not settings.VAPID_PRIVATE_KEY:
        yield "VAPID_PRIVATE_KEY is not set: push messages are not offered. `manage.py vapid_keys` prints a pair."
    if not settings.TURN_URLS:
        yield "TURN_URLS is not set: calls fail between networks that let no direct connection through."
    if not settings.INBOUND_ADDRESS:
        yield "INBOUND_ADDRESS is not set: mails cannot be answered."
    if not settings.METRICS_TOKEN:
        yield "METRICS_TOKEN is not set: only this machine reads /metrics."
    if not settings.SENTRY_DSN:
        yield "SENTRY_DSN is not set: errors stand in the log alone."
    if settings.DATABASES["default"]["ENGINE"] == "autodoctor.scheduler.sqlite":
        yield "DATABASE_URL is not set: SQLite serves one process on one machine."
    elif not settings.ROW_SECURITY:
        yield "ROW_SECURITY is not set: the role of DATABASE_URL owns the tables, and may read and rewrite all."
