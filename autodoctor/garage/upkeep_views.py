"""What an owner does with a car: tick off advice, write down the mileage, say which car a session was about."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.booking import vehicles
from autodoctor.booking.models import Vehicle
from autodoctor.core.errors import SeeOther
from autodoctor.core.parsing import parse_count, parse_uuid
from autodoctor.garage import advice as advices
from autodoctor.garage import cars, linking
from autodoctor.garage.forms import MileageForm
from autodoctor.garage.views import own_car, page_of, show_car


@signed_in
@require_POST
def advice(request: SignedInRequest, vehicle_id: UUID) -> HttpResponse:
    """Mark advice as `done`, or as `open` again. Twice is once. `behind`: the page of advice that they were on."""
    car = own_car(request, vehicle_id)
    done = parse_uuid(request.POST.get("done"))
    named = done or parse_uuid(request.POST.get("open"))
    if named is None or not advices.tick(car, named, done=bool(done), now=timezone.now()):
        raise Http404
    behind = parse_uuid(request.POST.get("behind"))
    return SeeOther(f"{page_of(car)}{f'?advice={behind}' if behind else ''}#advice")


@signed_in
@require_POST
@never_cache
def mileage(request: SignedInRequest, vehicle_id: UUID) -> HttpResponse:
    """Write down what the odometer shows now; with `wrong`, forget that reading."""
    car = own_car(request, vehicle_id)
    if "wrong" in request.POST:
        reading = parse_count(request.POST["wrong"])
        if reading is None or not vehicles.forget_reading(car, reading):
            raise Http404
        return SeeOther(f"{page_of(car)}#mileage")
    form = MileageForm(request.POST)
    if not form.is_valid():
        return show_car(request, car, form)
    vehicles.read_mileage(car, form.cleaned_data["mileage"], now=timezone.now())
    return SeeOther(f"{page_of(car)}#mileage")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sessions(request: SignedInRequest, vehicle_id: UUID) -> HttpResponse:
    """Offer the sessions that are with no car. Add one, or say that one of this car was about another one."""
    car = own_car(request, vehicle_id)
    if request.method != "POST":
        page = cars.without_car(request.user, behind=parse_uuid(request.GET.get("behind")))
        return render(request, "garage/earlier.html", {"car": car, "rows": page.rows, "older": page.older})
    return _add(request, car) if "add" in request.POST else _move(request, car)


def _add(request: SignedInRequest, car: Vehicle) -> HttpResponse:
    added = parse_uuid(request.POST["add"])
    if added is None or not linking.add_session(added, car=car):
        raise Http404
    messages.success(request, _("The session is now with this car."))
    return SeeOther(f"{page_of(car)}#sessions")


def _move(request: SignedInRequest, car: Vehicle) -> HttpResponse:
    other = _other(request, "to")
    moved = parse_uuid(request.POST.get("session"))
    if moved is None or not linking.move_session(moved, since=car, to=other):
        raise Http404
    messages.success(request, _("The session is now with %(car)s.") % {"car": other.title})
    return SeeOther(f"{page_of(car)}#sessions")


@signed_in
@require_POST
def merge(request: SignedInRequest, vehicle_id: UUID) -> HttpResponse:
    """Put everything of this car into another one, and remove it."""
    car, other = own_car(request, vehicle_id), _other(request, "into")
    if car != other:
        linking.merge(car, into=other)
        messages.success(request, _("Both are one car now."))
    return SeeOther(page_of(other))


def _other(request: SignedInRequest, name: str) -> Vehicle:
    """Return the car of this person that the form names. Raises Http404."""
    named = parse_uuid(request.POST.get(name))
    if named is None:
        raise Http404
    return own_car(request, named)
