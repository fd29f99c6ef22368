"""The demo's outbox as pages; 404 outside the demo."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from autodoctor.mail import demo_outbox

PER_PAGE = 50
AS_IN_A_MAIL = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)


def demo_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """404 unless DEBUG is on: these mails contain sign-in codes."""

    @require_safe
    @never_cache
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not settings.DEBUG:
            raise Http404
        return view(request, **kwargs)

    vars(guarded)["access"] = "anyone"
    return guarded


@demo_only
def letters(request: HttpRequest) -> HttpResponse:
    page = Paginator(demo_outbox.names(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "mail/outbox.html", {"page": page, "letters": [demo_outbox.read(name) for name in page]})


@demo_only
def letter(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "mail/letter.html", {"letter": _kept(name)})


@demo_only
def letter_html(request: HttpRequest, name: str) -> HttpResponse:
    """Return the mail as a client shows it, for a frame: nothing in it runs, nothing is fetched."""
    html = _kept(name).html.replace("<head>", '<head><base target="_blank">', 1)
    return HttpResponse(html, headers={"Content-Security-Policy": AS_IN_A_MAIL, "X-Frame-Options": "SAMEORIGIN"})


@demo_only
def letter_attachment(request: HttpRequest, name: str, number: int) -> HttpResponseBase:
    attachments = _kept(name).attachments
    if not 1 <= number <= len(attachments):
        raise Http404
    file = attachments[number - 1]
    return FileResponse(BytesIO(file.content), as_attachment=True, filename=file.name, content_type=file.content_type)


def _kept(name: str) -> demo_outbox.KeptMail:
    try:
        return demo_outbox.read(name)
    except FileNotFoundError as error:
        raise Http404 from error
