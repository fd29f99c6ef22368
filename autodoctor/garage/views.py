"""The garage: a person's cars, and a page for each. Somebody else's car is as good as none."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.booking import vehicles
from autodoctor.booking.models import Vehicle
from autodoctor.booking.vehicles import MOST_VEHICLES, TooManyVehicles, VinTaken
from autodoctor.core.errors import SeeOther
from autodoctor.core.parsing import parse_uuid
from autodoctor.garage import advice, cars, mileage_chart
from autodoctor.garage.forms import CarForm, MileageForm


@signed_in
@require_safe
@never_cache
def garage(request: SignedInRequest) -> HttpResponse:
    return render(request, "garage/garage.html", {"cards": cars.cars_of(request.user)})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def add(request: SignedInRequest) -> HttpResponse:
    form = CarForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        return _show_form(request, form)
    try:
        car = vehicles.add(form.vehicle(), owner=request.user, now=timezone.now())
    except VinTaken:
        form.refuse_vin()
        return _show_form(request, form)
    except TooManyVehicles:
        sentence = _("Your garage has room for %(most)s cars. Remove one first.")
        form.add_error(None, sentence % {"most": MOST_VEHICLES})
        return _show_form(request, form)
    messages.success(request, _("Your car is in the garage."))
    return SeeOther(page_of(car))


@signed_in
@require_safe
@never_cache
def car(request: SignedInRequest, vehicle_id: UUID) -> HttpResponse:
    return show_car(request, own_car(request, vehicle_id), MileageForm())


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def edit(request: SignedInRequest, vehicle_id: UUID) -> HttpResponse:
    changed = own_car(request, vehicle_id)
    form = CarForm(request.POST if request.method == "POST" else None, car=changed)
    if not form.is_bound or not form.is_valid():
        return _show_form(request, form, car=changed)
    try:
        vehicles.edit(changed, **form.said())
    except VinTaken:
        form.refuse_vin()
        return _show_form(request, form, car=changed)
    messages.success(request, _("Saved."))
    return SeeOther(page_of(changed))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def remove(request: SignedInRequest, vehicle_id: UUID) -> HttpResponse:
    """Ask, and then take the car out of the garage. Its sessions stay: they are evidence, and the customer's own."""
    gone = own_car(request, vehicle_id)
    if request.method != "POST":
        return render(request, "garage/remove.html", {"car": gone})
    vehicles.remove(gone)
    messages.success(request, _("The car is out of your garage. Its sessions are on your dashboard."))
    return SeeOther(reverse("garage"))


def own_car(request: SignedInRequest, vehicle_id: UUID) -> Vehicle:
    """Return this person's car. Raises Http404."""
    return get_object_or_404(Vehicle, pk=vehicle_id, owner=request.user)


def page_of(car: Vehicle) -> str:
    return reverse("car", args=[car.pk])


def show_car(request: SignedInRequest, shown: Vehicle, form: MileageForm) -> HttpResponse:
    """Show the page of a car, with this form for its mileage."""
    facts = {
        "car": shown,
        "mileage_form": form,
        "verdict": cars.verdict_of(shown),
        "sessions": cars.sessions_of(shown, behind=parse_uuid(request.GET.get("behind"))),
        "advice": advice.of_car(shown, behind=parse_uuid(request.GET.get("advice"))),
        "mileage": mileage_chart.of_car(shown),
        "others": cars.others(shown),
    }
    return render(request, "garage/car.html", facts, status=422 if form.errors else 200)


def _show_form(request: SignedInRequest, form: CarForm, car: Vehicle | None = None) -> HttpResponse:
    facts = {"form": form, "car": car, "others": cars.others(car) if car else []}
    return render(request, "garage/edit.html", facts, status=422 if form.is_bound else 200)
