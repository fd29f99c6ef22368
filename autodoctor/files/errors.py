"""How files say no: a code, a sentence a person understands, and the HTTP status that fits."""

import errno

from django.utils.translation import gettext as _

from autodoctor.core.errors import Refused
from autodoctor.core.request_limits import FILE_BYTES, file_too_large

MAX_BYTES = FILE_BYTES
MAX_FILES = 50
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FileRefused(Refused):
    """Because of the file, or of where files are kept."""


def too_large() -> FileRefused:
    return FileRefused("too_large", file_too_large(), 413)


def empty() -> FileRefused:
    return FileRefused("wrong_type", _("This file is empty."), 415)


def wrong_type() -> FileRefused:
    sentence = _("This cannot be shared. Possible are photos, short videos and sounds, PDF, text and Office files.")
    return FileRefused("wrong_type", sentence, 415)


def damaged() -> FileRefused:
    return FileRefused("wrong_type", _("This recording is damaged. Record it once more."), 415)


def unreadable_image() -> FileRefused:
    return FileRefused("wrong_type", _("This picture cannot be read. It may be damaged: take it once more."), 415)


def oversized_image() -> FileRefused:
    return FileRefused("wrong_type", _("This picture has too many pixels. Share a smaller one."), 415)


def too_many() -> FileRefused:
    return FileRefused("too_many", _("There is no room for more than %d files.") % MAX_FILES, 409)


def too_many_at_once() -> FileRefused:
    return FileRefused("too_fast", _("Too many files at once. Send the next one when one of these is there."), 429)


def not_stored(error: OSError) -> FileRefused:
    return no_space() if error.errno in _FULL else unavailable()


def no_space() -> FileRefused:
    return FileRefused("no_space", _("There is no space left for files just now. We are told; try again later."), 507)


def busy() -> FileRefused:
    return FileRefused("busy", _("Too many pictures arrive at this moment. Try again in a minute."), 503)


def unavailable() -> FileRefused:
    return FileRefused("unavailable", _("Files cannot be reached just now. Try again in a minute."), 503)


def gone() -> FileRefused:
    return FileRefused("file_removed", _("A file that was picked has been removed."), 409)


def kept() -> FileRefused:
    return FileRefused("file_kept", _("The summary shows this file, so it stays."), 409)
