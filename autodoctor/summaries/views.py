"""The summary page: written by the mechanic, read by the customer and support."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.accounts.models import Role
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.formatting import iso_day
from autodoctor.core.parsing import wants_json
from autodoctor.files.listing import files_of
from autodoctor.files.models import StoredFile
from autodoctor.rates.limits import DOCUMENTS, PROPOSALS
from autodoctor.rates.web import limited
from autodoctor.sessions.models import Session, stamp
from autodoctor.sessions.queries import pending_summaries
from autodoctor.sessions.record import chat_codes
from autodoctor.summaries import actions, document, drafting, pdf
from autodoctor.summaries.access import find, writes
from autodoctor.summaries.content import CORRECTION_MAX, PARTS_MAX, PHOTOS_MAX, Safe, Typed, blank
from autodoctor.summaries.drafting import Proposed
from autodoctor.summaries.forms import CorrectionForm, SummaryForm, typed_in
from autodoctor.summaries.models import Draft
from autodoctor.trouble_codes.explanation import explanations_of

VERSION_DIGITS = 9


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def summary(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    session, role = find(request.user, session_id)
    if request.method == "POST":
        return _submit(request, session, role)
    if session.summarized_at:
        return _show(request, session, role)
    if not writes(session, role):
        return render(request, "summaries/awaited.html", _facts(session, role))
    kept = _draft(session)
    return _write(
        request, session, SummaryForm(kept.typed if kept else blank(), currency=session.currency, check=False), kept
    )


@signed_in
@require_POST
def draft(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Save the draft; a script gets the new version."""
    session, role = find(request.user, session_id)
    try:
        kept = _keep(request, session)
    except Refused as error:
        return _refuse(request, session, role, error)
    if wants_json(request):
        return JsonResponse(_as_answer(kept))
    messages.success(request, _("Saved. Only you can see the draft."))
    return SeeOther(reverse("summary", args=[session_id]))


