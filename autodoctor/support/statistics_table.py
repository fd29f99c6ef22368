"""Statistics as rows of a table and of a CSV file: each measure with its daily values."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.core.errors import safe_csv_cell
from autodoctor.core.formatting import weekday
from autodoctor.payments.formatting import format_sums, plain_amount
from autodoctor.support.statistics import Numbers, Outcomes, Tally, total
from autodoctor.trouble_codes.explanation import Explanation, explain
from autodoctor.trouble_codes.structure import TroubleCode

MOST_CODES_SHOWN = 20
MOST_MAKES_SHOWN = 20
SPARK_HEIGHT = 20  # units of the drawing; a day is one unit wide


@dataclass(frozen=True)
class Measure:
    """A column. `value` is its daily value; None for a day without data."""

    label: Promise | str
    hint: Promise | str
    value: Callable[[Tally], float | None]
    words: Callable[[Tally], str]


def _count(of: Callable[[Tally], int]) -> Callable[[Tally], str]:
    return lambda tally: str(of(tally) or "")


def _span(seconds: float | None) -> str:
    """Format "2:05": minutes and seconds."""
    return "" if seconds is None else f"{round(seconds) // 60}:{round(seconds) % 60:02d}"


def _rating(tally: Tally) -> str:
    return "" if tally.rating is None else f"{tally.rating:.1f} ({len(tally.stars)})"


def share(rate: float | None, answers: int) -> str:
    """Format "75% (4)"; empty without answers."""
    return "" if rate is None else f"{rate:.0%} ({answers})"


MEASURES = (
    Measure(
        gettext_lazy("Sessions"),
        gettext_lazy("requested"),
        lambda tally: tally.sessions,
        _count(lambda tally: tally.sessions),
    ),
    Measure(
        gettext_lazy("Accepted after"),
        gettext_lazy("median, min:s"),
        lambda tally: tally.wait,
        lambda tally: _span(tally.wait),
    ),
    Measure(
        gettext_lazy("Mechanic no‑shows"),
        gettext_lazy("did not come"),
        lambda tally: tally.mechanic_no_shows,
        _count(lambda tally: tally.mechanic_no_shows),
    ),
    Measure(
        gettext_lazy("Customer no‑shows"),
        gettext_lazy("did not come"),
        lambda tally: tally.customer_no_shows,
        _count(lambda tally: tally.customer_no_shows),
    ),
    Measure(
        gettext_lazy("Drops"), gettext_lazy("connections"), lambda tally: tally.drops, _count(lambda tally: tally.drops)
    ),
    Measure(
        gettext_lazy("Lost time"),
        gettext_lazy("paused clock"),
        lambda tally: tally.lost_minutes,
        lambda tally: _span(tally.lost_seconds or None),
    ),
    Measure(
        gettext_lazy("Refunds"),
        gettext_lazy("refunded"),
        lambda tally: tally.refunds,
        lambda tally: format_sums(tally.refunded_cents),
    ),
    Measure(
        gettext_lazy("Questions"),
        gettext_lazy("to support"),
        lambda tally: tally.questions,
        _count(lambda tally: tally.questions),
    ),
    Measure(
        gettext_lazy("Answered after"),
        gettext_lazy("median, min:s"),
        lambda tally: tally.answer_wait,
        lambda tally: _span(tally.answer_wait),
    ),
    Measure(gettext_lazy("Rating"), gettext_lazy("stars (sessions)"), lambda tally: tally.rating, _rating),
    Measure(
        gettext_lazy("Solved"),
        gettext_lazy("held a week (answers)"),
        lambda tally: tally.solved_rate,
        lambda tally: share(tally.solved_rate, tally.solved + tally.unsolved),
    ),
)


CSV_COLUMNS = (
    *("day", "mechanic", "sessions", "median_seconds_to_acceptance", "mechanic_no_shows", "customer_no_shows"),
    *("drops", "lost_seconds", "refunds", "refunded", "rating", "ratings"),
    *("questions", "median_seconds_to_answer", "trouble_codes", "solved", "unsolved"),
)


def table_rows(found: Numbers, *, by: str) -> list[dict[str, Any]]:
    """Return the rows: the whole period first, then one per `day`, the latest first, or per `mechanic`."""
    return [_whole(found), *(_rows_by_day(found) if by == "day" else _rows_by_mechanic(found))]


def csv_rows(found: Numbers) -> Iterator[list[Any]]:
    """Yield the columns' names, then every mechanic on every day with data. Plain numbers, seconds, "4.00 USD"."""
    yield list(CSV_COLUMNS)
    for (mechanic_id, day), tally in sorted(found.tallies.items(), key=lambda one: (one[0][1], str(one[0][0]))):
        yield [day, safe_csv_cell(found.names.get(mechanic_id, "") if mechanic_id else ""), *_plain(tally)]


