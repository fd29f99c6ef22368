"""A service that recognizes speech, with the operation of OpenAI's API: `POST …/v1/audio/transcriptions`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from autodoctor.core.model_service import Unanswered, ask

__all__ = ["Unanswered", "transcribe"]

OPERATION = "/v1/audio/transcriptions"
PATIENCE_SECONDS = 300.0  # for ten minutes of sound
MOST_SEGMENTS = 2000


def transcribe(sound: Path) -> Iterator[tuple[float, str]]:
    """Yield when each segment begins, in seconds, and its text. Raises `Unanswered`."""
    fields = {"response_format": "verbose_json", "model": settings.TRANSCRIBER.model or "whisper-1"}
    if settings.TRANSCRIBER.language:
        fields["language"] = settings.TRANSCRIBER.language
    with sound.open("rb") as file:
        answer = ask(
            settings.TRANSCRIBER.url,
            OPERATION,
            key=settings.TRANSCRIBER.key,
            seconds=PATIENCE_SECONDS,
            data=fields,
            files={"file": (sound.name, file, "audio/wav")},
        )
    return _segments(answer)


def _segments(answer: dict[str, Any]) -> Iterator[tuple[float, str]]:
    """Read the segments; of a service that does not tell any, the whole text."""
    segments = answer.get("segments")
    if not isinstance(segments, list):
        text = answer.get("text")
        segments = [{"start": 0, "text": text}] if isinstance(text, str) else []
    for segment in segments[:MOST_SEGMENTS]:
        match segment:
            case {"start": int() | float() as start, "text": str() as text} if start >= 0:
                yield float(start), text
            case _:
                raise Unanswered("the answer has not the form it should have")
