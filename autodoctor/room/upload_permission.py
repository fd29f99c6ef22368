"""Decide who may upload before a byte of the body is read."""

from uuid import UUID

from django.utils import timezone

from autodoctor.core import acting
from autodoctor.core.parsing import parse_uuid
from autodoctor.room.hub import authentication
from autodoctor.sessions.lifecycle import attachments, help_requests


@acting.system
def sharer(shown: str, path: str) -> UUID | None:
    """Return the person behind these cookies if the session in this address accepts a file from them now."""
    found = _in_session(shown, path.split("/")[3])
    may = found.guest and found.place and attachments.accepts_file_from(found.guest.user, found.place.session)
    return found.guest.user.id if found.guest and may else None


@acting.system
def asker(shown: str, path: str) -> UUID | None:
    """Return the participant behind these cookies if they may ask support about the session in this address now."""
    found = _in_session(shown, path.split("/")[2])
    is_party = found.place is not None and found.place.role in help_requests.PARTIES
    may = is_party and found.place and help_requests.is_open(found.place.session, timezone.now())
    return found.guest.user.id if found.guest and may else None


def _in_session(shown: str, named: str) -> authentication.Answer:
    session_id = parse_uuid(named)
    return authentication.authenticate([(shown, session_id)], timezone.now())[0]
