"""Attachments of a session: who may share, see and remove them, and when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.files import errors, ingest, listing
from autodoctor.files.ingest import Upload
from autodoctor.files.models import StoredFile
from autodoctor.sessions.event_data import FileData
from autodoctor.sessions.lifecycle import still_requests
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent, stamp
from autodoctor.sessions.queries import eligibility
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import read_session, seat_people
from autodoctor.sessions.states import BEFORE_START, CLAIMED, RUNNING, EventKind, State

MAX_EVER = errors.MAX_FILES * 4  # shared and removed again, over and over
TAKES_FROM_CUSTOMER = BEFORE_START | RUNNING


@dataclass(frozen=True)
class Answers:
    """What a file answers: an item of the photo checklist, by its key, or the mechanic's request for a photo."""

    shot: str = ""
    still: UUID | None = None


NOTHING_ASKED = Answers()


def share_file(
    *,
    session_id: UUID,
    by: User,
    upload: Upload,
    now: datetime,
    client_id: UUID | None = None,
    answers: Answers = NOTHING_ASKED,
    also: Callable[[], None] | None = None,
) -> StoredFile:
    """Store a file as an attachment and tell both participants. Repeating a `client_id` returns the same attachment.

    `also` is done first in the transaction that saves it.

    Raises the errors of `transitions`, and `Refused` (413, 415, 503, 507) for an unacceptable file.
    """
    session = read_session(session_id)
    check_sharer(session, by)
    if there := shared_before(session, by, client_id):
        return there
    check_room(session)
    if answers.still:
        still_requests.check(session, by, answers.still)
    try:
        with ingest.received(upload, now=now) as file, session_transaction(session_id, now) as state:
            who = event_log.actor(by, state.session)
            _check(state.session, who)
            if there := shared_before(state.session, by, client_id):
                raise _AlreadyShared(there)
            check_room(state.session)
            data = _answered(file, state.session, by, answers)
            if also:
                also()
            ingest.save(file, owner_id=session_id, uploader=by)
            event_log.append_event(state.session, EventKind.FILE_SHARED, at=now, by=who, data=data, client_id=client_id)
            return file
    except _AlreadyShared as twice:
        return twice.file


def _answered(file: StoredFile, session: Session, by: User, answers: Answers) -> FileData:
    """Mark the file with what it answers. Returns what the log says of it."""
    file.shot = answers.shot
    data = FileData(file=file.facts())
    if answers.still:
        data["still"] = still_requests.answer(session, by, answers.still)
        file.asked_by_name = data["still"]["by"]
    return data


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
    session = read_session(session_id)
    candidate = user.role == Role.MECHANIC and eligibility.requests_open_to(user).filter(pk=session_id).exists()
    if event_log.role_in(user, session) is None and not candidate:
        raise Session.DoesNotExist
    seat_people([session], user)
    return session


def visible_files(user: User, session: Session) -> QuerySet[StoredFile]:
    """Return the attachments that this person may see: of a session in the queue the customer's alone."""
    files = listing.files_of(session.id)
    return files if event_log.role_in(user, session) else files.filter(uploader=session.customer_id)


def list_visible(user: User, session: Session) -> list[StoredFile]:
    """Return the same, newest first."""
    files = listing.list_files(session.id, filter(None, (session.customer, session.mechanic)))
    is_whole = event_log.role_in(user, session) is not None
    return [file for file in files if is_whole or file.uploader_id == session.customer_id]


def may_share(session: Session, user: User) -> bool:
    """Return whether this person may share attachments now, or remove their own."""
    return _may(session, event_log.role_in(user, session))


def accepts_file_from(user: User, session: Session) -> bool:
    """Return whether the session accepts another attachment from this person now."""
    return may_share(session, user) and has_room(session)


def check_sharer(session: Session, user: User) -> None:
    """Raise `Session.DoesNotExist` for a stranger, and `Refused` for who may share nothing now."""
    _check(session, event_log.actor(user, session))


def check_room(session: Session, *, on_their_way: int = 0) -> None:
    """Raise `Refused` if the session takes no further file."""
    if not has_room(session, on_their_way=on_their_way):
        raise errors.too_many()


def has_room(session: Session, *, on_their_way: int = 0) -> bool:
    """Return whether another file has room."""
    here, ever = listing.count(session.id)
    return here + on_their_way < errors.MAX_FILES and ever + on_their_way < MAX_EVER


def shared_before(session: Session, by: User, client_id: UUID | None) -> StoredFile | None:
    """Return the file that this person has shared under this id. Raises `Refused` for an id of anything else."""
    event = client_id and SessionEvent.objects.filter(session=session, client_id=client_id).first()
    if not event:
        return None
    is_theirs = event.kind == EventKind.FILE_SHARED and event.actor_id == by.id
    file = listing.files_of(session.id).filter(pk=event.data_as(FileData)["file"]["id"]).first() if is_theirs else None
    if file:
        return file
    raise errors.other_file()


def file_answer(file: StoredFile, session: Session, viewer: User, now: datetime) -> dict[str, Any]:
    """Return the attachment for the API, with addresses that are valid for an hour."""
    role = Role.CUSTOMER if file.uploader_id == session.customer_id else Role.MECHANIC
    is_image = file.kind == StoredFile.Kind.IMAGE
    return {
        **file.facts(),
        "shot": file.shot or None,
        "asked_by": file.asked_by_name or None,
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


class _AlreadyShared(Exception):
    """The same file was sent twice at once, and the other request was faster."""

    def __init__(self, file: StoredFile) -> None:
        super().__init__()
        self.file = file