@signed_in
@require_POST
@limited(PROPOSALS, "POST")
def proposals(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Save the draft, and have the configured service propose lines from the conversation."""
    session, role = find(request.user, session_id)
    try:
        _keep(request, session)
        drafting.ask_service(session_id=session.id, by=request.user, now=timezone.now())
    except Refused as error:
        return _refuse(request, session, role, error)
    messages.success(request, _("The lines are on their way. They stand below the fields as soon as they are there."))
    return SeeOther(reverse("summary", args=[session_id]))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preview(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Save the draft and show it as the customer will see it."""
    session, role = find(request.user, session_id)
    if request.method == "POST":
        return _preview_draft(request, session, role)
    kept = _draft(session) if writes(session, role) else None
    form = _form(session, kept.typed) if kept else None
    if kept is None or form is None or not form.is_valid():
        return redirect("summary", session_id)
    facts = {"document": document.preview(session, form.content()), "typed": kept.typed, "version": kept.version}
    return render(request, "summaries/preview.html", _facts(session, role) | facts)


@signed_in
@require_POST
def corrections(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    session, role = find(request.user, session_id)
    form = CorrectionForm(request.POST)
    if role == Role.MECHANIC and session.summarized_at and not form.is_valid():
        return _show(request, session, role, form=form, status=422)
    text = form.cleaned_data.get("text", "") if form.is_valid() else ""
    try:
        actions.correct(session_id=session_id, by=request.user, text=text, now=timezone.now())
    except Refused as error:
        if role != Role.MECHANIC or not session.summarized_at:
            return _refuse(request, session, role, error)
        form.add_error("text", error.detail)
        return _show(request, session, role, form=form, status=error.status)
    messages.success(request, _("Correction added. The customer also gets an email."))
    return SeeOther(reverse("summary", args=[session_id]))


@signed_in
@require_safe
@limited(DOCUMENTS, "GET")
@never_cache
def summary_pdf(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    session, _role = find(request.user, session_id)
    if session.summarized_at is None:
        raise Http404
    shown = document.of(session.summary)
    content = pdf.render(shown, time_zone=timezone.get_current_timezone_name())
    name = "-".join(filter(None, ["summary", slugify(shown.vehicle), iso_day(session.summarized_at)]))
    disposition = f'attachment; filename="{name}.pdf"'
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition})


def _submit(request: SignedInRequest, session: Session, role: str) -> HttpResponse:
    try:
        kept = _keep(request, session)
        form = _form(session, kept.typed)
        if not form.is_valid():
            return _write(request, session, form, kept, status=422)
        content, now = form.content(), timezone.now()
        actions.submit(session_id=session.id, by=request.user, content=content, now=now, version=kept.version)
    except Refused as error:
        return _refuse(request, session, role, error)
    messages.success(request, _("Your summary was sent to the customer. Thank you!"))
    return SeeOther(reverse("summary", args=[session.id]))


def _preview_draft(request: SignedInRequest, session: Session, role: str) -> HttpResponse:
    try:
        kept = _keep(request, session)
    except Refused as error:
        return _refuse(request, session, role, error)
    form = _form(session, kept.typed)
    if not form.is_valid():
        return _write(request, session, form, kept, status=422)
    return SeeOther(reverse("summary_preview", args=[session.id]))


def _keep(request: SignedInRequest, session: Session) -> Draft:
    version = request.POST.get("version", "")[:VERSION_DIGITS]
    return actions.save_draft(
        session_id=session.id,
        by=request.user,
        typed=typed_in(request.POST),
        version=int(version) if version.isdecimal() and version.isascii() else 0,
        now=timezone.now(),
    )


def _draft(session: Session) -> Draft | None:
    return Draft.objects.filter(session=session).first()


def _form(session: Session, typed: Typed) -> SummaryForm:
    offered = (photo.id for photo in _photos(session))
    return SummaryForm(typed, currency=session.currency, photos_offered=offered)


def _photos(session: Session) -> list[StoredFile]:
    """Return the images that the summary can show, the oldest first."""
    return list(files_of(session.id).filter(kind=StoredFile.Kind.IMAGE).reverse())


def _write(
    request: SignedInRequest,
    session: Session,
    form: SummaryForm,
    kept: Draft | None,
    *,
    status: int = 200,
    changed: Draft | None = None,
) -> HttpResponse:
    """Show the form. `changed`: the draft that another page saved; sending again replaces it."""
    facts: dict[str, Any] = {
        "form": form,
        "draft": kept,
        "changed": changed,
        "photos": _photos(session),
        "safe_choices": Safe.choices,
        "codes": explanations_of(chat_codes.all_codes(session)),
        "proposed": Proposed(session),
    }
    facts |= {"version": kept.version if kept else 0, "most_parts": PARTS_MAX, "most_photos": PHOTOS_MAX}
    return render(request, "summaries/write.html", _facts(session, Role.MECHANIC) | facts, status=status)


def _show(
    request: SignedInRequest, session: Session, role: str, *, form: CorrectionForm | None = None, status: int = 200
) -> HttpResponse:
    facts = {"document": document.of(session.summary), "form": form or CorrectionForm(), "longest": CORRECTION_MAX}
    return render(request, "summaries/summary.html", _facts(session, role) | facts, status=status)


def _facts(session: Session, role: str) -> dict[str, Any]:
    now = timezone.now()
    due_at = pending_summaries.due_at(session)
    return {"session": session, "role": role, "due_at": due_at, "overdue": bool(due_at and due_at <= now)}


def _refuse(request: SignedInRequest, session: Session, role: str, error: Refused) -> HttpResponse:
    """Show the form with everything that was typed and the refusal."""
    changed = error.draft if isinstance(error, actions.DraftChanged) else None
    if wants_json(request):
        return JsonResponse(error.as_error() | (_as_answer(changed) if changed else {}), status=error.status)
    if changed:
        form = SummaryForm(typed_in(request.POST), currency=session.currency, check=False)
        return _write(request, session, form, changed, status=409, changed=changed)
    if error.code == "already_submitted":
        return _already(request, session, role)
    messages.error(request, error.detail)
    return SeeOther(reverse("summary", args=[session.id]))


def _already(request: SignedInRequest, session: Session, role: str) -> HttpResponse:
    """Show the submitted summary, and the newly typed text, to be copied."""
    session, _role = find(request.user, session.id)
    facts = {"document": document.of(session.summary), "typed": typed_in(request.POST)}
    return render(request, "summaries/already.html", _facts(session, role) | facts, status=409)


def _as_answer(kept: Draft) -> dict[str, Any]:
    return {"version": kept.version, "saved_at": stamp(kept.saved_at)}
