"""The dashboard of each role, the page of a mechanic, rating, and permanent addresses of files.

Each list is a fragment at an address of its own, fetched again when the feed says so.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts import favorites
from autodoctor.accounts.access import SignedInRequest, mechanic_only, signed_in
from autodoctor.accounts.actions import Refused as AccountsRefused
from autodoctor.accounts.models import Role, User
from autodoctor.core import kept_words, links
from autodoctor.core.errors import Refused, SeeOther, own_path
from autodoctor.files.models import StoredFile
from autodoctor.files.views import redirect_to
from autodoctor.sessions.lifecycle import attachments, help_files, rating
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import (
    dashboards,
    earnings_report,
    eligibility,
    pending_summaries,
    private_requests,
    questions,
    ratings,
)
from autodoctor.sessions.queries.earnings_report import month_of
from autodoctor.sessions.queries.eligibility import Obstacle
from autodoctor.skills.queries import known_by


@signed_in
@require_safe
@never_cache  # the back button must not show an old page
def dashboard(request: SignedInRequest) -> HttpResponse:
    role = request.user.role
    if role == Role.SUPPORT:
        return redirect("support_board")
    facts = {"now": timezone.now()} | _own(request)
    if role == Role.MECHANIC:
        facts |= _queue(request)
        facts |= _to_write(request)
        facts |= {"earned": earnings_report.earned_in(request.user, month_of(facts["now"]))}
        facts |= {"profile": request.user.mechanic_profile, "standing": ratings.rating_average(request.user)}
        facts |= {"knows": known_by(request.user)}
    facts |= {"favorites": dashboards.favorite_mechanics(request.user, facts["now"])}
    return render(request, f"sessions/{role.value}.html", facts)


@signed_in
@require_safe
@never_cache
def open_session(request: SignedInRequest) -> HttpResponse:
    """Lead to the open session, or without one to the dashboard: an icon on a home screen begins here."""
    session = dashboards.open_session_of(request.user)
    return redirect(links.room_page(session.id) if session else links.dashboard())


@signed_in
@require_safe
@never_cache
def own_sessions(request: SignedInRequest) -> HttpResponse:
    return render(request, "sessions/own_sessions.html", _own(request))


@mechanic_only
@require_safe
@never_cache
def queue(request: SignedInRequest) -> HttpResponse:
    return render(request, "sessions/queue.html", _queue(request))


@mechanic_only
@require_safe
@never_cache
def summaries_to_write(request: SignedInRequest) -> HttpResponse:
    return render(request, "sessions/to_write.html", _to_write(request))


@signed_in
@require_safe
@never_cache
def mechanic(request: SignedInRequest, mechanic_id: UUID) -> HttpResponse:
    """Show an approved mechanic's public page with customers' comments."""
    found = get_object_or_404(private_requests.mechanics(), pk=mechanic_id)
    facts = {
        "profile": found.mechanic_profile,
        "mechanic": found,
        "standing": ratings.rating_average(found),
        "opinions": ratings.latest_reviews(found),
        "sessions_done": dashboards.completed_by(found),
        **_asking(request.user, found),
    }
    return render(request, "sessions/mechanic_profile.html", facts)


def _asking(person: User, mechanic: User) -> dict[str, Any]:
    """Return what a customer may do on the page of a mechanic; nothing for support, and on one's own page."""
    if person.is_staff or person.pk == mechanic.pk:
        return {}
    return {
        "may_ask": True,
        "availability": private_requests.availability(mechanic, timezone.now()),
        "favorite": favorites.kept_by(person, [mechanic.pk]).get(mechanic.pk),
        "has_met": dashboards.has_met(person, mechanic),
    }


@signed_in
@require_POST
def favorite(request: SignedInRequest, mechanic_id: UUID) -> HttpResponse:
    """Keep a mechanic among one's favorites, forget them, or hear when they are back. Forgetting always works."""
    person, act, now = request.user, request.POST.get("act", ""), timezone.now()
    if act == "remove":
        favorites.remove(customer=person, mechanic_id=mechanic_id)
    elif act == "hush":
        favorites.do_not_tell(customer=person, mechanic_id=mechanic_id)
    else:
        found = None if person.is_staff else private_requests.askable(mechanic_id, person)
        keep = {"keep": favorites.add, "tell": favorites.tell_when_back}.get(act)
        if found is None or keep is None:
            raise Http404
        try:
            keep(customer=person, mechanic=found, now=now)
        except AccountsRefused as refused:
            messages.error(request, refused.detail)
    return SeeOther(own_path(request.POST.get("back", "")) or reverse("dashboard"))


@signed_in
@require_POST
def rate(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    given = request.POST.get("stars", "")
    stars = int(given) if given in {"1", "2", "3", "4", "5"} else 0
    line, seen = request.POST.get("line", ""), request.POST.get("seen")
    back = own_path(request.POST.get("back", "")) or reverse("dashboard")
    try:
        rating.rate_session(
            session_id=session_id, by=request.user, stars=stars, line=line, now=timezone.now(), seen=seen
        )
        messages.success(request, _("Thank you for your rating."))
    except Session.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, refused.detail)
        kept_words.keep(request, page=back)
    return SeeOther(back)


@signed_in
@require_safe
@never_cache
def session_file(request: SignedInRequest, session_id: UUID, file_id: UUID, *, thumbnail: bool = False) -> HttpResponse:
    """Redirect from a permanent address to a signed address that expires. 404 without access."""
    try:
        session = attachments.session_with_files(request.user, session_id)
    except Session.DoesNotExist:
        raise Http404 from None
    visible = attachments.visible_files(request.user, session)
    return redirect_to(get_object_or_404(visible, pk=file_id), request, thumbnail=thumbnail)


@signed_in
@require_safe
@never_cache
def help_file(request: SignedInRequest, session_id: UUID, file_id: UUID, *, thumbnail: bool = False) -> HttpResponse:
    """Redirect to a file that somebody sent to support: for its sender and support. 404 without access."""
    session = get_object_or_404(Session, pk=session_id)
    try:
        file = help_files.visible_file(session, file_id, request.user)
    except StoredFile.DoesNotExist:
        raise Http404 from None
    return redirect_to(file, request, thumbnail=thumbnail)


def _own(request: SignedInRequest) -> dict[str, Any]:
    return {"lists": dashboards.dashboard_lists(request.user, request.GET.get("page"), timezone.now())}


def _to_write(request: SignedInRequest) -> dict[str, Any]:
    return {
        "to_answer": questions.open_questions_of(request.user),
        "to_write": pending_summaries.pending_summaries_of(request.user, timezone.now()),
        "switched_off": request.user.mechanic_profile.switched_off_at,
    }


def _queue(request: SignedInRequest) -> dict[str, Any]:
    now = timezone.now()
    found = eligibility.obstacles(request.user, now)
    return {
        "requests": dashboards.open_requests(request.user, now),
        "busy": Obstacle.IN_SESSION in found,
        "may_accept": not found,
        "may_accept_asked": not set(found) - {Obstacle.NOT_TAKING},
        "owed": pending_summaries.blocking_session(request.user, now) if Obstacle.SUMMARY_OVERDUE in found else None,
    }
