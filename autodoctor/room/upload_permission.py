"""Decide who may upload before a byte of the body is read."""

from uuid import UUID

from asgiref.typing import HTTPScope
from django.conf import settings
from django.http import parse_cookie
from django.utils import timezone

from autodoctor.core.asgi import header_of
from autodoctor.core.parsing import parse_uuid
from autodoctor.room.hub import authentication
from autodoctor.room.wire import executor
from autodoctor.sessions.lifecycle import attachments


async def may_upload(scope: HTTPScope) -> UUID | None:
    """Return the person behind this cookie if the session in this address accepts a file from them now."""
    key = parse_cookie(header_of(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME, "")
    return await executor.read(_sharer, key, scope["path"]) if 0 < len(key) <= 40 else None


def _sharer(session_key: str, path: str) -> UUID | None:
    session_id = parse_uuid(path.split("/")[3])
    if session_id is None:
        return None
    (found,) = authentication.authenticate([(session_key, session_id)], timezone.now())
    if found.guest and found.place and attachments.accepts_file_from(found.guest.user, found.place.session):
        return found.guest.user.id
    return None
