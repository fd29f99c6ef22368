"""Pages whose address is the permission to open them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse


def unlisted(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Say of an answer that no search engine, no cache and no other site is to know of its address."""

    @wraps(view)
    def done(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        answer["Referrer-Policy"] = "no-referrer"
        answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return answer

    return done
