"""Django's cache in the database, shared by all processes. The sign-in library counts in it and keeps used codes there.

Unlike Django's own backends it never drops an entry before its time: whoever makes many entries resets no count.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection

from autodoctor.rates.models import Kept

FOREVER = float(2**52)
_SET = """
INSERT INTO rates_kept (key, value, expires_at) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""
_ADD = f"{_SET} WHERE rates_kept.expires_at <= %s"


class SharedCache(BaseCache):
    """Values are what JSON can carry."""

    def __init__(self, _location: str, params: Mapping[str, Any]) -> None:
        super().__init__(dict(params))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = self._live(key, version).values_list("value", flat=True).first()
        return default if found is None else json.loads(found)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._store(_SET, key, value, timeout, version)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store a value unless there is one: of two callers at once, one gets True."""
        return self._store(_ADD, key, value, timeout, version, time.time())

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._live(key, version).update(expires_at=self._expires_at(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(self._live(key, version).delete()[0])

    def clear(self) -> None:
        Kept.objects.all().delete()

    def _live(self, key: str, version: int | None) -> Any:
        return Kept.objects.filter(key=self._hashed(key, version), expires_at__gt=time.time())

    def _store(self, sql: str, key: str, value: Any, timeout: Any, version: int | None, *more: float) -> bool:
        row = self._hashed(key, version), json.dumps(value), self._expires_at(timeout)
        with connection.cursor() as cursor:
            cursor.execute(sql, (*row, *more))
            return bool(cursor.rowcount)

    def _expires_at(self, timeout: Any) -> float:
        expires_at = self.get_backend_timeout(timeout)
        return FOREVER if expires_at is None else float(expires_at)

    def _hashed(self, key: str, version: int | None) -> str:
        """Hash the key: those of the sign-in library hold addresses of people."""
        return hashlib.sha256(self.make_and_validate_key(key, version=version).encode()).hexdigest()
