"""The session page in all its states, its fragment, its transcript, and the actions of its buttons."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, anyone, signed_in
from autodoctor.core import kept_words, links
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.parsing import parse_count, wants_json
from autodoctor.core.permissions_policy import NO_BLUETOOTH, PERMISSIONS_POLICY
from autodoctor.handover.middleware import handover_of
from autodoctor.payments import checkout, stripe, stripe_js
from autodoctor.rates import counting
from autodoctor.rates.limits import LOOKS
from autodoctor.rates.web import person_or_address
from autodoctor.room.pages.gone import gone_from
from autodoctor.room.pages.page import Page, find_page
from autodoctor.room.pages.transcript import QUERY_MAX, TranscriptPanel
from autodoctor.room.pages.viewing import CANDIDATE
from autodoctor.sessions.lifecycle import endings, private_requests, releases, substitutes, transitions
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import InvalidTransition, State


@signed_in
@require_safe
@never_cache  # the back button must never show a session as it was
def room(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    try:
        page = _page(request, session_id)
    except Http404:
        if gone := gone_from(request.user, session_id):
            return render(request, "room/gone.html", {"gone": gone}, status=410)
        raise
    if page.just_paid and page.session.state == State.DRAFT:
        _ask_for_payment(request, page)
        page = _page(request, session_id)
    answer = render(request, "room/room.html", {"page": page})
    return _with_stripe(answer) if page.takes_cards else answer


@signed_in
@require_safe
@never_cache
def panel(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Return the parts of the page that depend on the state, as a fragment."""
    return render(request, "room/regions.html", {"page": _page(request, session_id)})


@signed_in
@require_safe
@never_cache
def transcript(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    page = _page(request, session_id)
    if page.role == CANDIDATE:
        raise Http404
    number = parse_count(request.GET.get("page")) or 1
    shown = TranscriptPanel(page, number, request.GET.get("q", "")[:QUERY_MAX])
    if not 1 <= number <= shown.pages:
        raise Http404
    return render(request, "room/transcript.html", {"page": page, "transcript": shown})


@signed_in
@require_POST
def accept(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    return _answer(request, session_id, partial(transitions.accept_request, mechanic=request.user))


@signed_in
@require_POST
def release(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    page = _page(request, session_id)
    reason = request.POST.get("reason", "")
    if reason in private_requests.PRESSES:
        return _give_up(request, page, reason)
    if reason != substitutes.Why.GIVEN_BACK and reason not in page.gathering.release_reasons:
        return _refuse(request, session_id, {"error": "no_reason", "detail": _("Choose a reason first.")}, 422)
    return _answer(request, session_id, partial(releases.release_request, by=request.user, reason=reason))


@signed_in
@require_POST
def start(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    return _answer(request, session_id, partial(transitions.start_session, by=request.user))


@signed_in
@require_POST
def end(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    return _answer(request, session_id, partial(endings.end_session, by=request.user, shown_cents=_shown(request)))


@signed_in
@require_POST
def substitute(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """The customer asks for another mechanic, or the mechanic leaves the session to another one with a note."""
    act = partial(substitutes.ask_for_substitute, by=request.user, note=request.POST.get("note", ""))
    return _answer(request, session_id, act)


@signed_in
@require_POST
def cancel(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    act = partial(endings.cancel_session, by=request.user, shown_cents=_shown(request))
    return _answer(request, session_id, act)


@signed_in
@require_POST
def solved(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    answer = {"yes": True, "no": False}.get(request.POST.get("solved", ""))
    _page(request, session_id)  # a stranger finds nothing here, whatever the answer
    if answer is None:
        return _refuse(request, session_id, {"error": "no_answer", "detail": _("Choose yes or no.")}, 422)
    shown = _shown(request, "shown_cents_yes" if answer else "shown_cents_no")
    act = partial(endings.answer_solved, by=request.user, solved=answer, shown_cents=shown)
    return _answer(request, session_id, act)


@anyone
@require_safe
@never_cache  # the token of the page goes with what it measures
def check(request: HttpRequest) -> HttpResponse:
    """Show the device check before a booking."""
    return render(request, "room/check.html")


@anyone
def legacy(request: HttpRequest, session_id: UUID) -> HttpResponse:
    return redirect("room", session_id, permanent=True)


def _with_stripe(answer: HttpResponse) -> HttpResponse:
    """Let Stripe.js run on this page: by its named hosts, and with the wallets of the browser and their windows."""
    vars(answer)["_csp_update"] = stripe_js.hosts()
    answer.headers[PERMISSIONS_POLICY] = f"{NO_BLUETOOTH}, {stripe_js.WALLETS}"
    answer.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"  # Google Pay answers from its own
    return answer


def _give_up(request: SignedInRequest, page: Page, reason: str) -> HttpResponse:
    """The mechanic who was asked for passes, and goes on to other requests; or the customer asks everybody instead."""
    act = partial(releases.release_request, by=request.user, reason=reason)
    if page.role != CANDIDATE:
        return _answer(request, page.session.id, act)
    if not page.session.is_private:
        sentence = _("Every mechanic sees this request now. Nothing is expected of you.")
        return _refuse(request, page.session.id, {"error": "opened", "detail": sentence}, 409)
    answer = _answer(request, page.session.id, act)
    if wants_json(request) or answer.status_code != HTTPStatus.SEE_OTHER:
        return answer
    messages.success(request, _("You passed. It does not count as a missed request."))
    return SeeOther(links.dashboard())


def _page(request: SignedInRequest, session_id: UUID) -> Page:
    session, role = find_page(request.user, session_id)
    return Page(session, role, request.user, timezone.now(), request.GET.get("checkout", ""), handover_of(request))


def _shown(request: SignedInRequest, field: str = "shown_cents") -> int | None:
    """Return the charge that the button showed, in cents; None where it showed none."""
    return parse_count(request.POST.get(field))


def _ask_for_payment(request: SignedInRequest, page: Page) -> None:
    """Sync the payment with Stripe, but not at every load. The page and the webhook race; the second finds it done."""
    booking = page.receipt.booking
    if booking and counting.allows(LOOKS, person_or_address(request), page.now):
        with suppress(stripe.PaymentError):  # no answer now: the webhook will tell
            checkout.refresh(payment=booking, now=page.now)


def _answer(request: SignedInRequest, session_id: UUID, act: Callable[..., Session]) -> HttpResponse:
    """Do one action and redirect to the page; a script gets JSON."""
    try:
        session = act(session_id=session_id, now=timezone.now())
    except Session.DoesNotExist:
        raise Http404 from None
    except InvalidTransition as error:
        return _refuse(request, session_id, {**error.as_error(), "detail": _too_late(error)}, 409)
    except Refused as error:
        return _refuse(request, session_id, error.as_error(), error.status)
    if wants_json(request):
        return JsonResponse({"session": session.payload()})
    return SeeOther(reverse("room", args=[session_id]))


def _too_late(error: InvalidTransition) -> str:
    return _("This is no longer possible. The session is now: %(state)s.") % {"state": error.current.label}


def _refuse(request: SignedInRequest, session_id: UUID, error: dict[str, Any], status: int) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(error, status=status)
    messages.error(request, error["detail"])
    page = error.get("link") or _still_visible(request, session_id)
    kept_words.keep(request, page=page)
    return SeeOther(page)


def _still_visible(request: SignedInRequest, session_id: UUID) -> str:
    """Return the session page's address, or the dashboard for a mechanic who came too late and may not see it."""
    try:
        find_page(request.user, session_id)
    except Http404:
        return links.dashboard()
    return reverse("room", args=[session_id])
