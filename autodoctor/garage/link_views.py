"""Links for a workshop: the owner's list of them, and the page that whoever has the address reads, without an account.

That page sets no cookie, is kept by nobody, and tells no other site where its reader came from. An address that is
forged, revoked or over, or that was never one, is the same 404.
"""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, anyone, signed_in
from autodoctor.booking.models import Vehicle
from autodoctor.core import links as addresses
from autodoctor.core import qr_code
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.unlisted import unlisted
from autodoctor.files import signed_urls
from autodoctor.garage import sharing, workshop
from autodoctor.garage.forms import ShareForm
from autodoctor.garage.models import SharedLink
from autodoctor.garage.views import own_car
from autodoctor.rates.limits import SHARED_LINKS
from autodoctor.rates.web import limited


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def links(request: SignedInRequest, vehicle_id: UUID) -> HttpResponse:
    """List a car's links, and make one: its address is shown once, in the answer to the form."""
    car = own_car(request, vehicle_id)
    files = sharing.offered_files(car)
    form = ShareForm(request.POST if request.method == "POST" else None, car=car, files=files)
    if not form.is_bound or not form.is_valid():
        return _list(request, car, form)
    try:
        token = sharing.make(car, form.choice(), now=timezone.now())
    except Refused as refused:
        form.add_error(None, refused.detail)
        return _list(request, car, form)
    if token is None:
        messages.info(
            request, _("This link is there already. Its address was shown once: make another link if you lost it.")
        )
        return SeeOther(_list_of(car))
    address = addresses.absolute(reverse("shared_car", args=[token]))
    facts = {"car": car, "address": address, "code": qr_code.svg(address), "days": form.cleaned_data["days"]}
    return render(request, "garage/made_link.html", facts)


@signed_in
@require_safe
@never_cache
def preview(request: SignedInRequest, vehicle_id: UUID, link_id: UUID) -> HttpResponse:
    """Show the owner what a link shows."""
    link = get_object_or_404(SharedLink.objects.select_related("car"), pk=link_id, car=own_car(request, vehicle_id))
    return render(request, "garage/shared.html", {"page": workshop.page_of(link), "back": _list_of(link.car)})


@signed_in
@require_POST
def revoke(request: SignedInRequest, vehicle_id: UUID, link_id: UUID) -> HttpResponse:
    car = own_car(request, vehicle_id)
    if not sharing.revoke(car, link_id, now=timezone.now()):
        raise Http404
    messages.success(request, _("The link does not work any more."))
    return SeeOther(_list_of(car))


@anyone  # the address is the permission
@require_safe
@limited(SHARED_LINKS, "GET")
@never_cache
@unlisted
def shared(request: HttpRequest, token: str) -> HttpResponse:
    link = _working(token, opened=request.method == "GET")
    return render(request, "garage/shared.html", {"page": workshop.page_of(link), "token": token})


@anyone  # as above
@require_safe
@limited(SHARED_LINKS, "GET")
@never_cache
@unlisted
def shared_file(request: HttpRequest, token: str, file_id: UUID, *, thumbnail: bool = False) -> HttpResponse:
    """Redirect to a file that the owner chose, by an address that lives some minutes."""
    link = _working(token, opened=False)
    chosen = next((file for file in workshop.files_of(link) if file.pk == file_id), None)
    if chosen is None or (thumbnail and not chosen.thumbnail_key):
        raise Http404
    return redirect(signed_urls.shared_url_of(chosen, timezone.now(), thumbnail=thumbnail))


def _working(token: str, *, opened: bool) -> SharedLink:
    link = sharing.find(token, now=timezone.now(), opened=opened)
    if link is None:
        raise Http404
    return link


def _list(request: SignedInRequest, car: Vehicle, form: ShareForm) -> HttpResponse:
    now = timezone.now()
    facts = {"car": car, "form": form, "links": sharing.links_of(car, now=now), "now": now}
    return render(request, "garage/links.html", facts, status=422 if form.is_bound else 200)


def _list_of(car: Vehicle) -> str:
    return reverse("car_links", args=[car.pk])
