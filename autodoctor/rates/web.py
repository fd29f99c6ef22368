"""Limits of requests: a view or an operation of the API declares one, and here it is counted before it runs.

Everything that is sent (POST, PUT, PATCH, DELETE) and declares nothing counts as `CHANGES`.
"""

from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, TypeVar, assert_never

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from ninja.throttling import BaseThrottle

from autodoctor.core.client_address import client_address
from autodoctor.core.errors import TooFast, too_fast
from autodoctor.rates import counting
from autodoctor.rates.limits import CHANGES, Limit, Who

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
IPV6_PREFIX = 64  # bits: the addresses of one connection
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def limited(limit: Limit | None, *methods: str) -> Callable[[View], View]:
    """Declare the limit of a view for these methods; None: not limited, because a secret opens it."""

    def declare(view: View) -> View:
        vars(view)["limits"] = {**declared_by(view), **dict.fromkeys(methods, limit)}
        return view

    return declare


def declared_by(view: Callable[..., Any]) -> dict[str, Limit | None]:
    """Return what `limited` has declared, by method."""
    return vars(view).get("limits", {}) if hasattr(view, "__dict__") else {}


def limit_of(view: Callable[..., Any], method: str) -> Limit | None:
    """Return the limit of a view for this method. HEAD is limited as GET is."""
    method = "GET" if method == "HEAD" else method
    return declared_by(view).get(method, None if method in SAFE else CHANGES)


def person_or_address(request: HttpRequest) -> str:
    """Return who is counted: the person, or where nobody is signed in the address, of IPv6 its network."""
    if request.user.is_authenticated:
        return counting.person(request.user.pk)
    address = client_address(request)
    if address and isinstance(found := ip_address(address), IPv6Address):
        address = str(ip_network((found, IPV6_PREFIX), strict=False))
    return f"address:{address}"


def count_request(request: HttpRequest, limit: Limit) -> None:
    """Count this request. Raises `TooFast`."""
    counting.take(_applicable(limit, request), person_or_address(request), timezone.now())


def _applicable(limit: Limit, request: HttpRequest) -> Limit:
    match limit.who:
        case Who.PERSON:
            return limit
        case Who.SIGNED_IN:
            return limit if request.user.is_authenticated else CHANGES
        case Who.ASKER | Who.MAILBOX | Who.PAGE | Who.BROWSER:
            raise TypeError(f"{limit.name} does not count requests")
        case _:
            assert_never(limit.who)


class Counted(BaseThrottle):
    """The limit of one operation of the API; without one, what is sent counts as `CHANGES`."""

    def __init__(self, limit: Limit | None = None) -> None:
        self.limit = limit

    def allow_request(self, request: HttpRequest) -> bool:
        """Return True, or raise `TooFast`, which says more than False would."""
        limit = self.limit or (None if request.method in SAFE else CHANGES)
        if limit:
            count_request(request, limit)
        return True


def mark_too_fast(request: HttpRequest, seconds: int) -> None:
    """Have the page that is being made, with the form and its error, answered with 429."""
    vars(request)["too_fast_seconds"] = seconds


class CountedElsewhere(BaseThrottle):
    """Names the limit of an operation whose uses what it calls counts, with those of other ways in."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit

    def allow_request(self, request: HttpRequest) -> bool:
        return True


class RatesMiddleware(MiddlewareMixin):
    """Counts requests of pages; the API counts its own. Answers `TooFast`, wherever it comes from."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        limit = None if _is_operation(request, view) else limit_of(view, str(request.method))
        try:
            if limit:
                count_request(request, limit)
        except TooFast as refusal:
            return too_fast(request, refusal)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return too_fast(request, exception) if isinstance(exception, TooFast) else None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        seconds = vars(request).get("too_fast_seconds")
        if seconds and response.status_code == HTTPStatus.OK:
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response.headers["Retry-After"] = str(seconds)
        return response


def _is_operation(request: HttpRequest, view: Callable[..., Any]) -> bool:
    return request.path.startswith("/api/") and not declared_by(view)
