""" "Did the repair hold?": for a signed-in customer, and by the link of a mail. Opening it changes nothing."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from autodoctor.accounts import actions as accounts
from autodoctor.accounts.access import SignedInRequest, anyone, signed_in
from autodoctor.core import acting, links
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.sessions.lifecycle import follow_ups as answers
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import follow_ups
from autodoctor.sessions.states import FollowUp


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def follow_up(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    mine = Session.objects.select_related("customer", "mechanic").filter(customer=request.user)
    session = get_object_or_404(mine, pk=session_id)
    return _page(request, session, links.follow_up_page(session_id))


@anyone
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def follow_up_by_link(request: HttpRequest) -> HttpResponse:
    """The token stands behind `?`, which logs leave out."""
    session = answers.session_by_link(request.GET.get("token", ""))
    if session is None:
        raise Http404
    return _page(request, session, follow_ups.link_path(session.id), by_link=True)


def _page(request: HttpRequest, session: Session, address: str, *, by_link: bool = False) -> HttpResponse:
    """Answer for a question that was asked. `address`: of this page, without an answer in it."""
    asked_at = follow_ups.asks_at(session)
    if asked_at is None or timezone.now() < asked_at:
        raise Http404
    if request.method == "POST":
        return _act(request, session, address, by_link=by_link)
    chosen = request.GET.get("answer", "")
    return _show(request, session, address, chosen=chosen if chosen in FollowUp else "")


def _act(request: HttpRequest, session: Session, address: str, *, by_link: bool) -> HttpResponse:
    given = request.POST.get("answer", "")
    try:
        if "stop" in request.POST:
            _stop(session)
        elif given in FollowUp:
            _answer(session, FollowUp(given), by_link=by_link)
    except Refused as refused:
        return _show(request, session, address, refused=refused)
    return SeeOther(address)


def _answer(session: Session, answer: FollowUp, *, by_link: bool) -> None:
    now = timezone.now()
    if by_link:
        answers.answer_by_link(session=session, answer=answer, now=now)
    else:
        answers.answer_follow_up(session_id=session.id, by=session.customer, answer=answer, now=now)


@acting.system
def _stop(session: Session) -> None:
    accounts.stop_follow_ups(session.customer)


def _show(
    request: HttpRequest, session: Session, address: str, *, chosen: str = "", refused: Refused | None = None
) -> HttpResponse:
    facts = {
        "session": session,
        "address": address,
        "chosen": chosen,
        "refused": refused,
        "is_open": follow_ups.is_open(session, timezone.now()),
        "asks_by_mail": session.customer.wants_follow_ups,
    }
    return render(request, "sessions/follow_up.html", facts, status=refused.status if refused else 200)
