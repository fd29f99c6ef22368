"""What was written, said and shared in a session: the places that a proposed line of the summary comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge

from autodoctor.accounts.models import Role
from autodoctor.files.listing import files_of
from autodoctor.files.models import StoredFile
from autodoctor.room.pages.transcript import Places
from autodoctor.sessions.event_data import FileData, MessageData
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind
from autodoctor.transcripts import reading

PARTIES = (Role.CUSTOMER.value, Role.MECHANIC.value)
CAPTION_WITHIN = timedelta(seconds=90)  # a message so soon after a picture of the same person is about it
MOST_SOURCES = 2000


@dataclass(frozen=True)
class Source:
    """A message (`m`), something said (`s`) or a picture (`f`).

    `place`: where it stands, as the end of the transcript's address. `picture`: the name of the one that it is about.
    """

    id: str
    at: datetime
    role: str
    name: str
    text: str
    place: str
    picture: str = ""

    @property
    def is_picture(self) -> bool:
        return self.id.startswith("f")

    @property
    def is_spoken(self) -> bool:
        return self.id.startswith("s")


def sources_of(session: Session) -> list[Source]:
    """Return what both sides have read and said, in order."""
    places = Places(session)
    found = list(merge(_written(session, places), _spoken(session, places), key=lambda source: source.at))
    return _with_captions(found[-MOST_SOURCES:])  # the last ones


def _written(session: Session, places: Places) -> Iterator[Source]:
    kinds = (EventKind.MESSAGE_POSTED, EventKind.FILE_SHARED)
    read_by_both = SessionEvent.objects.filter(
        session=session, audience=event_log.Audience.BOTH, kind__in=kinds, actor_role__in=PARTIES
    )
    pictures = set(map(str, files_of(session.id).filter(kind=StoredFile.Kind.IMAGE).values_list("id", flat=True)))
    for event in reversed(read_by_both.order_by("-seq")[:MOST_SOURCES]):
        place = places.of_event(event.seq)
        if event.kind == EventKind.MESSAGE_POSTED:
            text = event.data_as(MessageData)["text"]
            yield Source(f"m{event.seq}", event.at, event.actor_role, event.actor_name, text, place)
        elif (file := event.data_as(FileData)["file"])["id"] in pictures:
            yield Source(f"f{event.seq}", event.at, event.actor_role, event.actor_name, file["name"], place)


def _spoken(session: Session, places: Places) -> Iterator[Source]:
    if session.recorded_at:
        for line in reading.lines_between(session, None, None):
            yield Source(f"s{line.pk}", line.at, line.voice.role, line.voice.name, line.text, places.of_line(line))


def _with_captions(sources: list[Source]) -> list[Source]:
    """Let messages name the picture that they follow; such a picture is no place by itself."""
    found: list[Source] = []
    for source in sources:
        before = found[-1] if found else None
        follows = before and before.is_picture and before.role == source.role and not source.is_picture
        if before and follows and source.at - before.at <= CAPTION_WITHIN:
            found[-1] = Source(**{**vars(source), "picture": before.text})
        else:
            found.append(source)
    return found
