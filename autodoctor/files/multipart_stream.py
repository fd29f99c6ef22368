"""Parse a form with a file while it arrives: the file grows on the disk, batch by batch."""

import asyncio
from io import BufferedWriter
from pathlib import Path
from typing import Any

from asgiref.typing import ASGIReceiveCallable
from django.core.files.uploadedfile import UploadedFile
from django.http.multipartparser import MultiPartParserError
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from autodoctor.files import errors, file_names

BATCH_BYTES = 512 * 1024
FIELD_BYTES = 1024
PARTS = 8
FILE_FIELD = "file"


class Form:
    """The sent form with its file on the disk, or the reason for a refusal."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.file: SpooledFile | None = None
        self.problem: Exception | None = None


class SpooledFile(UploadedFile):  # type: ignore[type-arg]
    """An upload that is already a file and can be moved."""

    def __init__(self, path: Path, *, name: str, content_type: str) -> None:
        super().__init__(None, name, content_type)
        self.size: int = 0
        self._path = path
        self._writer: BufferedWriter | None = None
        self._batch: list[bytes] = []
        self._batched = 0

    def temporary_file_path(self) -> str:
        return str(self._path)

    def add(self, piece: bytes) -> None:
        """Add bytes. Raises `FileRefused` once the file is too large."""
        self.size += len(piece)
        if self.size > errors.MAX_BYTES:
            raise errors.too_large()
        self._batch.append(piece)
        self._batched += len(piece)

    @property
    def is_due(self) -> bool:
        return self._batched >= BATCH_BYTES

    def write_out(self) -> None:
        """Write the bytes added since the last call; blocks. Raises `OSError`."""
        self._writer = self._writer or self._path.open("xb")
        self._writer.writelines(self._batch)
        self._batch, self._batched = [], 0

    def close(self) -> None:
        if self._writer:
            self._writer.close()
            self._writer = None

    def forget(self) -> None:
        """Delete the leftovers. A stored file has already been moved."""
        self._batch = []
        try:
            self.close()
        except OSError:  # the disk is full: drop the rest of the file
            self._writer = None
        self._path.unlink(missing_ok=True)


class MultipartStream:
    """Parses a form while it arrives, and writes its file to `path`."""

    def __init__(self, boundary: str, path: Path) -> None:
        self.form = Form()
        self._parser = PushMultipartParser(boundary, max_segment_count=PARTS)
        self._path = path
        self._part: MultipartSegment | None = None

    async def all(self, receive: ASGIReceiveCallable) -> Form | None:
        """Return the form; None if the client left early. After a problem the rest is read and discarded."""
        more = True
        while more:
            event = await receive()
            if event["type"] != "http.request":
                return None
            more = event.get("more_body", False)
            if self.form.problem is None:
                await self._guarded(event["body"], last=not more)
        return self.form

    async def _guarded(self, piece: bytes, *, last: bool) -> None:
        try:
            await self._take(piece, last=last)
        except MultipartError as error:
            self.form.problem = MultiPartParserError(str(error))
        except errors.FileRefused as error:
            self.form.problem = error
        except OSError as error:
            self.form.problem = errors.not_stored(error)

    async def _take(self, piece: bytes, *, last: bool) -> None:
        for found in self._parser.parse(piece) if piece else ():
            self._sort(found)
        file = self.form.file
        if file and (last or file.is_due):
            await asyncio.to_thread(file.write_out)
        if last:
            self._parser.close()
        if last and file:
            await asyncio.to_thread(file.close)

    def _sort(self, found: Any) -> None:
        """Handle the begin, the data or the end (None) of a part."""
        if isinstance(found, MultipartSegment):
            self._part = found
            if found.filename and found.name == FILE_FIELD:
                self._begin_file(found)
        elif found is not None and self._part is not None:
            self._add(self._part, found)

    def _begin_file(self, part: MultipartSegment) -> None:
        if self.form.file:
            raise MultipartError("one file at a time")
        name, content_type = file_names.plain(part.filename) or "file", (part.content_type or "").lower()
        self.form.file = SpooledFile(self._path, name=name, content_type=content_type)

    def _add(self, part: MultipartSegment, piece: bytes) -> None:
        if part.filename is None:
            value = self.form.fields.get(part.name, "") + piece.decode("utf-8", "replace")
            if len(value) > FIELD_BYTES:
                raise MultipartError("this field is too long")
            self.form.fields[part.name] = value
        elif self.form.file and part.name == FILE_FIELD:
            self.form.file.add(piece)
