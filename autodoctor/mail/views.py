"""The demo's outbox as pages; not there at all outside of it."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from autodoctor.mail import outbox

PER_PAGE = 50


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """404 unless DEBUG: what stands in these mails would sign anybody in."""

    @require_safe
    @never_cache
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, **kwargs)

    vars(guarded)["access"] = "anyone"
    return guarded


@demo_only
def letters(request: HttpRequest) -> HttpResponse:
    page = Paginator(outbox.names(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "mail/outbox.html", {"page": page, "letters": [outbox.read(name) for name in page]})


@demo_only
def letter(request: HttpRequest, name: str) -> HttpResponse:
    try:
        return render(request, "mail/letter.html", {"letter": outbox.read(name)})
    except FileNotFoundError as error:
        raise Http404 from error
