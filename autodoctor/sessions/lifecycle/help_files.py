"""Files of a help thread: what a participant sent to support. The other participant never sees them."""

from uuid import UUID, uuid5

from autodoctor.accounts.models import Role, User
from autodoctor.conversations.thread_files import Thread
from autodoctor.files.models import StoredFile
from autodoctor.rates import counting
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log


def owner_id(session_id: UUID, person_id: UUID) -> UUID:
    """Return the owner of the files that this person sent to support about this session."""
    return uuid5(session_id, f"help:{person_id}")


def thread_of(session: Session, person: User) -> Thread:
    return Thread(owner_id(session.id, person.id), counting.person(person.id))


def visible_file(session: Session, file_id: UUID, viewer: User) -> StoredFile:
    """Return a file of a help thread to its sender and to support. Raises `StoredFile.DoesNotExist` for others."""
    file = StoredFile.objects.get(pk=file_id, removed_at=None)
    role = event_log.role_in(viewer, session)
    may_see = role == Role.SUPPORT or (role is not None and file.uploader_id == viewer.id)
    if not may_see or file.uploader_id is None or file.owner_id != owner_id(session.id, file.uploader_id):
        raise StoredFile.DoesNotExist
    return file
