"""What turns sound into text: a model on this machine, or a service. Without either nothing is offered."""

from enum import Enum
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings

WHISPER_FILE = "model.bin"  # of a directory that faster-whisper loads


class Engine(Enum):
    NONE = ""
    FASTER_WHISPER = "faster-whisper"
    POCKETSPHINX = "pocketsphinx"
    HTTP = "http"


def engine() -> Engine:
    return Engine(settings.TRANSCRIBER.engine)


def is_there() -> bool:
    """Return whether transcripts can be made here."""
    return _is_there(engine(), settings.TRANSCRIBER.model, settings.TRANSCRIBER.url)


def problem() -> str:
    """Return why what was configured cannot work, in one sentence; empty if it can, or nothing was."""
    match engine():
        case Engine.NONE:
            return ""
        case _ if is_there():
            return ""
        case Engine.FASTER_WHISPER:
            return (
                f"faster-whisper is not installed, or {settings.TRANSCRIBER.model or 'TRANSCRIBER_MODEL'} is no model."
            )
        case Engine.POCKETSPHINX:
            return "pocketsphinx is not installed, or TRANSCRIBER_MODEL is no directory."
        case Engine.HTTP:
            return "TRANSCRIBER_URL is not set."


@lru_cache(maxsize=8)
def _is_there(chosen: Engine, model: str, url: str) -> bool:
    match chosen:
        case Engine.NONE:
            return False
        case Engine.HTTP:
            return bool(url) and _has("av")
        case Engine.FASTER_WHISPER:
            return _has("faster_whisper") and _has("av") and (Path(model) / WHISPER_FILE).is_file()
        case Engine.POCKETSPHINX:
            return _has("pocketsphinx") and _has("av") and (not model or Path(model).is_dir())


def _has(module: str) -> bool:
    return find_spec(module) is not None
