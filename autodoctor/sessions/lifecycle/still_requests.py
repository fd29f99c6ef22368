"""The mechanic's requests for photos, as the log has them, and the photos that answer them."""

from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.sessions.event_data import FileData, Still
from autodoctor.sessions.models import Session, SessionEvent, stamp
from autodoctor.sessions.states import EventKind


def find(session: Session, still_id: UUID) -> SessionEvent:
    """Return a request. Raises `SessionEvent.DoesNotExist`."""
    return SessionEvent.objects.get(session=session, client_id=still_id, kind=EventKind.STILL_REQUESTED)


def check(session: Session, by: User, still_id: UUID) -> SessionEvent:
    """Return the request that a photo of this person may answer now.

    Raises `SessionEvent.DoesNotExist` for no such request, `Refused` for everybody but the customer, if they do not
    allow it now, and if the photo is there.
    """
    asked = find(session, still_id)
    if by.id != session.customer_id:
        raise Refused("not_the_customer", _("Only the customer’s camera can answer this."), 403)
    if not session.camera_allowed:
        raise not_allowed()
    if has_photo(asked):
        raise Refused("still_answered", _("This photo has been sent already."))
    return asked


def answer(session: Session, by: User, still_id: UUID) -> Still:
    """Return the request that a photo answers, which is awaited no more. The caller holds the session's lock."""
    asked = check(session, by, still_id)
    session.still_until = None
    return Still(id=str(still_id), by=asked.actor_name, at=stamp(asked.at) or "")


def not_allowed() -> Refused:
    return Refused("not_allowed", _("Your customer has not allowed you to take photos with their camera."), 403)


def is_last(asked: SessionEvent) -> bool:
    """Return whether no other photo was asked for since."""
    later = SessionEvent.objects.filter(session_id=asked.session_id, seq__gt=asked.seq)
    return not later.filter(kind=EventKind.STILL_REQUESTED).exists()


def has_photo(asked: SessionEvent) -> bool:
    """Return whether the photo that was asked for is in the log."""
    later = SessionEvent.objects.filter(session_id=asked.session_id, seq__gt=asked.seq, kind=EventKind.FILE_SHARED)
    stills = [event.data_as(FileData).get("still") for event in later]
    return any(still is not None and still["id"] == str(asked.client_id) for still in stills)
