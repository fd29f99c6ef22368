"""Attachments of a session: who may share, see and remove them, and when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.files import errors, ingest, listing
from autodoctor.files.ingest import Upload
from autodoctor.files.models import StoredFile
from autodoctor.sessions.event_data import FileData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent, stamp
from autodoctor.sessions.queries import eligibility
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import BEFORE_START, CLAIMED, RUNNING, EventKind, State

MAX_EVER = errors.MAX_FILES * 4  # shared and removed again, over and over
TAKES_FROM_CUSTOMER = BEFORE_START | RUNNING


def share_file(
    *, session_id: UUID, by: User, upload: Upload, now: datetime, client_id: UUID | None = None, shot: str = ""
) -> StoredFile:
    """Store a file as an attachment and tell both participants. Repeating a `client_id` returns the same attachment.

    `shot`: the key of the item of the photo checklist that it answers.
    Raises the errors of `transitions`, and `Refused` (413, 415, 503, 507) for an unacceptable file.
    """
    session = Session.objects.get(pk=session_id)
    _check(session, event_log.actor(by, session))
    if there := _shared_before(session, by, client_id):
        return there
    _check_room(session)
    try:
        with ingest.received(upload, now=now) as file, session_transaction(session_id, now) as state:
            who = event_log.actor(by, state.session)
            _check(state.session, who)
            if there := _shared_before(state.session, by, client_id):
                raise _AlreadyShared(there)
            _check_room(state.session)
            file.shot = shot
            ingest.save(file, owner_id=session_id, uploader=by)
            event_log.append_event(
                state.session,
                EventKind.FILE_SHARED,
                at=now,
                by=who,
                data=FileData(file=file.facts()),
                client_id=client_id,
            )
            return file
    except _AlreadyShared as twice:
        return twice.file


def remove_file(*, session_id: UUID, file_id: UUID, by: User, now: datetime) -> None:
    """Remove an attachment. Only its uploader may, while they may share. Raises the errors of `share_file`."""
    with session_transaction(session_id, now) as state:
        who = event_log.actor(by, state.session)
        file = listing.files_of(session_id).get(pk=file_id)
        if file.uploader_id != by.id:
            raise Refused("not_the_uploader", _("Only the person who shared a file can remove it."), 403)
        _check(state.session, who)
        listing.remove(file, now=now)
        event_log.append_event(state.session, EventKind.FILE_REMOVED, at=now, by=who, data=FileData(file=file.facts()))


def session_with_files(user: User, session_id: UUID) -> Session:
    """Return the session if this person may see its attachments. Raises `Session.DoesNotExist` otherwise."""
    session = Session.objects.select_related("customer", "mechanic").get(pk=session_id)
    candidate = user.role == Role.MECHANIC and eligibility.requests_open_to(user).filter(pk=session_id).exists()
    if event_log.role_in(user, session) is None and not candidate:
        raise Session.DoesNotExist
    return session


def may_share(session: Session, user: User) -> bool:
    """Return whether this person may share attachments now, or remove their own."""
    return _may(session, event_log.role_in(user, session))


def accepts_file_from(user: User, session: Session) -> bool:
    """Return whether the session accepts another attachment from this person now."""
    return may_share(session, user) and not _is_full(session)


def file_answer(file: StoredFile, session: Session, viewer: User, now: datetime) -> dict[str, Any]:
    """Return the attachment for the API, with addresses that are valid for an hour."""
    role = Role.CUSTOMER if file.uploader_id == session.customer_id else Role.MECHANIC
    is_image = file.kind == StoredFile.Kind.IMAGE
    return {
        **file.facts(),
        "shot": file.shot or None,
        "at": stamp(file.created_at),
        "by": {"id": str(file.uploader_id), "role": role.value, "name": file.uploader_name},
        "url": listing.url_of(file, now),
        "thumbnail_url": listing.url_of(file, now, thumbnail=True) if is_image else None,
        "removable": file.uploader_id == viewer.id and not file.kept and may_share(session, viewer),
    }


def _may(session: Session, role: str | None) -> bool:
    if role == Role.CUSTOMER:
        return session.state in TAKES_FROM_CUSTOMER
    writes_summary = session.state == State.COMPLETED and session.summarized_at is None
    return role == Role.MECHANIC and (session.state in CLAIMED or writes_summary)


def _check(session: Session, who: event_log.Actor) -> None:
    if who.role == Role.SUPPORT:
        raise Refused("not_a_party", _("Only the customer and the mechanic can share files."), 403)
    if not _may(session, who.role):
        raise Refused("session_closed", _("You can share files from the payment until the end of the session."))


def _check_room(session: Session) -> None:
    if _is_full(session):
        raise errors.too_many()


def _is_full(session: Session) -> bool:
    here, ever = listing.count(session.id)
    return here >= errors.MAX_FILES or ever >= MAX_EVER


def _shared_before(session: Session, by: User, client_id: UUID | None) -> StoredFile | None:
    event = client_id and SessionEvent.objects.filter(session=session, client_id=client_id).first()
    if not event:
        return None
    is_theirs = event.kind == EventKind.FILE_SHARED and event.actor_id == by.id
    file = listing.files_of(session.id).filter(pk=event.data_as(FileData)["file"]["id"]).first() if is_theirs else None
    if file:
        return file
    raise Refused("client_id_reused", _("This id was already used for another file."))


class _AlreadyShared(Exception):
    """The same file was sent twice at once, and the other request was faster."""

    def __init__(self, file: StoredFile) -> None:
        super().__init__()
        self.file = file
