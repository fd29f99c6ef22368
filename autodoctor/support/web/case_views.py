"""The page of one session for support, its actions, and the evidence for a bank."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.accounts.reauthentication import fresh, require_fresh
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.parsing import parse_count
from autodoctor.payments.models import Payment
from autodoctor.rates.limits import DOCUMENTS
from autodoctor.rates.web import limited
from autodoctor.sessions.lifecycle.help_requests import threads
from autodoctor.sessions.lifecycle.transaction import lock_session
from autodoctor.sessions.models import Session
from autodoctor.sessions.record.participants import read_session, seat_people
from autodoctor.sessions.states import InvalidTransition
from autodoctor.support import case_evidence, meanwhile
from autodoctor.support.case_actions import ACTS, ActContext, ActForm, offers
from autodoctor.support.case_file import Case


@support_only
@require_safe
@never_cache
def case(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    return _show(request, _case(request, session_id))


@support_only
@require_safe
@never_cache
def case_live(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Return the live parts of the page; nothing if there are no events since `seen`."""
    found = _case(request, session_id)
    if request.GET.get("seen") == str(found.session.seq):
        return HttpResponse(status=204)
    return render(request, "support/case_live.html", {"case": found})


@support_only
@require_POST
def act(request: SignedInRequest, session_id: UUID, name: str) -> HttpResponse:
    """Do one action and redirect; a refusal shows the typed text again."""
    if name not in ACTS:
        raise Http404
    wanted, found = ACTS[name], _case(request, session_id)
    if wanted.fresh:
        require_fresh(request)
    form = wanted.form(found, request.POST)
    if not form.is_valid():
        return _show(request, found, tried=form, name=name, status=422)
    try:
        _perform(request, session_id, form)
    except Refused as error:
        return _refuse(request, session_id, form, name, error.detail, error.status)
    except InvalidTransition as error:
        sentence = _("Meanwhile this is no longer possible. The session is now: %(state)s.")
        return _refuse(request, session_id, form, name, sentence % {"state": error.current.label}, 409)
    except (Session.DoesNotExist, Payment.DoesNotExist):
        raise Http404 from None
    messages.success(request, str(wanted.done))
    return SeeOther(reverse("support_case", args=[session_id]))


@support_only
@require_safe
@limited(DOCUMENTS, "GET")
@fresh(reading=True)
@never_cache
def evidence_pdf(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Return the evidence for a bank: the agreement, the session, the charge."""
    content = case_evidence.pdf(_case(request, session_id), time_zone=timezone.get_current_timezone_name())
    disposition = f'attachment; filename="evidence-{session_id}.pdf"'
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition})


@support_only
@require_safe
@limited(DOCUMENTS, "GET")
@fresh(reading=True)
@never_cache
def evidence_zip(request: SignedInRequest, session_id: UUID) -> StreamingHttpResponse:
    """Return the evidence with the summary and every file of the session."""
    found = _case(request, session_id)
    papers = case_evidence.documents(found, time_zone=timezone.get_current_timezone_name())
    disposition = f'attachment; filename="evidence-{session_id}.zip"'
    return StreamingHttpResponse(
        case_evidence.zipped(papers, found.files),
        content_type="application/zip",
        headers={"Content-Disposition": disposition},
    )


def _case(request: SignedInRequest, session_id: UUID) -> Case:
    try:
        session = read_session(session_id)
    except Session.DoesNotExist:
        raise Http404 from None
    seat_people([session])
    return Case(session, timezone.now(), show=request.GET.get("show", ""), whole="whole" in request.GET)


def _perform(request: SignedInRequest, session_id: UUID, form: ActForm) -> None:
    """Run the action, unless the session has changed since the page was made. Raises the action's errors."""
    by, token, seen = request.user, form.cleaned_data["token"], parse_count(request.POST.get("seen"))
    with transaction.atomic():
        meanwhile.check_session(lock_session(session_id), by=by, seen=seen, token=token)
        form.perform(ActContext(session_id=session_id, by=by, now=timezone.now(), token=token))


def _show(
    request: SignedInRequest, found: Case, *, tried: ActForm | None = None, name: str = "", status: int = 200
) -> HttpResponse:
    facts = {"case": found, "session": found.session, "offers": offers(found, tried, name)}
    facts["threads"] = threads(found.session)
    return render(request, "support/case.html", facts, status=status)


def _refuse(
    request: SignedInRequest, session_id: UUID, form: ActForm, name: str, sentence: str, status: int
) -> HttpResponse:
    """Show the page with the error at the form and what was typed."""
    form.add_error(None, ValidationError(sentence))
    return _show(request, _case(request, session_id), tried=form, name=name, status=status)
