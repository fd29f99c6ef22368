"""Dates and times: one form for each purpose, and one place that knows it."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.utils import display_for_value
from django.template import Context, Template
from django.utils import timezone

from autodoctor.core import formatting

AT = datetime(2026, 11, 28, 20, 24, 5, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
PRODUCT = Path(formatting.__file__).resolve().parents[1]
MACHINE_FORMS = {"c", "Y-m-d", "Y-m"}
OTHER_FILTER = re.compile(
    r"\|(date|time|timesince|timeuntil|naturaltime|naturalday)\b(?::\s*(?:'([^']*)'|\"([^\"]*)\"))?"
)


@pytest.mark.parametrize(
    ("write", "written"),
    [
        (formatting.time_of_day, "3:24 PM"),
        (formatting.exact_time_of_day, "3:24:05 PM"),
        (formatting.moment, "Nov 28, 3:24 PM"),
        (formatting.mail_moment, "Nov 28, 3:24 PM"),
        (formatting.dated_moment, "Nov 28, 2026, 3:24 PM"),
        (formatting.exact_moment, "Nov 28, 2026, 3:24:05 PM"),
        (formatting.document_moment, "Nov 28, 2026, 3:24 PM EST"),
        (formatting.day, "Nov 28, 2026"),
        (formatting.weekday, "Saturday, Nov 28"),
        (formatting.month, "November 2026"),
    ],
)
def test_a_moment_is_written_in_the_readers_zone(write: Callable[[datetime | None], str], written: str) -> None:
    with timezone.override(NEW_YORK):
        assert write(AT) == written
        assert Template(f"{{{{ at|{write.__name__} }}}}").render(Context({"at": AT})) == written
        assert write(None) == ""


def test_a_day_is_the_same_in_every_zone() -> None:
    with timezone.override(NEW_YORK):
        assert formatting.day(date(2026, 11, 28)) == "Nov 28, 2026"


def test_a_mail_names_the_zone_where_the_readers_is_not_known() -> None:
    with timezone.override(UTC):
        assert formatting.mail_moment(AT) == "Nov 28, 8:24 PM UTC"


def test_the_admin_writes_dates_in_the_form_of_the_pages() -> None:
    with timezone.override(NEW_YORK):
        assert display_for_value(AT, "") == formatting.dated_moment(AT)


def templates() -> Iterator[Path]:
    for path in PRODUCT.rglob("templates/**/*"):
        if path.suffix in {".html", ".txt"} and "tests" not in path.parts:
            yield path


def test_templates_write_dates_with_the_shared_filters_only() -> None:
    found = [
        f"{path.relative_to(PRODUCT)}: {match[0]}"
        for path in templates()
        for match in OTHER_FILTER.finditer(path.read_text())
        if (match[2] or match[3]) not in MACHINE_FORMS
    ]
    assert found == []
    assert [path.name for path in templates() if re.search(r"\{%\s*now\b", path.read_text())] == []


@pytest.mark.parametrize(
    ("suffix", "other_way", "allowed"),
    [
        (
            "*.py",
            r"\bdate_format\(|\btime_format\(|%B|%b\b|%H:%M(?!:%S)",
            {"formatting.py", "earnings_views.py", "reconcile.py"},
        ),
        ("*.js", r"Intl\.DateTimeFormat|\.toLocale(Date|Time)?String\(", {"format-time.js", "time-zone.js"}),
    ],
)
def test_code_writes_dates_with_the_shared_functions_only(suffix: str, other_way: str, allowed: set[str]) -> None:
    paths = [path for path in PRODUCT.rglob(suffix) if "tests" not in path.parts and path.name not in allowed]
    assert len(paths) > len(allowed)
    assert [str(path) for path in paths if re.search(other_way, path.read_text())] == []
