"""The log for people, on the session page and in the transcript."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from autodoctor.files.models import StoredFile
from autodoctor.room.pages.viewing import CANDIDATE, Panel
from autodoctor.sessions.event_data import EventData, FileData
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind

# What the log shows as a line; everything else is for the page around it. Of some it says "you".
LINES_ABOUT_YOU = frozenset(
    {
        EventKind.PARTICIPANT_JOINED,
        EventKind.PARTICIPANT_LEFT,
        EventKind.SESSION_ACCEPTED,
        EventKind.SESSION_RELEASED,
        EventKind.SESSION_STARTED,
        EventKind.SESSION_ENDED,
        EventKind.SESSION_CANCELLED,
        EventKind.FILE_REMOVED,
    }
)
LINES = LINES_ABOUT_YOU | {
    EventKind.SESSION_PAUSED,
    EventKind.SESSION_RESUMED,
    EventKind.SESSION_WARNED,
    EventKind.SESSION_EXTENDED,
    EventKind.SESSION_AUTO_CLOSED,
    EventKind.SESSION_EXPIRED,
}

SHOWN = LINES | {EventKind.MESSAGE_POSTED, EventKind.FILE_SHARED}
PAGE_ROWS = 500


@dataclass
class Entry:
    """One row of the log as the page shows it."""

    event: SessionEvent
    mine: bool
    gone: bool = False  # a file that was removed later

    @property
    def is_message(self) -> bool:
        return self.event.kind == EventKind.MESSAGE_POSTED

    @property
    def is_file(self) -> bool:
        return self.event.kind == EventKind.FILE_SHARED

    @property
    def line(self) -> str:
        """Return the name of the line in `room/line.html`."""
        return f"{self.event.kind}:you" if self.mine and self.event.kind in LINES_ABOUT_YOU else self.event.kind

    @property
    def seconds_left(self) -> int:
        """Return the seconds on the clock at that moment."""
        ends_at = self.event.data_as(EventData)["session"]["ends_at"]
        return (
            0 if ends_at is None else max(0, round((datetime.fromisoformat(ends_at) - self.event.at).total_seconds()))
        )


def entries(session_id: UUID, role: str, viewer_id: UUID) -> Iterator[Entry]:
    """Return the entries of the log that this person sees."""
    events = [event for event in _read_all(session_id, role) if event.kind in SHOWN]
    gone = {event.data_as(FileData)["file"]["id"] for event in events if event.kind == EventKind.FILE_REMOVED}
    for event in events:
        is_gone = event.kind == EventKind.FILE_SHARED and event.data_as(FileData)["file"]["id"] in gone
        yield Entry(event, mine=event.actor_id == viewer_id, gone=is_gone)


def _read_all(session_id: UUID, role: str) -> Iterator[SessionEvent]:
    after = 0
    while rows := event_log.read_events(session_id, after=after, viewer=role, limit=PAGE_ROWS):
        yield from rows
        after = rows[-1].seq


class ChatPanel(Panel):
    @cached_property
    def entries(self) -> list[Entry]:
        view = self.view
        return [] if view.role == CANDIDATE else list(entries(self.session.id, view.role, view.viewer.id))

    @property
    def has_messages(self) -> bool:
        return any(entry.is_message for entry in self.entries)

    @property
    def last_seq(self) -> int:
        """Return how far the page shows the log."""
        return max([self.session.seq, *(entry.event.seq for entry in self.entries[-1:])])

    @property
    def lines(self) -> list[str]:
        """Return every line that a script may add."""
        return [*sorted(LINES), *sorted(f"{kind}:you" for kind in LINES_ABOUT_YOU)]

    @property
    def file_kinds(self) -> list[str]:
        """Return every kind of file that a script may add."""
        return list(StoredFile.Kind.values)
