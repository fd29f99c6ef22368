"""The phone's pages: type the six characters, or come by the QR code. A look uses nothing up and tells nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from autodoctor.accounts.access import anyone
from autodoctor.core.errors import SeeOther
from autodoctor.core.unlisted import unlisted
from autodoctor.handover import codes


@anyone
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def enter(request: HttpRequest) -> HttpResponse:
    """Ask for the six characters, and lead to the address of the QR code. Where a phone's part is over, say so."""
    typed = request.POST.get("code", "")[:40]
    code = codes.normal(typed)
    if code:
        return SeeOther(reverse("handover_code", args=[code]))
    facts = {"typed": typed, "is_wrong": request.method == "POST", "is_over": "over" in request.GET, "codes": codes}
    return render(request, "handover/enter.html", facts, status=422 if facts["is_wrong"] else 200)


@anyone  # the code is checked when the page asks with it
@require_safe
@never_cache
@unlisted
def opened(request: HttpRequest, code: str) -> HttpResponse:
    """Ask with the code of the address; a script does, so that whoever only looks at an address uses nothing up."""
    return render(request, "handover/opened.html", {"code": codes.normal(code)})
