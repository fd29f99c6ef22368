"""A mechanic's earnings: the page, the CSV download, and the redirect to Stripe and back."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, mechanic_only
from autodoctor.accounts.models import User
from autodoctor.core.errors import SeeOther, safe_csv_cell
from autodoctor.payments import payouts
from autodoctor.payments.formatting import plain_amount
from autodoctor.payments.stripe import PaymentError
from autodoctor.rates import counting
from autodoctor.rates.limits import CHECKOUTS, DOCUMENTS, LOOKS
from autodoctor.rates.web import limited, person_or_address
from autodoctor.sessions.queries import earnings_report as reading
from autodoctor.sessions.queries.earnings_report import Line


@mechanic_only
@require_safe
@never_cache
def earnings(request: SignedInRequest) -> HttpResponse:
    now, account = timezone.now(), payouts.account_of(request.user)
    tone, sentence, label = reading.account_in_words(account)
    facts = {
        "month": reading.month(request.user, _month(request, now), now, account),
        "months": reading.months(request.user),
        "owes": reading.debts_in_words(request.user),
        "share": settings.MECHANIC_SHARE_PERCENT,
        "account": {"tone": tone, "sentence": sentence, "label": label},
        "countries": _countries(request.user),
    }
    return render(request, "sessions/earnings.html", facts)


@mechanic_only
@require_safe
@limited(DOCUMENTS, "GET")
@never_cache
def as_csv(request: SignedInRequest) -> HttpResponseBase:
    """Download one month, one row per charge; amounts as plain numbers."""
    now = timezone.now()
    first = _month(request, now)
    month = reading.month(request.user, first, now, payouts.account_of(request.user))
    rows = [_headings(), *map(_cells, month.lines)]
    answer = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="earnings-{first:%Y-%m}.csv"'
    return answer


@mechanic_only
@require_POST
@limited(CHECKOUTS, "POST")
def set_up(request: SignedInRequest) -> HttpResponse:
    """Redirect to Stripe, where the mechanic enters identity and bank account."""
    country = request.POST.get("country") or next(iter(settings.PAYOUT_COUNTRIES))
    if country not in settings.PAYOUT_COUNTRIES:
        messages.error(request, _("We do not pay to this country. Choose a country from the list."))
        return SeeOther(reverse("earnings"))
    back = request.build_absolute_uri(reverse("payout_account_done"))
    try:
        page = payouts.onboarding_page(
            user=request.user, country=country, refresh_url=f"{back}?over=1", return_url=back, now=timezone.now()
        )
    except PaymentError as error:
        messages.error(request, str(error.sentence))
        return SeeOther(reverse("earnings"))
    return SeeOther(page)


@mechanic_only
@require_safe
@never_cache
def come_back(request: SignedInRequest) -> HttpResponse:
    """Return from Stripe, finished or not: read the account's state and redirect to the earnings."""
    if "over" in request.GET:
        messages.error(request, _("Stripe’s page has expired. Continue with a new page."))
    account = payouts.account_of(request.user)
    if account and counting.allows(LOOKS, person_or_address(request), timezone.now()):
        try:
            payouts.refresh(account, timezone.now())
        except PaymentError:
            messages.error(request, _("Stripe is not responding. The state of your account appears here soon."))
    return redirect("earnings")


def _countries(mechanic: User) -> dict[str, str]:
    """Return where this mechanic may live, names by code. Nothing to choose: empty; Stripe keeps the first answer."""
    known = len(settings.PAYOUT_COUNTRIES) == 1 or payouts.connected_account(mechanic)
    return {} if known else settings.PAYOUT_COUNTRIES


def _month(request: SignedInRequest, now: datetime) -> date:
    text = request.GET.get("month", "")
    try:
        if text and not re.fullmatch(r"20\d\d-\d\d", text, re.ASCII):
            raise ValueError(text)
        return reading.month_from(text, now)
    except ValueError:
        raise Http404 from None


def _headings() -> list[str]:
    return [
        _("Completed"),
        _("Session"),
        _("What"),
        _("Vehicle"),
        _("Currency"),
        _("Charged"),
        _("Refunded or taken back at your expense"),
        _("Your share"),
        _("Paid"),
        _("State"),
        _("Kept for what you owed"),
        _("You owe"),
    ]


def _cells(line: Line) -> list[str]:
    earning, payment, position = line.earning, line.earning.payment, line.position
    words = [payment.description, line.vehicle]
    amounts = (earning.gross_cents, earning.borne_cents, earning.share_cents, position.paid_cents)
    return [
        timezone.localtime(earning.completed_at).strftime("%Y-%m-%d %H:%M"),
        str(payment.owner_id),
        *map(safe_csv_cell, words),
        payment.currency.upper(),
        *(plain_amount(cents, payment.currency) for cents in amounts),
        "; ".join(line.why),
        plain_amount(position.kept_cents, payment.currency),
        plain_amount(position.debt_cents, payment.currency),
    ]


async def _lines(rows: Iterable[list[str]]) -> AsyncIterator[str]:
    """Yield lines with a UTF-8 mark, which spreadsheets need."""
    yield "\ufeff"
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow(row)
        yield line.getvalue()
