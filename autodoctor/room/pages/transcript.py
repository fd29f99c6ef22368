"""The transcript: the log of a session and what was said in it, by time, page by page, and the search in both."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from heapq import merge

from autodoctor.core.folding import folded
from autodoctor.room.pages.timeline import IN_TRANSCRIPT, QUESTION, Entry, entries, removed_files
from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions.event_data import MessageData, QuestionData
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind
from autodoctor.transcripts import reading
from autodoctor.transcripts.models import Line
from autodoctor.transcripts.reading import Stage

ROWS_A_PAGE = 500  # of the log
MOST_FOUND = 200
QUERY_MAX = 100  # characters
HAS_TEXT = QUESTION | {EventKind.MESSAGE_POSTED}


class Places:
    """On which page what stands."""

    def __init__(self, session: Session) -> None:
        pages = max(1, -(-session.seq // ROWS_A_PAGE))
        firsts = [page * ROWS_A_PAGE + 1 for page in range(1, pages)]
        found = session.events.filter(seq__in=firsts).order_by("seq").values_list("at", flat=True) if firsts else ()
        self.begins = list(found)  # of each page but the first

    def of_event(self, seq: int) -> str:
        return f"?page={(seq - 1) // ROWS_A_PAGE + 1}#e{seq}"

    def of_line(self, line: Line) -> str:
        return f"?page={bisect_right(self.begins, line.at) + 1}#s{line.pk}"


@dataclass(frozen=True)
class Spoken:
    """A line of what was said, as the page shows it. `seconds`: since the session was started."""

    line: Line
    seconds: int

    is_spoken = True

    @property
    def at(self) -> datetime:
        return self.line.at


def _moment(entry: Entry | Spoken) -> datetime:
    return entry.at


def _text_of(event: SessionEvent) -> str:
    return event.data_as(QuestionData if event.kind in QUESTION else MessageData)["text"]


@dataclass(frozen=True)
class Found:
    """A place that a search has found. `place` is where it stands: the page and the fragment."""

    at: datetime
    name: str
    text: str
    place: str
    is_spoken: bool


@dataclass(frozen=True)
class TranscriptPanel(Panel):
    """The whole log, page by page. `number` counts from 1; a page covers `ROWS_A_PAGE` numbers of the log."""

    number: int
    query: str = ""

    @property
    def pages(self) -> int:
        return max(1, -(-self.session.seq // ROWS_A_PAGE))

    @property
    def earlier(self) -> int | None:
        """Return the number of the page before."""
        return self.number - 1 if self.number > 1 else None

    @property
    def later(self) -> int | None:
        """Return the number of the page after."""
        return self.number + 1 if self.number < self.pages else None

    @cached_property
    def stage(self) -> Stage:
        return reading.stage_of(self.session)

    @property
    def is_being_made(self) -> bool:
        return self.stage in {Stage.MAKING, Stage.RECORDING}

    @property
    def has_failed(self) -> bool:
        return self.stage is Stage.FAILED

    @cached_property
    def entries(self) -> list[Entry | Spoken]:
        begin = (self.number - 1) * ROWS_A_PAGE
        seen = event_log.readable_events(self.session.id, viewer=self.view.role).filter(kind__in=IN_TRANSCRIPT)
        events = seen.filter(seq__gt=begin, seq__lte=begin + ROWS_A_PAGE).order_by("seq")
        gone = removed_files(seen.filter(kind=EventKind.FILE_REMOVED))
        written: Iterator[Entry | Spoken] = entries(events, self.view.viewer.id, gone)
        return list(merge(written, self._spoken(), key=_moment))

    @cached_property
    def found(self) -> list[Found]:
        """Return the places that have every word of the query, in order."""
        words = folded(self.query[:QUERY_MAX]).split()
        places = merge(self._written_places(), self._spoken_places(), key=lambda place: place.at)
        return [place for place in places if reading.contains(place.text, words)][:MOST_FOUND] if words else []

    def _spoken(self) -> list[Spoken]:
        if self.session.recorded_at is None:
            return []
        bounds = [None, *self._places.begins, None]
        lines = reading.lines_between(self.session, bounds[self.number - 1], bounds[self.number])
        began = self.session.started_at or self.session.recorded_at
        return [Spoken(line, max(0, round((line.at - began).total_seconds()))) for line in lines]

    @cached_property
    def _places(self) -> Places:
        return Places(self.session)

    def _written_places(self) -> Iterator[Found]:
        seen = event_log.readable_events(self.session.id, viewer=self.view.role).filter(kind__in=HAS_TEXT)
        for event in seen.order_by("seq").iterator():
            place = self._places.of_event(event.seq)
            yield Found(event.at, event.actor_name, _text_of(event), place, is_spoken=False)

    def _spoken_places(self) -> Iterator[Found]:
        if self.session.recorded_at is None:
            return
        for line in reading.lines_between(self.session, None, None):
            yield Found(line.at, line.voice.name, line.text, self._places.of_line(line), is_spoken=True)
