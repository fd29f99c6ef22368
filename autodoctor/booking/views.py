"""The landing page, the intake, and the redirect to Checkout."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from autodoctor.accounts import waiting_list
from autodoctor.accounts.access import SignedInRequest, anyone, customer_only, signed_in
from autodoctor.accounts.actions import mechanics_taking_sessions
from autodoctor.accounts.models import User
from autodoctor.booking import vin
from autodoctor.booking.actions import AlreadyOpen, checkout_url, open_sessions
from autodoctor.booking.actions import book as book_session
from autodoctor.booking.asking import asking_of
from autodoctor.booking.forms import NEW_VEHICLE, IntakeForm, TellMeWhenForm
from autodoctor.booking.models import Plan, Vehicle
from autodoctor.core import links
from autodoctor.core.errors import SeeOther
from autodoctor.core.formatting import iso
from autodoctor.core.parsing import parse_uuid
from autodoctor.core.permissions_policy import PERMISSIONS_POLICY, WITH_BLUETOOTH
from autodoctor.core.request_limits import FILE_BYTES
from autodoctor.payments import saved_card
from autodoctor.payments.currencies import chargeable_cents
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.stripe import PaymentError
from autodoctor.rates.limits import CHECKOUTS, WAITING_LIST
from autodoctor.rates.web import limited
from autodoctor.sessions.models import Session
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import Kind, State

KEPT = "intake"  # key in the server's session: the typed intake, until it is booked
SAME_INTAKE = "same_intake"  # in the server's session, so that two tabs send the same intake
KEPT_CHARACTERS = 4000  # per field


@anyone
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    return _show_landing(request, TellMeWhenForm(initial={"email": person.email if person else ""}))


def _show_landing(request: HttpRequest, form: TellMeWhenForm) -> HttpResponse:
    person, plans = _person(request), list(Plan.objects.filter(active=True))
    facts = {
        "plans": plans,
        "mechanics": mechanics_taking_sessions(),
        "tell_me_when": form,
        "open_session": open_sessions(person).first() if person else None,
        "share": settings.MECHANIC_SHARE_PERCENT,
        **_charge(next((plan for plan in plans if plan.bookable), None)),
    }
    return render(request, "booking/landing.html", facts, status=422 if form.errors else 200)


@anyone
@require_POST
@limited(WAITING_LIST, "POST")
def tell_me_when(request: HttpRequest) -> HttpResponse:
    form = TellMeWhenForm(request.POST)
    if not form.is_valid():
        return _show_landing(request, form)
    if waiting_list.ask(email=form.cleaned_data["email"], person=_person(request), now=timezone.now()):
        messages.success(request, _("We will email you when a mechanic is available."))
    else:
        messages.success(request, _("Check your inbox: the link that we emailed to this address puts it on the list."))
    return SeeOther("/")


@anyone
@require_http_methods(["GET", "HEAD", "POST"])
@limited(WAITING_LIST, "POST")
@never_cache
def confirm_address(request: HttpRequest) -> HttpResponse:
    """Follow a mailed link. A press of the button counts, because programs that check mails open links, too."""
    token = request.POST.get("token", "") or request.GET.get("token", "")
    if request.method == "POST" and waiting_list.confirm(token=token, now=timezone.now()):
        messages.success(request, _("We will email you when a mechanic is available."))
        return SeeOther("/")
    email = waiting_list.address_in(token)
    return render(
        request, "booking/confirm_address.html", {"email": email, "token": token}, status=200 if email else 410
    )


@anyone
@require_http_methods(["GET", "HEAD", "POST"])
@limited(CHECKOUTS, "POST")
def book(request: HttpRequest) -> HttpResponse:
    """The intake. Works signed out: sign-in comes at the end and loses nothing."""
    if request.method != "POST":
        return _show(request, IntakeForm(initial=_begin(request), user=_person(request)))
    form = IntakeForm(request.POST, user=_person(request))
    request.session[KEPT] = {name: request.POST.get(name, "")[:KEPT_CHARACTERS] for name in form.fields}
    if not form.is_valid():
        return _show(request, form, status=422)
    person = _person(request)
    if person is None:
        messages.info(request, _("One step left: sign in or sign up. We keep what you wrote."))
        return SeeOther(f"{reverse('account_signup')}?{urlencode({'next': reverse('book')})}")
    return _send(request, person, form)


@anyone
@require_safe
def vin_hint(request: HttpRequest) -> HttpResponse:
    """Describe the VIN while the customer types."""
    return render(request, "booking/vin_hint.html", _vin_facts(request.GET.get("vin", "")))


@anyone
@require_safe
def trouble_codes(request: HttpRequest) -> HttpResponse:
    """Explain the trouble codes while the customer types."""
    return render(request, "booking/trouble_codes.html", {"typed_codes": request.GET.get("trouble_codes", "")})


@anyone
@require_safe
def charge(request: HttpRequest) -> HttpResponse:
    """Show the amounts of the hold and the charge for the chosen plan."""
    plan = _bookable(request.GET.get("plan", ""))
    if plan is None:
        raise Http404
    return render(request, "booking/charge.html", _charge(plan))


@signed_in
@require_POST
@limited(CHECKOUTS, "POST")
def checkout(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Pay an unpaid draft."""
    session = Session.objects.filter(pk=session_id, customer=request.user).first()
    if session is None:
        raise Http404
    return _to_checkout(request, session)


