"""What is compressed, and what is not."""

import gzip
from collections.abc import AsyncIterator

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from autodoctor.core.compression import CompressedPages

LINES = ["Completed,Session\r\n", *(f"2026-11-{day:02},A session of its own\r\n" for day in range(1, 30))]


async def lines() -> AsyncIterator[str]:
    for line in LINES:
        yield line


def through(answer: HttpResponseBase, accepts: str = "gzip, br") -> HttpResponseBase:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accepts})
    found = CompressedPages(lambda _request: answer)(request)
    assert isinstance(found, HttpResponseBase)
    return found


def test_a_page_is_compressed_for_whoever_reads_that() -> None:
    text = "".join(LINES)
    answer = through(HttpResponse(text))
    assert isinstance(answer, HttpResponse)
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).decode() == text
    assert not through(HttpResponse(text), accepts="identity").has_header("Content-Encoding")


@pytest.mark.parametrize("pieces", [lines, lambda: iter(LINES)], ids=["asynchronous", "synchronous"])
async def test_a_stream_arrives_as_it_is(pieces: object) -> None:
    answer = through(StreamingHttpResponse(pieces()))  # type: ignore[operator]
    assert not answer.has_header("Content-Encoding")
