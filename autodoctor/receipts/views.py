"""The receipt as page and PDF, for the customer and support. Mechanics see their earnings elsewhere."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.accounts.models import Role, User
from autodoctor.receipts import pdf
from autodoctor.receipts.receipt import Receipt, receipt_of, seller
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import TERMINAL

READERS = {Role.CUSTOMER.value, Role.SUPPORT.value}


@signed_in
@require_safe
@never_cache
def receipt(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    found = _find(request.user, session_id)
    return render(request, "receipts/receipt.html", {"receipt": found, "session": found.session, "seller": seller()})


@signed_in
@require_safe
@never_cache
def receipt_pdf(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Return the PDF, only once the receipt is final."""
    found = _find(request.user, session_id)
    if not found.is_settled:
        raise Http404
    content = pdf.render(found, time_zone=timezone.get_current_timezone_name())
    disposition = f'attachment; filename="receipt-{found.number}.pdf"'
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition})


def _find(user: User, session_id: UUID) -> Receipt:
    """Return the receipt of a session that is over and had a hold. Raises Http404."""
    people = Session.objects.select_related("customer", "mechanic")
    session = people.filter(pk=session_id, state__in=TERMINAL).first()
    if session is None or event_log.role_in(user, session) not in READERS:
        raise Http404
    found = receipt_of(session)
    if not found.parts:
        raise Http404
    return found
