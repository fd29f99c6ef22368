"""Read the environment: a missing or wrong variable stops the start with one sentence instead of a traceback."""

import base64
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from autodoctor.core.encryption import is_key
from autodoctor.core.vapid_keys import public_key_of


def exit_with(sentence: str) -> NoReturn:
    """Exit before the start, with a sentence on standard error."""
    raise SystemExit(f"{sentence} docs/production.md lists every variable.")


def read_keys(given: str) -> list[str]:
    """Parse the keys that encrypt secrets, separated by commas."""
    keys = [key.strip() for key in given.split(",") if key.strip()]
    if not all(map(is_key, keys)):
        exit_with("ENCRYPTION_KEYS is not a list of keys, separated by commas: `openssl rand -base64 32` makes one.")
    return keys


def is_address(given: str, *schemes: str) -> bool:
    """Return whether this is the address of a service."""
    try:
        url = urlsplit(given)
        _port = url.port  # raises for one that is no number, or too large
    except ValueError:
        return False
    return url.scheme in schemes and given.isprintable() and " " not in given


def is_origin(given: str, *schemes: str) -> bool:
    """Return whether this is a scheme and a host, with or without a port, and nothing else."""
    return is_address(given, *schemes) and bool(urlsplit(given).hostname) and given.count("/") == 2


POOL_LEAST = 2  # connections that a process keeps open
DATABASE_PATIENCE = 5  # seconds that a request waits for a connection
# What SQLite needs beside the file's name.
IN_A_FILE = {
    "ENGINE": "autodoctor.scheduler.sqlite",  # Django's, with one fair queue for write transactions
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # What undoes a statement of many rows is kept in memory; 16 MB of changes go into the database at once, because
        # most pages are changed again and again.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
        "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000;",
    },
    "CONN_MAX_AGE": None,  # its thread's: opening one reads the whole schema
}


def pooled(given: dict[str, Any], *, size: int, asks: bool) -> dict[str, Any]:
    """Return what a PostgreSQL database needs beside its address.

    How long a transaction, a statement and a wait for a lock may last stands with the role (`manage.py
    database_limits`): PgBouncer refuses options at the start, and gives the next transaction another connection.
    `asks`: it is told with each statement who acts.
    """
    pool = {"min_size": POOL_LEAST, "max_size": size, "timeout": DATABASE_PATIENCE}
    return {
        "ENGINE": "autodoctor.core.postgres" if asks else given["ENGINE"],
        "OPTIONS": {"connect_timeout": DATABASE_PATIENCE} | given.get("OPTIONS", {}) | {"pool": pool},
        "CONN_HEALTH_CHECKS": True,  # a restart of the database server causes no error
        "DISABLE_SERVER_SIDE_CURSORS": True,  # PgBouncer keeps none outside of a transaction
    }


@dataclass(frozen=True)
class MailServer:
    """The mail server, as Django and anymail need it."""

    backend: str
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False
    anymail: dict[str, Any] = field(default_factory=dict)


SMTP_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
MAIL_KEYS = {"resend": "RESEND_API_KEY", "postmark": "POSTMARK_SERVER_TOKEN"}


