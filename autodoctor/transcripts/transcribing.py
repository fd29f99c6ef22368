"""Have the sound of one voice turned into lines: by a model in a process of its own, or by a service."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, assert_never

from django.conf import settings

from autodoctor.core.parsing import storable_text
from autodoctor.files import storage
from autodoctor.transcripts import audio_store, service, voice_worker
from autodoctor.transcripts.engines import Engine, engine
from autodoctor.transcripts.models import Piece
from autodoctor.transcripts.recording import container_of

SCRIPT = Path(voice_worker.__file__)
DECODE_SECONDS = 600.0
MOST_LINES = 5000  # of one voice
LINE_MAX = 2000  # characters
HEAD = 16  # bytes of a sound that say what it is


class TranscriptionFailed(Exception):
    """It was not done this time. The message has no word of what was said."""


@dataclass(frozen=True)
class Spoken:
    at: datetime
    text: str


def transcribe(pieces: Sequence[Piece]) -> list[Spoken]:
    """Return what was said in these pieces of one voice, in order. Outside of any transaction: it takes minutes.

    Raises `TranscriptionFailed`, and `OSError` if the store does not answer.
    """
    if not pieces:
        return []
    with tempfile.TemporaryDirectory(dir=storage.incoming()) as folder:  # what a crash leaves there is swept
        begin = min(piece.began_at for piece in pieces)
        found = _fetched(pieces, begin, Path(folder))
        if not found:
            return []  # all of it is gone: it was erased meanwhile, or a backup came back without it
        return _lines(_recognized(found, Path(folder)), begin)


def _fetched(pieces: Sequence[Piece], begin: datetime, folder: Path) -> list[dict[str, Any]]:
    found = []
    for number, piece in enumerate(pieces):
        path = folder / f"piece-{number}"
        if audio_store.fetch(piece.key, path):
            with path.open("rb") as file:
                container = container_of(file.read(HEAD))
            at = (piece.began_at - begin).total_seconds()
            found.append({"path": str(path), "container": container, "at": at})
    return found


def _recognized(pieces: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    chosen = engine()
    match chosen:
        case Engine.FASTER_WHISPER | Engine.POCKETSPHINX:
            return list(_work(chosen.value, pieces, folder, settings.TRANSCRIBER.seconds)["lines"])
        case Engine.HTTP:
            return _by_service(pieces, folder)
        case Engine.NONE:
            raise TranscriptionFailed("no engine is configured any more")
        case _:
            assert_never(chosen)


def _by_service(pieces: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    sounds = _work("", pieces, folder, DECODE_SECONDS)["sounds"]
    try:
        return [
            {"at": sound["at"] + begin, "text": text}
            for sound in sounds
            for begin, text in service.transcribe(Path(sound["path"]))
        ]
    except service.Unanswered as error:
        raise TranscriptionFailed(str(error)) from error


def _work(name: str, pieces: list[dict[str, Any]], folder: Path, seconds: float) -> dict[str, Any]:
    """Run the worker isolated: no environment and no secret, in case a decoder is taken over."""
    order = {
        "engine": name,
        "model": settings.TRANSCRIBER.model,
        "language": settings.TRANSCRIBER.language,
        "folder": str(folder),
        "megabytes": settings.TRANSCRIBER.megabytes,
        "cpu_seconds": int(seconds) * 8,  # it may use several cores
        "pieces": pieces,
    }
    command = [sys.executable, "-I", str(SCRIPT)]
    try:
        done = subprocess.run(  # noqa: S603 our own
            command, input=json.dumps(order).encode(), capture_output=True, env={}, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TranscriptionFailed("the process took too long") from error
    if done.returncode:
        raise TranscriptionFailed(f"the process ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _lines(found: list[dict[str, Any]], begin: datetime) -> list[Spoken]:
    spoken = [Spoken(_moment(begin, each["at"]), _text(each["text"])) for each in found[:MOST_LINES]]
    return sorted((line for line in spoken if line.text), key=lambda line: line.at)


def _moment(begin: datetime, seconds: float) -> datetime:
    return (begin + timedelta(seconds=float(seconds))).astimezone(UTC)


def _text(text: object) -> str:
    return " ".join(storable_text(str(text)).split())[:LINE_MAX]