@customer_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def card(request: SignedInRequest) -> HttpResponse:
    """Show the saved card's brand and digits; a POST removes the card."""
    if request.method != "POST":
        return render(request, "booking/card.html", {"card": saved_card.of(request.user)})
    if saved_card.remove(user=request.user, now=timezone.now()):
        messages.success(request, _("We removed your card."))
    return redirect("saved_card")


def _send(request: HttpRequest, person: User, form: IntakeForm) -> HttpResponse:
    another = request.POST.get("another") == "yes"
    try:
        session = book_session(customer=person, intake=form.intake(), another=another, now=timezone.now())
    except AlreadyOpen:
        return _show(request, form, status=409)
    for name in (KEPT, SAME_INTAKE):
        request.session.pop(name, None)
    return _to_checkout(request, session)


def _to_checkout(request: HttpRequest, session: Session) -> HttpResponse:
    try:
        return SeeOther(checkout_url(session=session, site=request.build_absolute_uri("/"), now=timezone.now()))
    except PaymentError as error:
        messages.error(request, str(error.sentence))
        return redirect(links.room_page(session.id))


def _show(request: HttpRequest, form: IntakeForm, status: int = 200) -> HttpResponse:
    person = _person(request)
    facts = {
        "form": form,
        "open_session": open_sessions(person).first() if person else None,
        "mechanics": mechanics_taking_sessions(),
        "offers_calls": Plan.objects.filter(active=True, bookable=True).exclude(kind=Kind.CHAT).exists(),
        "returned": status == 200 and KEPT in request.session,
        "typed_codes": form["trouble_codes"].value() or "",
        "photo_bytes": FILE_BYTES,
        "asking": asking_of(form, person, timezone.now()),
        **_vin_facts(form["vin"].value() or ""),
        **_charge(_chosen_plan(form)),
    }
    page = render(request, "booking/book.html", facts, status=status)
    page.headers[PERMISSIONS_POLICY] = WITH_BLUETOOTH  # it reads trouble codes by an adapter in the car
    return page


def _begin(request: HttpRequest) -> dict[str, Any]:
    """Return the earlier input, with the plan that was requested last."""
    person = _person(request)
    kept = _unpaid(person) | {name: value for name, value in request.session.get(KEPT, {}).items() if value}
    if "ask" in request.GET:
        kept |= {"ask_for": request.GET["ask"], "ask_only": "", "ask_until": ""}
    kept.setdefault("token", request.session.setdefault(SAME_INTAKE, str(uuid4())))
    plan = _bookable(request.GET.get("plan", "") or str(kept.get("plan", "")))
    plan = plan or Plan.objects.filter(active=True, bookable=True).first()
    return _vehicle(request, person, kept) | kept | {"plan": plan.slug if plan else ""}


def _vehicle(request: HttpRequest, person: User | None, kept: dict[str, Any]) -> dict[str, Any]:
    """Return the vehicle to begin with: the one that was asked about, else the one of the last time."""
    mine = person.vehicles.all() if person else Vehicle.objects.none()
    named = parse_uuid(request.GET.get("vehicle"))
    if named and (asked := mine.filter(pk=named).first()):
        kept.pop("vehicle", None)
        return {"vehicle": asked.pk}
    chosen = parse_uuid(kept.get("vehicle"))
    if chosen and not mine.filter(pk=chosen).exists():
        del kept["vehicle"]  # it was removed meanwhile
    last = mine.first()
    return {"vehicle": last.pk if last else NEW_VEHICLE}


def _unpaid(person: User | None) -> dict[str, Any]:
    """Return the unpaid draft of a person who comes back from Checkout to change it."""
    draft = open_sessions(person).filter(state=State.DRAFT).first() if person else None
    if draft is None:
        return {}
    return {
        "plan": draft.plan_slug,
        "concern": draft.concern,
        "trouble_codes": draft.trouble_codes_typed,
        "keep_card": draft.keep_card,
        "ask_for": draft.asked_for_id or "",
        "ask_only": "only" if draft.asked_only else "",
        "ask_until": iso(draft.asked_until) if draft.asked_until else "",
    }


def _chosen_plan(form: IntakeForm) -> Plan | None:
    return _bookable(form["plan"].value() or "") or Plan.objects.filter(active=True, bookable=True).first()


def _bookable(slug: str) -> Plan | None:
    """Return the plan of that name, if it can be booked. A NUL from outside is refused, because no database takes
    it.
    """
    return None if "\0" in slug else Plan.objects.filter(active=True, bookable=True, slug=slug).first()


def _vin_facts(text: str) -> dict[str, Any]:
    number = vin.clean(text)
    return {"vin": number, "vin_length": vin.LENGTH, "decoded": vin.decode(number)}


def _charge(plan: Plan | None) -> dict[str, Any]:
    """Return the words about money, with the server's amounts."""
    late = settlement.late_share_cents(plan.price_cents) if plan else 0
    late = chargeable_cents(late, plan.currency) if plan else 0
    return {
        "plan": plan,
        "late_price": format_cents(late, plan.currency) if plan and late else "",
    }


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
