"""The receipt as page and PDF, for the customer and support. Mechanics see their earnings elsewhere."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.accounts.models import Role, User
from autodoctor.rates.limits import DOCUMENTS
from autodoctor.rates.web import limited
from autodoctor.receipts import contents, documents, pdf
from autodoctor.receipts.models import Document, Kind
from autodoctor.receipts.receipt import receipt_of
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import TERMINAL

READERS = {Role.CUSTOMER.value, Role.SUPPORT.value}


@signed_in
@require_safe
@never_cache
def receipt(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Show the receipt as it was issued, and below it what happened since; before that, what is known."""
    session = _find(request.user, session_id)
    found, issued = receipt_of(session), documents.receipt_issued(session_id)
    if not found.parts:
        raise Http404
    paper = issued.content if issued else contents.of_receipt(found, time_zone=timezone.get_current_timezone_name())
    later = documents.after_receipt(session_id)
    shown = {"receipt": found, "session": session, "document": issued, "paper": paper, "later": later}
    return render(request, "receipts/receipt.html", shown)


@signed_in
@require_safe
@limited(DOCUMENTS, "GET")
@never_cache
def receipt_pdf(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Return the PDF of the issued receipt."""
    return _download(documents.receipt_issued(_find(request.user, session_id).id))


@signed_in
@require_safe
@limited(DOCUMENTS, "GET")
@never_cache
def document_pdf(request: SignedInRequest, session_id: UUID, document_id: UUID) -> HttpResponse:
    """Return the PDF of a credit note or of a reversal."""
    session = _find(request.user, session_id)
    later = Document.objects.exclude(kind=Kind.RECEIPT)
    return _download(get_object_or_404(later, id=document_id, session=session))


def _download(document: Document | None) -> HttpResponse:
    if document is None:
        raise Http404
    disposition = f'attachment; filename="{pdf.file_name(document)}"'
    headers = {"Content-Disposition": disposition}
    return HttpResponse(pdf.content_of(document), content_type="application/pdf", headers=headers)


def _find(user: User, session_id: UUID) -> Session:
    """Return a session that is over, for those who may read its receipt. Raises Http404."""
    people = Session.objects.select_related("customer", "mechanic")
    session = people.filter(pk=session_id, state__in=TERMINAL).first()
    if session is None or event_log.role_in(user, session) not in READERS:
        raise Http404
    return session
