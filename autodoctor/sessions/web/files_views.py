"""Permanent addresses of attachments. Each redirects a permitted person to an address that expires."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.files.listing import files_of, url_of
from autodoctor.sessions.lifecycle import attachments
from autodoctor.sessions.models import Session


@signed_in
@require_safe
@never_cache
def session_file(request: SignedInRequest, session_id: UUID, file_id: UUID, *, thumbnail: bool = False) -> HttpResponse:
    try:
        attachments.session_with_files(request.user, session_id)
    except Session.DoesNotExist:
        raise Http404 from None
    file = get_object_or_404(files_of(session_id), pk=file_id)
    if thumbnail and not file.thumbnail_key:
        raise Http404
    return redirect(url_of(file, timezone.now(), thumbnail=thumbnail, download="download" in request.GET))
