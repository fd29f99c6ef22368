"""Detect a file's type by content, never by name. Types outside the list are refused."""

import codecs
import mmap
from dataclasses import dataclass
from pathlib import Path

import filetype

from autodoctor.files import mp4_metadata
from autodoctor.files.models import StoredFile

Kind = StoredFile.Kind
HEAD_BYTES = 8192  # all that `filetype` looks at
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."


@dataclass(frozen=True)
class FileType:
    """`suffixes`: allowed endings of the name; the first is added to a name without one."""

    kind: Kind
    content_type: str
    suffixes: tuple[str, ...]


TEXT = FileType(Kind.TEXT, "text/plain; charset=utf-8", (".txt", ".csv", ".log", ".md"))
TYPES: dict[str, FileType] = {
    "image/jpeg": FileType(Kind.IMAGE, "image/jpeg", (".jpg", ".jpeg")),
    "image/png": FileType(Kind.IMAGE, "image/png", (".png",)),
    "image/gif": FileType(Kind.IMAGE, "image/gif", (".gif",)),
    "image/webp": FileType(Kind.IMAGE, "image/webp", (".webp",)),
    "image/heif": FileType(Kind.IMAGE, "image/heif", (".heic", ".heif", ".avif")),
    "application/pdf": FileType(Kind.PDF, "application/pdf", (".pdf",)),
    f"{OFFICE}wordprocessingml.document": FileType(Kind.DOCUMENT, f"{OFFICE}wordprocessingml.document", (".docx",)),
    f"{OFFICE}spreadsheetml.sheet": FileType(Kind.DOCUMENT, f"{OFFICE}spreadsheetml.sheet", (".xlsx",)),
    f"{OFFICE}presentationml.presentation": FileType(Kind.DOCUMENT, f"{OFFICE}presentationml.presentation", (".pptx",)),
    f"{OPEN_DOCUMENT}text": FileType(Kind.DOCUMENT, f"{OPEN_DOCUMENT}text", (".odt",)),
    f"{OPEN_DOCUMENT}spreadsheet": FileType(Kind.DOCUMENT, f"{OPEN_DOCUMENT}spreadsheet", (".ods",)),
    f"{OPEN_DOCUMENT}presentation": FileType(Kind.DOCUMENT, f"{OPEN_DOCUMENT}presentation", (".odp",)),
    "audio/mpeg": FileType(Kind.AUDIO, "audio/mpeg", (".mp3",)),
    "audio/mp4": FileType(Kind.AUDIO, "audio/mp4", (".m4a", ".mp4")),
    "audio/3gpp": FileType(Kind.AUDIO, "audio/3gpp", (".3gp", ".3ga")),
    "audio/aac": FileType(Kind.AUDIO, "audio/aac", (".aac",)),
    "audio/ogg": FileType(Kind.AUDIO, "audio/ogg", (".ogg", ".oga", ".opus")),
    "audio/x-flac": FileType(Kind.AUDIO, "audio/flac", (".flac",)),
    "audio/x-wav": FileType(Kind.AUDIO, "audio/wav", (".wav",)),
    "audio/amr": FileType(Kind.AUDIO, "audio/amr", (".amr",)),
    "audio/webm": FileType(Kind.AUDIO, "audio/webm", (".weba", ".webm")),
    "video/mp4": FileType(Kind.VIDEO, "video/mp4", (".mp4", ".m4v")),
    "video/quicktime": FileType(Kind.VIDEO, "video/quicktime", (".mov",)),
    "video/3gpp": FileType(Kind.VIDEO, "video/3gpp", (".3gp",)),
    "video/webm": FileType(Kind.VIDEO, "video/webm", (".webm",)),
}
# The first known brand decides: the major brand, then the compatible brands.
BRANDS = {
    **dict.fromkeys(("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis"), "image/heif"),
    **dict.fromkeys(("M4A ", "M4B "), "audio/mp4"),
    "qt  ": "video/quicktime",
    **dict.fromkeys(("3gp4", "3gp5", "3gp6", "3gp7", "3g2a", "3g2b"), "video/3gpp"),
    **dict.fromkeys(("mp41", "mp42", "isom", "iso2", "iso4", "iso5", "iso6", "avc1", "M4V ", "MSNV"), "video/mp4"),
}
MAYBE_SOUND = {"video/mp4": "audio/mp4", "video/quicktime": "audio/mp4", "video/3gpp": "audio/3gpp"}
MOST_FOREIGN = 0.2  # of the letters of a text in Windows-1252
_ASCII = bytes(range(128))
MARKUP = ("<", "#!", "%!")  # pages, drawings and scripts begin so; no text for people does
MACROS = b"vbaProject.bin"


def recognize(path: Path, declared: str) -> FileType | None:
    """Return the file's type; None if it may not be shared.

    `declared` is the sender's type; it only decides whether a WebM recording is audio or video.

    A brand such as mp42 stands on films and on voice memos: the tracks decide.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    found = TYPES.get(_media_type(head))
    if found is None:
        return TEXT if text_encoding(path) else None
    if found.kind == Kind.DOCUMENT and _has_macros(path):
        return None
    if found.content_type in MAYBE_SOUND and mp4_metadata.is_sound_only(path):
        return TYPES[MAYBE_SOUND[found.content_type]]
    is_sound = found.content_type == "video/webm" and (declared.startswith("audio/") or _has_no_webm_picture(head))
    return TYPES["audio/webm"] if is_sound else found


def _has_no_webm_picture(head: bytes) -> bool:
    """The tracks stand at the beginning, each with the name of its codec: A_OPUS, V_VP9 …"""
    return b"A_" in head and b"V_" not in head


def _media_type(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    guessed = filetype.guess(head)
    return guessed.mime if guessed else ""


def _by_brand(head: bytes) -> str:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    return next((BRANDS[name] for brand in brands if (name := brand.decode("latin-1")) in BRANDS), "")


def text_encoding(path: Path) -> str:
    """Return the encoding of a text; empty for anything else.

    A scan tool's log may be in Windows-1252, in which almost any bytes are letters: most have to be plain ones.
    """
    if _is_text_in(path, "utf-8-sig"):
        return "utf-8-sig"
    if _begins_with(path, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16" if _is_text_in(path, "utf-16") else ""
    return "cp1252" if _is_mostly_ascii(path) and _is_text_in(path, "cp1252") else ""


def _begins_with(path: Path, *marks: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(2) in marks


def _is_mostly_ascii(path: Path) -> bool:
    with path.open("rb") as file:
        foreign = sum(len(piece.translate(None, _ASCII)) for piece in iter(lambda: file.read(65536), b""))
    return foreign <= path.stat().st_size * MOST_FOREIGN


def _is_text_in(path: Path, encoding: str) -> bool:
    """Return whether this is text: no controls but white space, no markup, no script."""
    decoder = codecs.getincrementaldecoder(encoding)()
    begun = False
    with path.open("rb") as file:
        try:
            while piece := file.read(65536):
                text = decoder.decode(piece)
                if any(letter < " " and letter not in "\t\n\r\f" for letter in set(text)):
                    return False
                begins = text.lstrip()
                if not begun and begins.startswith(MARKUP):
                    return False
                begun = begun or bool(begins)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _has_macros(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(MACROS) >= 0
