"""Read the environment: a missing or wrong variable stops the start with one sentence instead of a traceback."""

from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from autodoctor.core.vapid_keys import public_key_of


def exit_with(sentence: str) -> NoReturn:
    """Exit before the start, with a sentence on standard error."""
    raise SystemExit(f"{sentence} docs/production.md lists every variable.")


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
