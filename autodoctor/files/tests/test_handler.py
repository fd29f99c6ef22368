"""Django's part of a request runs in one thread and stays there."""

import asyncio
import threading
from typing import Any

import pytest
from django.http import HttpRequest

from autodoctor.files.streaming_upload import UploadHandler


def test_a_request_does_not_go_back_to_the_event_loop_for_its_view(monkeypatch: pytest.MonkeyPatch) -> None:
    threads, resolve = [], UploadHandler.resolve_request

    def noted(handler: UploadHandler, request: HttpRequest) -> Any:
        threads.append(threading.current_thread())
        return resolve(handler, request)

    monkeypatch.setattr(UploadHandler, "resolve_request", noted)
    assert asyncio.run(_status("/nothing/")) == 404
    assert [thread is threading.main_thread() for thread in threads] == [False]


async def _status(path: str) -> int:
    sent: list[Any] = []
    answered = asyncio.Event()
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        for event in asked:
            return event
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        sent.append(event)
        if event["type"] == "http.response.body" and not event.get("more_body"):
            answered.set()

    await UploadHandler()(_scope(path), receive, send)
    return int(sent[0]["status"])


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"x-forwarded-proto", b"https")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
