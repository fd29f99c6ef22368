"""Parse a form with files while it arrives: the files grow on the disk, batch by batch."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any

from asgiref.typing import ASGIReceiveCallable
from django.core.files.uploadedfile import UploadedFile
from django.http.multipartparser import MultiPartParserError
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from autodoctor.files import errors, file_names

BATCH_BYTES = 512 * 1024
PARTS_BESIDE = 32  # beside the files that are taken: fields, and files that are not
FILE_FIELD = "file"


@dataclass(frozen=True)
class Shape:
    """What a form may bring: so many files, and fields of so many bytes. `names_rest`: further files are no mistake in
    the form, but come by their names, with that problem.
    """

    files: int = 1
    field_bytes: int = 4 * 1024
    names_rest: bool = False


class Form:
    """The sent form with its files on the disk, or the reason for a refusal of all of it."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.files: list[SpooledFile] = []
        self.problem: Exception | None = None


class SpooledFile(UploadedFile):  # type: ignore[type-arg]
    """An upload that is already a file and can be moved. With a `problem` it is a name, and nothing of it is kept."""

    def __init__(self, path: Path, *, name: str, content_type: str, problem: Exception | None = None) -> None:
        super().__init__(None, name, content_type)
        self.size: int = 0
        self.problem = problem
        self._path = path
        self._writer: BufferedWriter | None = None
        self._batch: list[bytes] = []
        self._batched = 0
        self._is_finished = False

    def temporary_file_path(self) -> str:
        return str(self._path)

    def add(self, piece: bytes) -> None:
        """Add bytes. Once the file is too large, that is its problem, and the rest is dropped."""
        if self.problem is not None:
            return
        self.size += len(piece)
        if self.size > errors.MAX_BYTES:
            self.problem = errors.too_large()
            self._batch, self._batched = [], 0
            return
        self._batch.append(piece)
        self._batched += len(piece)

    @property
    def is_due(self) -> bool:
        return self._batched >= BATCH_BYTES

    def write_out(self) -> None:
        """Write the bytes added since the last call; blocks. Raises `OSError`."""
        if self.problem is not None or self._is_finished:
            return
        self._writer = self._writer or self._path.open("xb")
        self._writer.writelines(self._batch)
        self._batch, self._batched = [], 0

    def finish(self) -> None:
        """Write the rest; blocks, and does nothing the second time. Raises `OSError`."""
        self.write_out()
        self._is_finished = True
        self.close()

    def close(self) -> None:
        if self._writer:
            self._writer.close()
            self._writer = None

    @property
    def is_left(self) -> bool:
        """Return whether something has to be deleted. A stored file has already been moved."""
        return self._writer is not None or self._path.exists()

    def forget(self) -> None:
        """Delete the leftovers."""
        self._batch = []
        try:
            self.close()
        except OSError:  # the disk is full: drop the rest of the file
            self._writer = None
        self._path.unlink(missing_ok=True)


class MultipartStream:
    """Parses a form while it arrives, and writes its files to paths from `new_path`.

    With `refused` no file is taken: it is the problem of each.
    """

    def __init__(
        self, boundary: str, new_path: Callable[[], Path], shape: Shape, refused: Exception | None = None
    ) -> None:
        self.form = Form()
        self.is_cut = False
        self._parser = PushMultipartParser(boundary, max_segment_count=shape.files + PARTS_BESIDE)
        self._new_path = new_path
        self._shape = shape
        self._refused = refused
        self._part: MultipartSegment | None = None
        self._field = b""

    def refuse(self, problem: Exception) -> None:
        self.form.problem = problem

    @property
    def files(self) -> list[SpooledFile]:
        return self.form.files

    @property
    def is_of_use(self) -> bool:
        """Return whether the form is to be handled: half of one is not."""
        return not self.is_cut

    async def take_all(self, receive: ASGIReceiveCallable) -> None:
        """Read the form until its end, or until the client leaves. After a problem the rest is read and discarded."""
        more = True
        while more:
            event = await receive()
            if event["type"] != "http.request":
                self.is_cut = True
                return
            more = event.get("more_body", False)
            if self.form.problem is None:
                await self._guarded(event["body"], last=not more)

    async def _guarded(self, piece: bytes, *, last: bool) -> None:
        try:
            await self._take(piece, last=last)
        except MultipartError as error:
            self.form.problem = MultiPartParserError(str(error))
        except OSError as error:
            self.form.problem = errors.not_stored(error)

    async def _take(self, piece: bytes, *, last: bool) -> None:
        for found in self._parser.parse(piece) if piece else ():
            self._sort(found)
        if last:
            self._parser.close()
        for file in self.form.files:
            if last or file is not self.form.files[-1]:
                await asyncio.to_thread(file.finish)
            elif file.is_due:
                await asyncio.to_thread(file.write_out)

    def _sort(self, found: Any) -> None:
        """Handle the begin, the data or the end (None) of a part."""
        if isinstance(found, MultipartSegment):
            self._part, self._field = found, b""
            if found.filename and found.name == FILE_FIELD:
                self.form.files.append(self._new_file(found))
        elif self._part is None:
            return
        elif self._part.filename is None:
            self._add_to_field(self._part.name, found)
        elif found is not None and self._part.filename and self._part.name == FILE_FIELD:
            self.form.files[-1].add(found)

    def _new_file(self, part: MultipartSegment) -> SpooledFile:
        name, content_type = file_names.plain(part.filename) or "file", (part.content_type or "").lower()
        is_one_more = len(self.form.files) >= self._shape.files
        if is_one_more and not self._shape.names_rest:
            raise MultipartError("too many files")
        problem = self._refused or (errors.too_many_at_a_time(self._shape.files) if is_one_more else None)
        return SpooledFile(self._new_path(), name=name, content_type=content_type, problem=problem)

    def _add_to_field(self, name: str, piece: "bytes | bytearray | None") -> None:
        """A letter may arrive in pieces: read them once the field is whole."""
        if piece is None:
            self.form.fields[name] = self._field.decode("utf-8", "replace")
            return
        self._field += piece
        if len(self._field) > self._shape.field_bytes:
            raise MultipartError("this field is too long")
