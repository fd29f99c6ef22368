"""Browser sessions in the database, encrypted: they hold a new factor's secret, and forms that wait for a password."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from autodoctor.core import encryption
from autodoctor.core.raw_sql import values


class SessionStore(DatabaseStore):
    def load(self) -> dict[str, Any]:
        """Return the content; empty, and the key forgotten, where there is none that has not run out."""
        condition = "session_key = %s AND expire_date > %s"
        found = values(self.model, "session_data", condition, self.session_key, timezone.now())
        if not found:
            self._session_key = None
        return self.decode(found[0][0]) if found else {}

    def encode(self, session_dict: dict[str, Any]) -> str:
        return encryption.encrypt(super().encode(session_dict))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return the content; empty, as if signed out, where no key opens it."""
        try:
            return super().decode(encryption.decrypt(str(session_data)))
        except encryption.Unreadable:
            return {}
