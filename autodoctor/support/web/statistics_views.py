"""Statistics: the page, and the CSV file of the same days."""

import csv
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.rates.limits import DOCUMENTS
from autodoctor.rates.web import limited
from autodoctor.support.statistics import Numbers, Period
from autodoctor.support.statistics_table import (
    MEASURES,
    SPARK_HEIGHT,
    csv_rows,
    make_rows,
    table_rows,
    trouble_code_rows,
)

USUAL_DAYS, MOST_DAYS = 30, 92
PRESETS = (7, 30, 90)
IN_REACH = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


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
    context = {
        **chosen,
        "measures": MEASURES,
        "rows": table_rows(found, by=chosen["by"]),
        "trouble_codes": trouble_code_rows(found),
        "makes": make_rows(found),
        "is_empty": not found.tallies,
        "presets": [_preset(days, chosen["period"]) for days in PRESETS],
        "width": len(found.period.days),
        "height": SPARK_HEIGHT,
    }
    return render(request, "support/numbers.html", context)


@support_only
@limited(DOCUMENTS, "GET")
def as_csv(request: SignedInRequest) -> HttpResponse:
    period = _chosen(request)["period"]
    name = f"numbers-{period.first}-{period.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    csv.writer(answer).writerows(csv_rows(Numbers(period)))
    return answer


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
