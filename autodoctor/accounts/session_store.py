"""Browser sessions in the database, encrypted: they hold a new factor's secret, and forms that wait for a password."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from autodoctor.core import encryption


class SessionStore(DatabaseStore):
    def encode(self, session_dict: dict[str, Any]) -> str:
        return encryption.encrypt(super().encode(session_dict))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return the content; empty, as if signed out, where no key opens it."""
        try:
            return super().decode(encryption.decrypt(str(session_data)))
        except encryption.Unreadable:
            return {}
