"""Take in what one participant says, piece by piece, while both agree and the session is live."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.core.request_limits import VOICE_BYTES
from autodoctor.sessions.lifecycle.endings import LAST_WORDS
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import RUNNING, State
from autodoctor.transcripts import audio_store, consent
from autodoctor.transcripts.models import Piece, Voice

LONGEST_SECONDS = 40.0  # of one piece: browsers end one after fifteen
MOST_PIECES = 1500  # of one person in one session: five hours of such pieces
MOST_BYTES = 96 * 1024 * 1024
LATE = timedelta(minutes=5)  # a piece may wait so long for a connection
SLACK = timedelta(seconds=2)  # between a browser's estimate of our clock and our clock
SIGNATURES = {b"\x1a\x45\xdf\xa3": "matroska", b"OggS": "ogg"}
MP4_MARK = b"ftyp"  # after four bytes that say how long it is


@dataclass(frozen=True)
class Said:
    """One piece as it was sent: `take` and `number` name it, `began_at` and `seconds` say when it was said."""

    take: UUID
    number: int
    began_at: datetime
    seconds: float


def container_of(sound: bytes) -> str:
    """Return the name of the format by the first bytes; empty for everything that no browser records."""
    found = next((name for mark, name in SIGNATURES.items() if sound.startswith(mark)), "")
    return found or ("mp4" if sound[4:8] == MP4_MARK else "")


def take_piece(*, session_id: UUID, by: User, said: Said, sound: bytes, now: datetime) -> Piece:
    """Store a piece of one's own voice. The same piece again is the same.

    Raises `Session.DoesNotExist` for a stranger, and `Refused` for support, without the consent of both, before and
    after the session, and for a piece that is too large, too long, one too many, or no sound.
    """
    session = Session.objects.get(pk=session_id)
    if event_log.actor(by, session).role not in consent.PARTIES:
        raise Refused("not_a_party", _("Only the customer and the mechanic are recorded."), 403)
    voice = Voice.objects.filter(session=session, user=by).first()
    if voice and (before := _taken(voice, said)):
        return before
    _check_sound(said, sound)
    _check_moment(session, voice, said, now)
    try:
        with audio_store.kept(sound, now) as key, transaction.atomic():
            return _add(Voice.objects.select_for_update().get(session=session, user=by), said, len(sound), key, now)
    except _AlreadyTaken as twice:
        return twice.piece


def _add(voice: Voice, said: Said, size: int, key: str, now: datetime) -> Piece:
    """Add a piece to a voice that is locked. Raises `_AlreadyTaken`."""
    if before := _taken(voice, said):
        raise _AlreadyTaken(before)
    _check_moment(Session.objects.get(pk=voice.session_id), voice, said, now)
    _check_room(voice, size)
    voice.pieces_taken += 1
    voice.bytes_taken += size
    voice.save(update_fields=["pieces_taken", "bytes_taken"])
    return Piece.objects.create(voice=voice, key=key, sent_at=now, **vars(said))


def _taken(voice: Voice, said: Said) -> Piece | None:
    return Piece.objects.filter(voice=voice, take=said.take, number=said.number).first()


def _check_sound(said: Said, sound: bytes) -> None:
    if len(sound) > VOICE_BYTES:
        raise Refused("too_large", _("This piece of the recording is too large."), 413)
    if not container_of(sound):
        raise Refused("wrong_type", _("This is no recording of a microphone."), 415)
    if not 0 < said.seconds <= LONGEST_SECONDS:
        raise Refused("too_long", _("This piece of the recording is too long."), 422, field="seconds")


def _check_moment(session: Session, voice: Voice | None, said: Said, now: datetime) -> None:
    """It was said while both agreed and the session ran, and not long ago."""
    on_since = consent.agreement_of(session).on_since if voice else None
    if on_since is None:
        raise Refused("not_agreed", _("The transcript is off: nothing is recorded."))
    begin, end = max(on_since, session.started_at or now, now - LATE) - SLACK, session.ended_at or now
    if session.state not in RUNNING and not (session.state == State.COMPLETED and now <= end + LAST_WORDS):
        raise Refused("session_closed", _("The session is not running."))
    if not begin <= said.began_at <= end + SLACK:
        raise Refused("not_agreed", _("This was not said while both agreed to a transcript."))


def _check_room(voice: Voice, size: int) -> None:
    if voice.pieces_taken >= MOST_PIECES or voice.bytes_taken + size > MOST_BYTES:
        raise Refused("too_many", _("No more can be recorded in this session."))


class _AlreadyTaken(Exception):
    """The same piece was sent twice at once, and the other request was faster."""

    def __init__(self, piece: Piece) -> None:
        super().__init__()
        self.piece = piece