def _plain(tally: Tally) -> list[float | str]:
    wait = "" if tally.wait is None else round(tally.wait, 1)
    rating = "" if tally.rating is None else round(tally.rating, 2)
    counts: list[float | str] = [
        tally.mechanic_no_shows,
        tally.customer_no_shows,
        tally.drops,
        round(tally.lost_seconds, 1),
        tally.refunds,
        "; ".join(f"{plain_amount(cents, of)} {of.upper()}" for of, cents in sorted(tally.refunded_cents.items())),
    ]
    answer = "" if tally.answer_wait is None else round(tally.answer_wait, 1)
    codes = "; ".join(f"{code} {sessions}" for code, sessions in _by_number(tally))
    return [
        tally.sessions,
        wait,
        *counts,
        rating,
        len(tally.stars),
        tally.questions,
        answer,
        codes,
        tally.solved,
        tally.unsolved,
    ]


def trouble_code_rows(found: Numbers) -> list[tuple[Explanation, int, str]]:
    """Return the most frequent trouble codes of intakes and chats, each with its sessions and its solved rate."""
    most = _by_number(total(found.tallies.values()))[:MOST_CODES_SHOWN]
    return [(explain(TroubleCode(code)), sessions, _outcome(found.by_code, code)) for code, sessions in most]


def make_rows(found: Numbers) -> list[tuple[str, str]]:
    """Return the makes with the most answers a week later, each with its solved rate."""
    most = sorted(found.by_make.answers.items(), key=lambda one: (-one[1], one[0]))[:MOST_MAKES_SHOWN]
    return [(make, _outcome(found.by_make, make)) for make, _answers in most]


def _outcome(of: Outcomes, about: str) -> str:
    return share(of.rate(about), of.answers[about])


def _by_number(tally: Tally) -> list[tuple[str, int]]:
    return sorted(tally.trouble_codes.items(), key=lambda one: (-one[1], one[0]))


def _whole(found: Numbers) -> dict[str, Any]:
    every_day = [found.on(day) for day in found.period.days]
    return {"name": _("All"), "is_whole": True, "cells": _cells(total(every_day), every_day)}


def _rows_by_mechanic(found: Numbers) -> list[dict[str, Any]]:
    return [
        {
            "name": found.names.get(one, "") if one else _("No mechanic"),
            "mechanic_id": one,
            "cells": _cells(found.of(one), found.days_of(one)),
        }
        for one in found.mechanics
    ]


def _rows_by_day(found: Numbers) -> list[dict[str, Any]]:
    """Return the days, the latest first. A single day has no daily bars."""
    return [{"name": weekday(day), "cells": _cells(found.on(day))} for day in reversed(found.period.days)]


def _cells(whole: Tally, days: Iterable[Tally] = ()) -> list[dict[str, Any]]:
    runs = list(days)
    return [
        {
            "label": measure.label,
            "words": measure.words(whole),
            "bars": bars([measure.value(day) for day in runs]) if runs else "",
        }
        for measure in MEASURES
    ]


def bars(values: list[float | None]) -> str:
    """Return an SVG path with one bar per day, the highest `SPARK_HEIGHT` tall; empty without data."""
    highest = max((value or 0 for value in values), default=0)
    if not highest:
        return ""
    tall = [(day, SPARK_HEIGHT * (value or 0) / highest) for day, value in enumerate(values)]
    return "".join(f"M{day}.5 {SPARK_HEIGHT}v-{max(height, 1):.1f}" for day, height in tall if height)
