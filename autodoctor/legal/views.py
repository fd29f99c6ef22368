"""The legal pages, in the version that counts or an earlier one."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from autodoctor.accounts.access import anyone
from autodoctor.legal.pages import PAGES


@anyone
@require_safe
def legal(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a page. `?version=` is one of its versions."""
    page = PAGES.get(slug)
    version = request.GET.get("version") or (page.version if page else "")
    if page is None or version not in page.versions:
        raise Http404
    address = [line.strip() for line in settings.LEGAL_ADDRESS.replace(";", "\n").splitlines() if line.strip()]
    facts = {"page": page, "version": version, "legal_name": settings.LEGAL_NAME, "legal_address": address}
    return render(request, page.template(version), facts)
