"""Take names and places out of Office files: Word, Excel, PowerPoint, and OpenDocument.

Such a file is a ZIP of XML and pictures. It is packed anew with the same parts in the same order: who wrote it, who
changed and commented it, on which machine, with which printer, and what cameras wrote into its photos are left out. The
words and figures are the same.
"""

import io
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from autodoctor.files import mp4_metadata, photo_metadata, sound_metadata

MOST_PARTS = 5_000
MOST_UNPACKED = 128 * 1024 * 1024  # bytes of all parts; sheets of figures become a tenth
MOST_CHANGED = 32 * 1024 * 1024  # bytes of a part that is changed in memory
DEEPEST = 2  # files in files, as Word keeps a sheet
NEVER = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP knows
DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
NOBODY = b"Author"  # what Office itself writes in place of a name
ENCRYPTED = 0x1
PRINTER_NAME, PRINTER_FORM = 64, 220  # bytes, of what Windows keeps of a printer

_BEFORE_ROOT = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*(?:<!--.*?-->\s*)*", re.DOTALL)
_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)/?>")
Change = Callable[[bytes], bytes]


class Locked(ValueError):
    """The file is protected with a password: nothing in it can be read or taken out."""


def blank_office(path: Path) -> None:
    """Raises `Locked`, and `ValueError` for what is broken, or larger than Office files are."""
    clean = path.with_name(f"{path.name}.clean")
    try:
        with path.open("rb") as source, clean.open("w+b") as target:
            _pack(source, target, [MOST_UNPACKED], DEEPEST)
        clean.replace(path)
    finally:
        clean.unlink(missing_ok=True)


def _pack(source: IO[bytes], target: IO[bytes], left: list[int], deepest: int) -> None:
    """`left`: how many bytes more may be unpacked."""
    try:
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
            _check(old.infolist(), left)
            for part in old.infolist():
                _copy(old, part, new, left, deepest)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise ValueError("a ZIP that cannot be read") from error


def _check(parts: list[zipfile.ZipInfo], left: list[int]) -> None:
    left[0] -= sum(part.file_size for part in parts)
    names = {part.filename for part in parts}
    if len(parts) > MOST_PARTS or left[0] < 0 or len(names) < len(parts):
        raise ValueError("more than Office writes")
    if any(part.header_offset < 0 for part in parts):
        raise ValueError("a part before the beginning")
    if any(part.flag_bits & ENCRYPTED for part in parts):
        raise Locked("encrypted")


def _copy(old: zipfile.ZipFile, part: zipfile.ZipInfo, new: zipfile.ZipFile, left: list[int], deepest: int) -> None:
    """Without the time, and without what programs add to the entry."""
    entry = zipfile.ZipInfo(part.filename, NEVER)
    entry.compress_type, entry.external_attr = part.compress_type, part.external_attr
    change = _change_of(part.filename, left, deepest)
    if change is None or part.is_dir():
        with old.open(part) as source, new.open(entry, "w") as target:
            shutil.copyfileobj(source, target, 1 << 18)
    elif part.file_size > MOST_CHANGED:
        raise ValueError("a part that is too large")
    else:
        new.writestr(entry, change(old.read(part)))


def _change_of(name: str, left: list[int], deepest: int) -> Change | None:
    for pattern, change in CHANGES:
        if pattern.fullmatch(name):
            return change
    if EMBEDDED.fullmatch(name) and deepest:
        return lambda content: _packed_anew(content, left, deepest - 1)
    return None


def _packed_anew(content: bytes, left: list[int], deepest: int) -> bytes:
    """A file in the file. What is no ZIP stays: Word keeps old formats, too."""
    if not content.startswith(b"PK\x03\x04"):
        return content
    target = io.BytesIO()
    _pack(io.BytesIO(content), target, left, deepest)
    return target.getvalue()


def emptied(xml: bytes) -> bytes:
    """Return the document with nothing in its root."""
    xml = _in_utf8(xml)
    head = _BEFORE_ROOT.match(xml)
    root = _ROOT.match(xml, head.end() if head else 0)
    if root is None:
        raise ValueError("no XML")
    return DECLARATION + b"<" + root[1] + root[2] + b"></" + root[1] + b">"


