"""`/metrics`, for Prometheus."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from autodoctor.accounts.access import anyone
from autodoctor.core.client_address import known_address
from autodoctor.health.metrics import REGISTRY


@require_GET
@anyone
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the metrics with the token; without a configured token, to this machine only. Everybody else gets 404."""
    if not _may_read_metrics(request):
        raise Http404
    return HttpResponse(
        generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )


def _may_read_metrics(request: HttpRequest) -> bool:
    return is_token(request.headers.get("Authorization", "")) if settings.METRICS_TOKEN else _is_local(request)


def is_token(given: str) -> bool:
    """Return whether this header is that of Prometheus."""
    return hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())


def _is_local(request: HttpRequest) -> bool:
    """Return whether the request comes from this machine. An unknown local proxy would make everybody local."""
    forwarded = {"X-Forwarded-For", "X-Real-Ip", "Forwarded"} & {name.title() for name in request.headers}
    if forwarded and not settings.TRUSTED_PROXIES:
        return False
    address = known_address(request)
    return bool(address) and ip_address(address).is_loopback
