"""The customer's page after a summary: what to buy, and what to say to the workshop. Nobody else has it."""

from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.core.errors import SeeOther
from autodoctor.core.parsing import wants_json
from autodoctor.summaries import actions, document, workshop_words
from autodoctor.summaries.access import find_as_customer
from autodoctor.summaries.models import Part
from autodoctor.summaries.shopping_list import ShoppingList


@signed_in
@require_safe
@never_cache
def workshop(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    summary = find_as_customer(request.user, session_id)
    shown = document.of(summary)
    sections = workshop_words.sections(shown)
    facts = {
        "session": summary.session,
        "document": shown,
        "list": ShoppingList(summary),
        "sections": sections,
        "text": workshop_words.as_text(sections),
    }
    return render(request, "summaries/workshop.html", facts)


@signed_in
@require_POST
def tick_part(request: SignedInRequest, session_id: UUID, position: int) -> HttpResponse:
    """Tick a part off, or put it back; a script gets the words about what is left."""
    summary = find_as_customer(request.user, session_id)
    bought = request.POST.get("bought") == "yes"
    try:
        actions.tick_part(summary=summary, position=position, bought=bought, now=timezone.now())
    except Part.DoesNotExist:
        raise Http404 from None
    if wants_json(request):
        return JsonResponse({"words": ShoppingList(summary).words})
    return SeeOther(f"{reverse('workshop', args=[session_id])}#part-{position}")
