"""Jobs of transcripts: make one after the end, and see to it that no sound is kept longer than a day.

What was said becomes lines and an event of the log in one transaction; then the sound is deleted, and last its rows. A
process that dies in between is taken over where it stopped.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from autodoctor.files import storage
from autodoctor.scheduler.handlers import Handler, JobKind, Retry, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import TranscriptData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind
from autodoctor.transcripts import audio_store, transcribing
from autodoctor.transcripts.models import Line, Piece, Voice
from autodoctor.transcripts.transcribing import Spoken, TranscriptionFailed

logger = logging.getLogger(__name__)
TOLD = ("transcript", 0)  # the rule and occasion that only one event can have
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 10, 60, 180))  # after each try that failed but the last
Said = list[tuple[Voice, Spoken]]


class TranscriptJob(JobKind):
    SWEEP = "transcripts.sweep"


def make_transcript(job: Job, now: datetime) -> None:
    """Turn what was recorded in a session into its transcript, and delete the recording. The session is the key."""
    session_id = UUID(job.key)
    if not Piece.objects.filter(voice__session=session_id).exists():
        return
    try:
        said = _all_said(session_id)
    except (TranscriptionFailed, OSError) as error:
        if job.attempts < len(PAUSES):
            raise Retry(PAUSES[job.attempts], str(error)) from error
        logger.warning("A transcript was given up: %s", error)
        give_up(session_id, now)
    else:
        tell(session_id, said, now)
        delete_sound(session_id)


def _all_said(session_id: UUID) -> Said:
    voices = Voice.objects.filter(session=session_id)
    return [
        (voice, line) for voice in voices for line in transcribing.transcribe(list(voice.pieces.order_by("began_at")))
    ]


def tell(session_id: UUID, said: Said, now: datetime) -> None:
    """Store the lines and say that they are there, once. What was erased meanwhile is not stored."""
    with session_transaction(session_id, now) as state:
        if TOLD in state.fired or not Piece.objects.filter(voice__session=session_id).exists():
            return
        Line.objects.bulk_create(
            Line(session=state.session, voice=voice, at=line.at, text=line.text) for voice, line in said
        )
        rule, occasion = TOLD
        event_log.append_event(
            state.session,
            EventKind.TRANSCRIPT_READY,
            at=now,
            rule=rule,
            occasion=occasion,
            data=TranscriptData(lines=len(said)),
        )


def give_up(session_id: UUID, now: datetime) -> None:
    """There will be no transcript: delete the recording, and say so."""
    delete_sound(session_id)
    with session_transaction(session_id, now) as state:
        if TOLD not in state.fired:
            rule, occasion = TOLD
            event_log.append_event(state.session, EventKind.TRANSCRIPT_FAILED, at=now, rule=rule, occasion=occasion)


def delete_sound(session_id: UUID) -> None:
    """Delete the sound, then its rows: as long as there is a sound, a row names it. Raises `OSError`."""
    pieces = Piece.objects.filter(voice__session=session_id)
    storage.remove(*pieces.values_list("key", flat=True))
    pieces.delete()


def sweep(job: Job, now: datetime) -> None:
    """Delete what is a day old, whatever has become of its transcript, and what lies in the store without a row."""
    late = Piece.objects.filter(sent_at__lte=now - audio_store.KEPT)
    for session_id in set(late.values_list("voice__session", flat=True)):
        give_up(session_id, now)
    audio_store.sweep(now)


JOBS: dict[str, Handler] = {TranscriptJob.SWEEP: Handler(sweep, lane=Lane.FILES, every=always(hours=1))}
