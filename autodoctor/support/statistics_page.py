"""Statistics as a page and a CSV file: each measure with its daily values."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.core.errors import safe_csv_cell
from autodoctor.core.formatting import weekday
from autodoctor.payments.formatting import format_cents
from autodoctor.support.statistics import Numbers, Period, Tally, together

USUAL_DAYS, MOST_DAYS = 30, 92
PRESETS = (7, 30, 90)
IN_REACH = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]
SPARK_HEIGHT = 20  # of the drawing, in its own units; a day is one wide


@dataclass(frozen=True)
class Measure:
    """One column. `value` is its daily value; None for a day without data."""

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
        lambda tally: tally.refunded_cents,
        lambda tally: format_cents(tally.refunded_cents, "usd") if tally.refunded_cents else "",
    ),
    Measure(gettext_lazy("Rating"), gettext_lazy("stars (sessions)"), lambda tally: tally.rating, _rating),
)


class Choice(forms.Form):
    """The chosen days, and whether a row is a mechanic or a day."""

    first = forms.DateField(label=gettext_lazy("From"), required=False, validators=IN_REACH)
    last = forms.DateField(label=gettext_lazy("To"), required=False, validators=IN_REACH)
    by = forms.ChoiceField(choices=[("mechanic", ""), ("day", "")], required=False)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.errors:
            return given
        last = given.get("last") or timezone.localdate()
        first = given.get("first") or last - timedelta(days=USUAL_DAYS - 1)
        if first > last:
            raise forms.ValidationError(_("The first day is after the last day."))
        if (last - first).days >= MOST_DAYS:
            raise forms.ValidationError(_("Choose at most %d days.") % MOST_DAYS)
        return {"period": Period(first, last), "by": given.get("by") or "mechanic"}


@support_only
def numbers(request: SignedInRequest) -> HttpResponse:
    chosen = _chosen(request)
    found = Numbers(chosen["period"])
    rows = _rows_by_day(found) if chosen["by"] == "day" else _rows_by_mechanic(found)
    context = {
        **chosen,
        "measures": MEASURES,
        "rows": [_whole(found), *rows],
        "is_empty": not found.tallies,
        "presets": [_preset(days, chosen["period"]) for days in PRESETS],
        "width": len(found.period.days),
        "height": SPARK_HEIGHT,
    }
    return render(request, "support/numbers.html", context)


@support_only
def as_csv(request: SignedInRequest) -> HttpResponse:
    """Return every mechanic on every day with data. Plain numbers: seconds, cents."""
    period = _chosen(request)["period"]
    name = f"numbers-{period.first}-{period.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    lines = csv.writer(answer)
    lines.writerow(CSV_COLUMNS)
    found = Numbers(period)
    for (mechanic_id, day), tally in sorted(found.tallies.items(), key=lambda one: (one[0][1], str(one[0][0]))):
        lines.writerow([day, safe_csv_cell(found.names.get(mechanic_id, "") if mechanic_id else ""), *_plain(tally)])
    return answer


CSV_COLUMNS = (
    *("day", "mechanic", "sessions", "median_seconds_to_acceptance", "mechanic_no_shows", "customer_no_shows"),
    *("drops", "lost_seconds", "refunded_cents", "rating", "ratings"),
)


def _plain(tally: Tally) -> list[float | str]:
    wait = "" if tally.wait is None else round(tally.wait, 1)
    rating = "" if tally.rating is None else round(tally.rating, 2)
    counts = [
        tally.mechanic_no_shows,
        tally.customer_no_shows,
        tally.drops,
        round(tally.lost_seconds, 1),
        tally.refunded_cents,
    ]
    return [tally.sessions, wait, *counts, rating, len(tally.stars)]


def _chosen(request: HttpRequest) -> dict[str, Any]:
    """Return the choice; the default if it is invalid, with the reason in `form`."""
    form = Choice(request.GET)
    if form.is_valid():
        return {**form.cleaned_data, "form": form}
    return {**_usual(), "form": form}


def _usual() -> dict[str, Any]:
    today = timezone.localdate()
    return {"period": Period(today - timedelta(days=USUAL_DAYS - 1), today), "by": "mechanic"}


def _preset(days: int, now_shown: Period) -> dict[str, Any]:
    today = timezone.localdate()
    period = Period(today - timedelta(days=days - 1), today)
    return {"days": days, "first": period.first, "is_shown": period == now_shown}


def _whole(found: Numbers) -> dict[str, Any]:
    every_day = [found.on(day) for day in found.period.days]
    return {"name": _("All"), "is_whole": True, "cells": _cells(together(every_day), every_day)}


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
