"""Receive a piece of a file while it arrives. What has come before the line was cut is kept, too."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asgiref.typing import ASGIReceiveCallable
from django.http import HttpRequest

from autodoctor.files import errors
from autodoctor.files.multipart_stream import SpooledFile


class PieceStream:
    """Writes a body to `path`. With `refused` nothing of it is kept."""

    def __init__(self, path: Path, refused: Exception | None = None) -> None:
        self.file = SpooledFile(path, name="piece", content_type="", problem=refused)
        self.is_cut = False

    def refuse(self, problem: Exception) -> None:
        self.file.problem = problem

    @property
    def files(self) -> list[SpooledFile]:
        return [self.file]

    @property
    def is_of_use(self) -> bool:
        """Return whether the request is to be handled: nobody waits for the answer to one that was cut."""
        return not self.is_cut or (self.file.problem is None and self.file.size > 0)

    async def take_all(self, receive: ASGIReceiveCallable) -> None:
        try:
            await self._take(receive)
        except OSError as error:
            self.refuse(errors.not_stored(error))

    async def _take(self, receive: ASGIReceiveCallable) -> None:
        more = True
        while more:
            event = await receive()
            if event["type"] != "http.request":
                self.is_cut = True
                break
            more = event.get("more_body", False)
            self.file.add(event["body"])
            if self.file.is_due:
                await asyncio.to_thread(self.file.write_out)
        await asyncio.to_thread(self.file.finish)


@contextmanager
def piece_of(request: HttpRequest, path: Path) -> Iterator[Path]:
    """Yield where the received piece lies; a body that came in memory is written to `path`. Raises `FileRefused`."""
    stream: PieceStream | None = getattr(request, "scope", {}).get("piece")
    if stream is not None:
        if stream.file.problem:
            raise stream.file.problem
        yield Path(stream.file.temporary_file_path())
        return
    try:
        path.write_bytes(request.body)
        yield path
    finally:
        path.unlink(missing_ok=True)
