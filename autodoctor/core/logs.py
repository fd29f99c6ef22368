"""The log: one line per record, with the request, session and job that it belongs to.

Code logs with the standard library. Context is bound around the work (`bound`) instead of repeated in each record:
`docs/production.md` lists the fields.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import orjson
import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars, merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

bound = bound_contextvars
bind = bind_contextvars
about = get_contextvars  # the fields bound in this context

# The query of an address can hold a secret: the signature of a file, the page of an upload, an origin.
_QUERY = re.compile(r"(?<=\S)\?[^\s\"']*")
# So can a part of its path that is longer than any id: it opens what it names.
_TOKEN = re.compile(r"(?<=/)[A-Za-z0-9_-]{40,}")
_CODE = re.compile(r"((?:^|[\s\"]|/api)/handover/)[^/\s\"]+")  # short: that of a handover
# These loggers write request bodies, signatures and addresses, which no log may keep.
_QUIET = ("asyncio", "boto3", "botocore", "httpcore", "httpx", "s3transfer", "stripe", "urllib3", "websockets", "PIL")
_FRAMES = 12  # the innermost frames of a failure that are logged

Failure = tuple[type[BaseException], BaseException, TracebackType | None]


def configuration(*, readable: bool, level: str) -> dict[str, Any]:
    """Return `LOGGING`: for a terminal, or JSON. `level` applies to our own records; others log from INFO."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"without_query": {"()": WithoutQuery}},
        "formatters": {"line": {"()": formatter, "readable": readable}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "INFO" if level == "DEBUG" else level},
        "loggers": {
            "autodoctor": {"level": level},
            # These loggers have handlers of their own, which ignore the fields.
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.access": {"handlers": [], "propagate": True, "filters": ["without_query"]},
            "uvicorn.error": {"handlers": [], "propagate": True, "filters": ["without_query"]},
            "django.request": {"filters": ["without_query"]},  # names the address of each refusal
            **{name: {"level": "WARNING"} for name in _QUIET},
        },
    }


def formatter(*, readable: bool) -> logging.Formatter:
    before: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    terminal = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    last: list[Processor] = [terminal] if readable else [without_words, _json]
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=[meta, *last])


class WithoutQuery(logging.Filter):
    """Removes query strings and tokens, so that a reader of the log cannot use signed addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(without_query(one) if isinstance(one, str) else one for one in record.args)
        return True


def without_query(text: str) -> str:
    return _CODE.sub(r"\1…", _TOKEN.sub("…", _QUERY.sub("", text)))


def without_words(logger: WrappedLogger, name: str, line: EventDict) -> EventDict:
    """Return a failure's type and place: its message may quote text of users, or a secret."""
    failure = line.pop("exc_info", None)
    if isinstance(failure, tuple) and failure[0] is not None:
        line["error"] = failure[0].__qualname__
        line["at"] = [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(failure[2])[-_FRAMES:]]
        if cause := failure[1].__cause__:
            line["cause"] = type(cause).__qualname__
    return line


def _json(logger: WrappedLogger, name: str, line: Mapping[str, Any]) -> str:
    return orjson.dumps(line, default=str).decode()