def attributes(*names: bytes, value: bytes = NOBODY) -> Change:
    """Return what gives these attributes another value, in whatever namespace."""
    either = b"|".join(names)
    tag = re.compile(rb"<[^<>!?/][^<>]*?[\s:](?:%s)\s*=[^<>]*>" % either)
    given = re.compile(rb"""([\s:](?:%s)\s*=\s*)("[^"]*"|'[^']*')""" % either)
    return lambda xml: tag.sub(lambda found: given.sub(rb'\1"%s"' % value, found[0]), _in_utf8(xml))


def elements(*names: bytes, value: bytes = NOBODY) -> Change:
    """Return what gives these elements another text."""
    pattern = re.compile(rb"(<(%s)(?:\s[^<>]*)?>)[^<]*(</\2\s*>)" % b"|".join(names))
    return lambda xml: pattern.sub(rb"\1%s\3" % value, _in_utf8(xml))


def _each(*changes: Change) -> Change:
    def change(xml: bytes) -> bytes:
        for one in changes:
            xml = one(xml)
        return xml

    return change


def _printer(xml: bytes) -> bytes:
    """OpenDocument keeps the name and the settings of a printer among its own."""
    return re.sub(rb"(config:name=\"Printer(?:Name|Setup)\"[^<>]*>)[^<]*<", rb"\1<", _in_utf8(xml))


def _no_printer(settings: bytes) -> bytes:
    """Leave the form of a printer's settings, without its name and what its driver added."""
    return (bytes(PRINTER_NAME) + settings[PRINTER_NAME:PRINTER_FORM]).ljust(len(settings), b"\0")[: len(settings)]


def _on_disk(how: Callable[[Path], None]) -> Change:
    """Return what changes a recording as if it had come alone."""

    def change(content: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "recording")
            path.write_bytes(content)
            how(path)
            return path.read_bytes()

    return change


def _unlocked(xml: bytes) -> bytes:
    """OpenDocument says in its list of parts which of them are encrypted: all of them."""
    if b"encryption-data" in xml:
        raise Locked("encrypted")
    return xml


def _in_utf8(xml: bytes) -> bytes:
    """Office writes UTF-8; others may write UTF-16, which XML allows."""
    if not xml.startswith((b"\xff\xfe", b"\xfe\xff")):
        return xml
    return re.sub(r"""encoding=["'][^"']*["']""", 'encoding="UTF-8"', xml.decode("utf-16"), count=1).encode()


_NAMES = attributes(b"author", b"initials", b"userId", b"providerId", b"userName", b"lastEditedBy")
_SPEAKERS = attributes(b"name", b"initials", b"userId", b"providerId")
# By the names of parts; the first that fits decides.
CHANGES: list[tuple[re.Pattern[str], Change]] = [
    (re.compile(r"docProps/.*\.xml|(?:.*/)?meta\.xml|package/services/metadata/core-properties/.*"), emptied),
    (re.compile(r"word/_rels/settings\.xml\.rels"), attributes(b"Target", value=b"Normal.dotm")),
    (re.compile(r"META-INF/manifest\.xml"), _unlocked),
    (re.compile(r"(?:.*/)?(?:content|styles)\.xml"), elements(b"dc:creator", rb"[\w-]+:(?:creator|sender)-initials")),
    (re.compile(r"settings\.xml|Object[^/]*/settings\.xml"), _printer),
    (re.compile(r"word/.*\.xml"), _NAMES),
    (re.compile(r"xl/persons/.*\.xml"), attributes(b"displayName", b"userId", b"providerId")),
    (re.compile(r"xl/comments.*\.xml"), elements(b"author")),
    (re.compile(r"xl/workbook\.xml"), _each(_NAMES, attributes(b"url", value=b""))),
    (re.compile(r"xl/revisions/.*\.xml"), _each(_NAMES, attributes(b"name"))),
    (re.compile(r"ppt/(?:commentAuthors|authors|changesInfos/.*)\.xml"), _SPEAKERS),
    (re.compile(r"(?:.*/)?printerSettings\d*\.bin"), _no_printer),
    (re.compile(r".*\.(?:jpe?g|png)", re.IGNORECASE), photo_metadata.blanked),
    (re.compile(r".*\.(?:mp4|m4v|mov|m4a|3gp)", re.IGNORECASE), _on_disk(mp4_metadata.blank_metadata)),
    (re.compile(r".*\.mp3", re.IGNORECASE), _on_disk(sound_metadata.blank_mp3)),
    (re.compile(r".*\.wav", re.IGNORECASE), _on_disk(sound_metadata.blank_wav)),
]
EMBEDDED = re.compile(r".*\.(?:docx|xlsx|pptx|odt|ods|odp)", re.IGNORECASE)
