"""Take positions and names out of files that keep what they show, each format in its own way.

What cannot be taken out without moving all else stays, and nothing we say promises otherwise: `docs/decisions/0029`
lists it.
"""

from collections.abc import Callable
from pathlib import Path

from autodoctor.files import (
    mp4_metadata,
    office_metadata,
    ogg_metadata,
    pdf_metadata,
    sound_metadata,
    webm_metadata,
)
from autodoctor.files.file_types import TYPES, Kind


def blank(path: Path, content_type: str) -> None:
    """Blank what this type of file tells about place and people. Raises `ValueError` for a broken file, `Locked` for
    one with a password; `OSError`.
    """
    how = _HOW.get(content_type)
    if how:
        how(path)


_HOW: dict[str, Callable[[Path], None]] = {
    **dict.fromkeys(mp4_metadata.CONTENT_TYPES, mp4_metadata.blank_metadata),
    "application/pdf": pdf_metadata.blank_pdf,
    "audio/mpeg": sound_metadata.blank_mp3,
    "audio/aac": sound_metadata.blank_mp3,
    "audio/flac": sound_metadata.blank_flac,
    "audio/wav": sound_metadata.blank_wav,
    "audio/ogg": ogg_metadata.blank_ogg,
    "audio/webm": webm_metadata.blank_webm,
    "video/webm": webm_metadata.blank_webm,
    **{each.content_type: office_metadata.blank_office for each in TYPES.values() if each.kind == Kind.DOCUMENT},
}
