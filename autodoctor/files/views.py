"""Signed addresses that nothing in front of Django has answered: the same bytes, or a refusal."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from autodoctor.accounts.access import anyone
from autodoctor.files import signed_urls
from autodoctor.files.models import StoredFile
from autodoctor.files.serving import deliver


@anyone  # the signed address is the permission
@require_safe
def serve(request: HttpRequest, file_id: UUID, rendition: str) -> HttpResponseBase:
    until, seal = request.GET.get("until", ""), request.GET.get("seal", "")
    if not signed_urls.is_valid(file_id, rendition, until, seal, timezone.now()):
        raise PermissionDenied
    delivery = deliver(file_id, rendition, request.headers.get("Range", ""))
    if delivery is None:
        raise Http404
    if request.method == "HEAD":
        delivery.close()
        return HttpResponse(status=delivery.status, headers=delivery.headers)
    pieces = (bytes(piece) async for piece in delivery.pieces())
    return StreamingHttpResponse(pieces, status=delivery.status, headers=delivery.headers)


def redirect_to(file: StoredFile, request: HttpRequest, *, thumbnail: bool) -> HttpResponse:
    """Redirect from a permanent address to a signed one that expires. The caller has checked who asks."""
    if thumbnail and not file.thumbnail_key:
        raise Http404
    return redirect(signed_urls.url_of(file, timezone.now(), thumbnail=thumbnail, download="download" in request.GET))
