"""The log for people, on the session page and in the transcript."""

from collections.abc import Collection, Iterable, Iterator
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

# Kinds of events that are lines of the chat; the page around it shows the others. Some lines say "you".
LINES_ABOUT_YOU = frozenset(
    {
        EventKind.PARTICIPANT_JOINED,
        EventKind.PARTICIPANT_LEFT,
        EventKind.SESSION_ACCEPTED,
        EventKind.SESSION_RELEASED,
        EventKind.SESSION_STARTED,
        EventKind.SESSION_HANDING_OVER,
        EventKind.SESSION_TAKEN_OVER,
        EventKind.SESSION_ENDED,
        EventKind.SESSION_CANCELLED,
        EventKind.FILE_REMOVED,
        EventKind.CAMERA_ALLOWED,
        EventKind.CAMERA_REFUSED,
        EventKind.TRANSCRIPT_ASKED,
        EventKind.TRANSCRIPT_AGREED,
        EventKind.TRANSCRIPT_STOPPED,
    }
)
LINES = LINES_ABOUT_YOU | {
    EventKind.SESSION_PAUSED,
    EventKind.SESSION_RESUMED,
    EventKind.SESSION_WARNED,
    EventKind.SESSION_EXTENDED,
    EventKind.SESSION_AUTO_CLOSED,
    EventKind.SESSION_EXPIRED,
    EventKind.TRANSCRIPT_READY,
    EventKind.TRANSCRIPT_FAILED,
}

ABOUT_MECHANIC = frozenset({EventKind.SESSION_ACCEPTED, EventKind.SESSION_TAKEN_OVER})
SHOWN = LINES | {EventKind.MESSAGE_POSTED, EventKind.FILE_SHARED}
QUESTION = frozenset({EventKind.QUESTION_ASKED, EventKind.QUESTION_ANSWERED})
IN_TRANSCRIPT = SHOWN | QUESTION | {EventKind.QUESTION_CLOSED}  # after the end the room shows the question by itself
ROWS_IN_ROOM = 200  # the last ones; the transcript has all


@dataclass
class Entry:
    """A row of the log as the page shows it."""

    event: SessionEvent
    mine: bool
    gone: bool = False  # a file that was removed later

    is_spoken = False

    @property
    def at(self) -> datetime:
        return self.event.at

    @property
    def is_message(self) -> bool:
        return self.event.kind == EventKind.MESSAGE_POSTED

    @property
    def is_question(self) -> bool:
        """Return whether it is the free question after the session, or its answer."""
        return self.event.kind in QUESTION

    @property
    def is_file(self) -> bool:
        return self.event.kind == EventKind.FILE_SHARED

    @property
    def is_note(self) -> bool:
        """Return whether nobody wrote or shared it."""
        return not (self.is_message or self.is_question or self.is_file)

    @property
    def line(self) -> str:
        """Return the name of the line in `room/line.html`."""
        return f"{self.event.kind}:you" if self.mine and self.event.kind in LINES_ABOUT_YOU else self.event.kind

    @property
    def who(self) -> str:
        """Return whom the line is about: who acted, or whoever has the session now, also if support assigned them."""
        session = self.event.data_as(EventData)["session"] if self.event.kind in ABOUT_MECHANIC else None
        mechanic = session and session["mechanic"]
        return mechanic["name"] if mechanic else self.event.actor_name

    @property
    def seconds_left(self) -> int:
        """Return the seconds on the clock at that moment."""
        ends_at = self.event.data_as(EventData)["session"]["ends_at"]
        return (
            0 if ends_at is None else max(0, round((datetime.fromisoformat(ends_at) - self.event.at).total_seconds()))
        )


def entries(events: Iterable[SessionEvent], viewer_id: UUID, gone: Collection[str]) -> Iterator[Entry]:
    """Return the entries for these events. `gone`: the ids of files that were removed later."""
    for event in events:
        is_gone = event.kind == EventKind.FILE_SHARED and event.data_as(FileData)["file"]["id"] in gone
        yield Entry(event, mine=event.actor_id == viewer_id, gone=is_gone)


def removed_files(events: Iterable[SessionEvent]) -> set[str]:
    return {event.data_as(FileData)["file"]["id"] for event in events if event.kind == EventKind.FILE_REMOVED}


class ChatPanel(Panel):
    @cached_property
    def _last(self) -> list[SessionEvent]:
        """Return the last events, and one more if there are more."""
        view, limit = self.view, ROWS_IN_ROOM + 1
        if view.role == CANDIDATE:
            return []
        return event_log.read_last_events(self.session.id, viewer=view.role, kinds=SHOWN, limit=limit)

    @cached_property
    def entries(self) -> list[Entry]:
        """Return the last entries of the log that this person sees."""
        return list(entries(self._last[-ROWS_IN_ROOM:], self.view.viewer.id, removed_files(self._last)))

    @property
    def has_earlier(self) -> bool:
        """Return whether only the transcript shows the beginning."""
        return len(self._last) > ROWS_IN_ROOM

    @property
    def has_messages(self) -> bool:
        return any(entry.is_message for entry in self.entries)

    @property
    def last_seq(self) -> int:
        """Return how far the page shows the log."""
        return max([self.session.seq, *(entry.event.seq for entry in self.entries[-1:])])

    @property
    def lines(self) -> tuple[str, ...]:
        """Return every line that a script may add."""
        return (*sorted(LINES), *sorted(f"{kind}:you" for kind in LINES_ABOUT_YOU))

    @property
    def file_kinds(self) -> tuple[str, ...]:
        """Return every kind of file that a script may add."""
        return tuple(StoredFile.Kind.values)
