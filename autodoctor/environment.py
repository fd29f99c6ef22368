"""Reading the environment: a missing or wrong variable stops the start with one sentence instead of a traceback."""

from typing import Any, NoReturn

import environ
from django.core.exceptions import ImproperlyConfigured


def stop(sentence: str) -> NoReturn:
    """End the program before it has begun; the sentence goes to standard error."""
    raise SystemExit(f"{sentence} docs/production.md lists every variable.")


class Environment(environ.Env):  # type: ignore[misc] # the library has no types
    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except (ImproperlyConfigured, ValueError, TypeError, KeyError):
            stop(f"{var} in the environment is not of the form it should have.")

    def database(self, var: str, default: str) -> dict[str, Any]:
        """A database from its URL: sqlite:///path or postgres://user:password@host/name."""
        try:
            found: dict[str, Any] = self.db_url(var, default=default)
        except (ImproperlyConfigured, ValueError, KeyError):
            found = {}
        if found.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
            stop(f"{var} is neither sqlite:///path nor postgres://user:password@host/name.")
        return found
