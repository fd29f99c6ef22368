"""Refusals of files: a code, a sentence for people, and the HTTP status."""

import errno

from django.utils.translation import gettext as _

from autodoctor.core.errors import Refused, TooFast
from autodoctor.core.request_limits import FILE_BYTES, file_too_large

MAX_BYTES = FILE_BYTES
MAX_FILES = 50
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FileRefused(Refused):
    """The file, or the store, does not allow this."""


def too_large() -> FileRefused:
    return FileRefused("too_large", file_too_large(), 413)


def wrong_offset() -> FileRefused:
    return FileRefused("wrong_offset", _("The upload stands at another place. Ask where, and go on from there."), 409)


def unfit_piece() -> FileRefused:
    return FileRefused("invalid", _("This piece is too small, or goes beyond the end of the file."), 422, field="body")


def other_file() -> FileRefused:
    return FileRefused("client_id_reused", _("This id was already used for another file."), 409)


def empty() -> FileRefused:
    return FileRefused("wrong_type", _("This file is empty."), 415)


def wrong_type() -> FileRefused:
    sentence = _(
        "This type of file cannot be shared. You can share photos, short videos and sounds, PDF, text and Office files."
    )
    return FileRefused("wrong_type", sentence, 415)


def damaged() -> FileRefused:
    return FileRefused("wrong_type", _("This recording is damaged. Please record it again."), 415)


def damaged_document() -> FileRefused:
    sentence = _("This file is damaged, or holds much more than it seems. Save it again, and share that copy.")
    return FileRefused("wrong_type", sentence, 415)


def locked() -> FileRefused:
    sentence = _("This file is protected with a password. Save a copy without a password, and share that copy.")
    return FileRefused("wrong_type", sentence, 415)


def unreadable_image() -> FileRefused:
    return FileRefused("wrong_type", _("This picture cannot be read and may be damaged. Please take it again."), 415)


def oversized_image() -> FileRefused:
    return FileRefused("wrong_type", _("This picture has too many pixels. Share a smaller picture."), 415)


def too_many() -> FileRefused:
    return FileRefused("too_many", _("A session can have up to %d files.") % MAX_FILES, 409)


def too_many_at_once() -> TooFast:
    return TooFast(5, _("Too many files at once: wait until one of these uploads is done."))


def too_many_at_a_time(most: int) -> FileRefused:
    sentence = _("A message can bring up to %(most)d files, and a help thread can have %(all)d.")
    return FileRefused("too_many", sentence % {"most": most, "all": MAX_FILES}, 409)


def too_many_lately() -> FileRefused:
    sentence = _("You sent many files in a short time. Send it in another message, some hours later.")
    return FileRefused("too_many", sentence, 409)


def too_late() -> FileRefused:
    return FileRefused("too_late", _("Checking the files before it took too long. Send it in another message."), 409)


def not_stored(error: OSError) -> FileRefused:
    return no_space() if error.errno in _FULL else unavailable()


def no_space() -> FileRefused:
    return FileRefused(
        "no_space", _("The server has no space for files now. We have been notified. Try again later."), 507
    )


def busy() -> FileRefused:
    return FileRefused("busy", _("The server is processing too many files. Try again in a minute."), 503)


def busy_camera() -> FileRefused:
    return FileRefused("busy", _("The server is reading other pictures. It reads the next one of your camera."), 503)


def unavailable() -> FileRefused:
    return FileRefused("unavailable", _("Files are not available now. Try again in a minute."), 503)


def gone() -> FileRefused:
    return FileRefused("file_removed", _("A selected file has been removed."), 409)


def kept() -> FileRefused:
    return FileRefused("file_kept", _("The summary shows this file, so you cannot remove it."), 409)
