"""Money that stands still, and what mechanics owe: the lists, and trying many again at once."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.accounts.reauthentication import fresh
from autodoctor.core.errors import SeeOther
from autodoctor.core.parsing import parse_uuid
from autodoctor.payments import books, debts, standstills
from autodoctor.support import staff_actions

MOST_SHOWN = 500


@support_only
@require_http_methods(["GET", "HEAD", "POST"])
@fresh
@never_cache
def money(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        return _try_again(request)
    now = timezone.now()
    found, owed = standstills.find(now), debts.open_debts()
    facts = {
        "found": found[:MOST_SHOWN],
        "count": len(found),
        "debts": owed[:MOST_SHOWN],
        "debt_count": owed.count(),
        "books": books.recent_totals(now),
    }
    return render(request, "support/money.html", facts)


def _try_again(request: SignedInRequest) -> HttpResponse:
    """Try the chosen ones again. What has moved since the page was opened is left alone."""
    now, chosen = timezone.now(), set(request.POST.getlist("name"))
    owed = [movement_id for text in request.POST.getlist("debt") if (movement_id := parse_uuid(text))]
    if not chosen and not owed:
        messages.error(request, _("Choose what to try again. Nothing was tried."))
        return SeeOther(reverse("support_money"))
    found = [one for one in standstills.find(now) if one.name in chosen]
    count = staff_actions.retry_money(found=found, owed=owed, by=request.user, now=now)
    words = ngettext("%(n)d is tried again now.", "%(n)d are tried again now.", count) % {"n": count}
    if count < len(chosen) + len(owed):
        words += " " + _("The others have moved meanwhile or are being tried right now.")
    messages.success(request, words)
    return SeeOther(reverse("support_money"))
