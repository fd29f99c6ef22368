"""The copy of a person's last summary that their device keeps, to be read without a connection."""

import base64
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import condition, require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.accounts.models import Role, User
from autodoctor.files import listing
from autodoctor.files.models import StoredFile
from autodoctor.push.offline_page import offline_version
from autodoctor.sessions.models import Session
from autodoctor.summaries import document

KEPT_FOR = "Kept-For"  # the header with the person's id: a device keeps the copy for nobody else


@dataclass(frozen=True)
class InlinePhoto:
    """A small photo within the page, because no address of it can be asked."""

    name: str
    data: str  # a data: address


def _version(request: HttpRequest) -> str | None:
    """Return what changes with the copy; None if there is nothing to copy, or nobody is signed in."""
    session = last_summarized(request.user) if isinstance(request.user, User) else None
    if session is None:
        return None
    facts = (request.user.pk, session.id, session.summary.corrections.count(), offline_version())
    return f'"{"-".join(map(str, facts))}"'


@signed_in
@require_safe
@never_cache
@condition(etag_func=_version)
def last_summary(request: SignedInRequest) -> HttpResponse:
    """The whole copy, with small photos in it; 204 for somebody without a summary."""
    session = last_summarized(request.user)
    if session is None:
        return HttpResponse(status=204)
    shown = document.of(session.summary)
    facts = {"document": replace(shown, photos=[]), "photos": list(_inline(shown.photos)), "now": timezone.now()}
    answer = render(request, "summaries/last.html", facts)
    answer[KEPT_FOR] = str(request.user.pk)
    return answer


def last_summarized(user: User) -> Session | None:
    """Return the newest of this person's sessions that has a summary."""
    people = Session.objects.select_related("customer", "mechanic__mechanic_profile", "summary")
    mine = people.filter(mechanic=user) if user.role == Role.MECHANIC else people.filter(customer=user)
    return mine.filter(summarized_at__isnull=False).order_by("-created_at").first()


def _inline(photos: list[StoredFile]) -> Iterator[InlinePhoto]:
    for photo in photos:
        with suppress(OSError), listing.open_file(photo, thumbnail=True) as content:  # the copy does without it
            data = base64.b64encode(content.read()).decode()
            yield InlinePhoto(photo.name, f"data:{photo.content_type};base64,{data}")
