"""Log lines: fields, and texts that they must not hold."""

import json
import logging
import sys
from typing import Any

import pytest

from autodoctor.core import logs


def line_of(*args: Any, exc_info: Any = None) -> dict[str, Any]:
    record = logging.LogRecord("autodoctor.x", logging.ERROR, "x.py", 1, args[0], args[1:], exc_info)
    written: dict[str, Any] = json.loads(logs.formatter(readable=False).format(record))
    return written


def test_a_log_line_has_its_fields_and_those_bound_around_it() -> None:
    with logs.bound(request_id="r1", session_id="s1"):
        line = line_of("%d things", 3)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "3 things",
        "level": "error",
        "logger": "autodoctor.x",
        "request_id": "r1",
        "session_id": "s1",
    }
    assert "request_id" not in line_of("later")


def test_a_log_message_with_line_breaks_stays_on_one_line() -> None:
    assert line_of("one\ntwo")["event"] == "one\ntwo"
    assert (
        "\n"
        not in logs.formatter(readable=False).format(logging.LogRecord("a", 20, "x", 1, "one\ntwo", (), None)).rstrip()
    )


def fail() -> None:
    try:
        raise KeyError("the words of somebody")
    except KeyError as error:
        raise ValueError("hunter2") from error


def test_an_exception_is_logged_with_type_and_place_and_without_its_message() -> None:
    try:
        fail()
    except ValueError:
        line = line_of("It failed", exc_info=sys.exc_info())
    assert (line["error"], line["cause"]) == ("ValueError", "KeyError")
    assert line["at"][-1].endswith(" fail")
    assert "hunter2" not in json.dumps(line)
    assert "somebody" not in json.dumps(line)


def test_the_readable_log_shows_the_message_of_an_exception() -> None:
    try:
        fail()
    except ValueError:
        record = logging.LogRecord("autodoctor.x", 40, "x.py", 1, "It failed", (), sys.exc_info())
    assert "hunter2" in logs.formatter(readable=True).format(record)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("/files/1/view/?until=1&seal=ab", "/files/1/view/"),
        ('"GET /book/?next=/a?b HTTP/1.1"', '"GET /book/ HTTP/1.1"'),
        ("https://s3.example/key?X-Amz-Signature=ab", "https://s3.example/key"),
        ("why? because", "why because"),
        (f"Not Found: /garage/shared/{'aB-_' * 11}/files/1/?x", "Not Found: /garage/shared/…/files/1/"),
        ("/handover/7KQ2MX/", "/handover/…/"),
        ("Not Found: /api/handover/7KQ2MX", "Not Found: /api/handover/…"),
        ("/handover/", "/handover/"),
        ("/sessions/1/handover/answer", "/sessions/1/handover/answer"),
        ("/sessions/00000000-0000-4000-8000-000000000000/", "/sessions/00000000-0000-4000-8000-000000000000/"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_logged_addresses_lose_their_query_and_what_opens_them(said: str, written: str) -> None:
    assert logs.without_query(said) == written


def test_access_log_lines_of_the_server_lose_the_query() -> None:
    record = logging.LogRecord("uvicorn.access", 20, "x", 1, '%s - "%s"', ("127.0.0.1:1", "/a?b=c"), None)
    logs.WithoutQuery().filter(record)
    assert record.getMessage() == '127.0.0.1:1 - "/a"'


def test_the_debug_level_applies_to_our_own_loggers_only() -> None:
    config = logs.configuration(readable=False, level="DEBUG")
    assert config["loggers"]["autodoctor"]["level"] == "DEBUG"
    assert config["root"]["level"] == "INFO"
    assert config["loggers"]["botocore"]["level"] == "WARNING"