class Environment(environ.Env):  # type: ignore[misc] # the library has no types
    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except (ImproperlyConfigured, ValueError, TypeError, KeyError):
            exit_with(f"{var} in the environment is not of the form it should have.")

    def database(self, var: str, default: str) -> dict[str, Any]:
        """Parse a database URL: sqlite:///path or postgres://user:password@host/name."""
        try:
            found: dict[str, Any] = self.db_url(var, default=default)
        except (ImproperlyConfigured, ValueError, KeyError):
            found = {}
        if found.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
            exit_with(f"{var} is neither sqlite:///path nor postgres://user:password@host/name.")
        return found

    def row_security(self, var: str, database: Mapping[str, Any]) -> bool:
        """Return whether PostgreSQL is to ask who acts."""
        is_on = bool(self.bool(var, default=False))
        if is_on and not database["ENGINE"].endswith("postgresql"):
            exit_with(f"{var} is set, but DATABASE_URL names no PostgreSQL.")
        return is_on

    def other_database(self, var: str) -> dict[str, Any]:
        """Parse the URL of another way to the database, without its defaults; empty without one."""
        if not str(self.str(var, default="")):
            return {}
        return {name: value for name, value in self.database(var, default="").items() if value or name == "OPTIONS"}

    def mail_server(self, var: str) -> MailServer:
        """Parse smtp+tls://user:password@host:587, resend://key@api.resend.com or
        postmark://token@api.postmarkapp.com.
        """
        try:
            url = urlsplit(str(self.str(var)))
            if url.scheme in SMTP_PORTS and url.hostname:
                return _smtp(url, url.hostname)
            if url.scheme in MAIL_KEYS and url.username:
                return _mail_service(url, url.username)
        except ValueError:  # a port that is none, a bracket too few
            pass
        exit_with(
            f"{var} is none of smtp+tls://user:password@host:587, resend://key@api.resend.com and postmark://token@…."
        )

    def site(self, var: str, default: str, *, secure: bool) -> str:
        """Parse the address of the site, without a slash at its end; `secure`: only https will do."""
        given = str(self.str(var, default=default)).rstrip("/")
        if not is_origin(given, "https", *([] if secure else ["http"])):
            exit_with(f"{var} is not set to the https address that people use, without a path: https://example.com.")
        return given

    def address(self, var: str) -> str:
        """Parse the address of a service, which may have a path; empty without one."""
        given = str(self.str(var, default=""))
        if given and not is_address(given, "http", "https"):
            exit_with(f"{var} is not an address of the form https://host.")
        return given

    def redis(self, var: str) -> str:
        """Parse the address of Redis or Valkey; empty without one."""
        given = str(self.str(var, default=""))
        if given and not is_address(given, "redis", "rediss", "unix"):
            exit_with(f"{var} is not of the form redis://user:password@host:6379, rediss://… or unix:///path.")
        return given

    def whole_number(self, var: str, default: int, *, least: int, most: int = sys.maxsize) -> int:
        """Parse a whole number between these bounds."""
        given = int(self.int(var, default=default))
        if not least <= given <= most:
            bounds = f"from {least} to {most}" if most < sys.maxsize else f"of {least} or more"
            exit_with(f"{var} is not a whole number {bounds}.")
        return given

    def beginning(self, var: str, *starts: str) -> list[str]:
        """Parse a list, separated by commas, of which each entry begins in one of these ways; empty without one."""
        given: list[str] = self.list(var, default=[])
        if not all(entry.startswith(starts) and entry not in starts for entry in given):
            exit_with(f"{var}: each entry begins with {' or '.join(starts)}.")
        return given

    def country(self, var: str, default: str) -> str:
        """Parse a country: two letters."""
        given = str(self.str(var, default=default)).upper()
        if not re.fullmatch(r"[A-Z]{2}", given):
            exit_with(f"{var} is not a country of two letters, such as {default}.")
        return given

    def user_and_password(self, var: str) -> str:
        """Parse `user:password`; empty without one."""
        given = str(self.str(var, default=""))
        if given and not all(given.partition(":")):
            exit_with(f"{var} is not of the form user:password.")
        return given

    def proxies(self, var: str) -> int | list[IPv4Network | IPv6Network]:
        """Parse the number or the networks of the proxies in front; by default X-Forwarded-For is not trusted."""
        given = str(self.str(var, default=""))
        if not given or given.isdigit():
            return int(given or 0)
        try:
            return [ip_network(part.strip()) for part in given.split(",")]
        except ValueError as error:
            exit_with(f"{var} is neither a number nor a list of addresses: {error}.")

    def sender(self, var: str, default: str) -> str:
        """Parse the sender of mail: a name and an address."""
        given = str(self.str(var, default=default))
        name, at, domain = parseaddr(given)[1].partition("@")
        if not (name and at and domain and given.isprintable()):
            exit_with(f"{var} is not of the form The Auto Doctor <hello@example.com>.")
        return given

    def mail_address(self, var: str, default: str) -> str:
        """Parse an address without a name; `mailto:` is allowed."""
        address = parseaddr(str(self.str(var, default=default)).removeprefix("mailto:"))[1]
        name, at, domain = address.partition("@")
        if not (name and at and domain and address.isprintable()):
            exit_with(f"{var} is not of the form mailto:hello@example.com.")
        return address

    def resend_secrets(self, var: str, *, fetches: bool) -> list[str]:
        """Parse the secrets of Resend's webhook, whsec_ and base64, with commas between them; empty without one.

        `fetches`: whether its key is given, which fetches the mails.
        """
        given: list[str] = self.list(var, default=[])
        try:
            for secret in given:
                base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            exit_with(f"{var} is not of the form whsec_….")
        if given and not fetches:
            exit_with(f"{var} is set, but EMAIL_URL is not resend://key@api.resend.com: its key fetches the mails.")
        return given

    def public_key(self, var: str, *, private: str, must_be_given: bool) -> str:
        """Return the public key of the private key; empty without one. Both must match."""
        given = str(self.str(var, default=""))
        try:
            expected = public_key_of(private) if private else ""
        except ValueError:
            exit_with(f"{var.replace('PUBLIC', 'PRIVATE')} is not a key: `manage.py vapid_keys` prints a new pair.")
        if given != expected and (given or must_be_given):
            exit_with(f"{var} does not belong to the private key: `manage.py vapid_keys` prints a new pair.")
        return expected


def _smtp(url: SplitResult, host: str) -> MailServer:
    return MailServer(
        "django.core.mail.backends.smtp.EmailBackend",
        host=host,
        port=url.port or SMTP_PORTS[url.scheme],
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        use_tls=url.scheme == "smtp+tls",
        use_ssl=url.scheme == "smtp+ssl",
    )


def _mail_service(url: SplitResult, key: str) -> MailServer:
    settings = {MAIL_KEYS[url.scheme]: unquote(key)}
    if url.hostname:
        settings[f"{url.scheme.upper()}_API_URL"] = f"https://{url.netloc.rpartition('@')[2]}/"
    return MailServer(f"anymail.backends.{url.scheme}.EmailBackend", anymail=settings)
