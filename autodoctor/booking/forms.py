"""The intake form. The page and the API use the same rules."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import MaxValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import LONGEST_EMAIL, User
from autodoctor.booking import vin
from autodoctor.booking.actions import Intake
from autodoctor.booking.models import Plan, Vehicle
from autodoctor.core.fields import LineField, TextField, WholeNumberField
from autodoctor.core.parsing import parse_uuid
from autodoctor.legal.pages import CANCELLATION, TERMS
from autodoctor.sessions.queries import private_requests
from autodoctor.sessions.queries.private_requests import Ask, Availability
from autodoctor.trouble_codes.reading import MOST_CHARACTERS, MOST_CODES, codes_in

CONCERN_MIN, CONCERN_MAX = 10, 2000  # characters
OLDEST_YEAR = 1900
HIGHEST_MILEAGE = 2_000_000
MAKE_MAX, MODEL_MAX = 40, 60
VEHICLES_SHOWN = 6
NEW_VEHICLE = "new"
DESCRIBED_BY = ("year", "make", "model")


class PlanRadio(forms.RadioSelect):
    """Shows plans that are not available yet, and disables them."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["disabled"] = not value.instance.bookable
        return option


def storable(text: str) -> None:
    """Refuse half a character, as JSON can carry it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise forms.ValidationError(_("This field contains characters that are not text."), code="not_text") from None


class VersionField(forms.CharField):
    """The version of a text that the page led to, or none. `changed` is said to somebody who has seen another one."""

    def __init__(self, version: Callable[[], str], changed: Any) -> None:
        super().__init__(required=False, max_length=20)
        self._version, self._changed = version, changed

    def validate(self, value: str) -> None:
        super().validate(value)
        if value not in ("", self._version()):
            raise forms.ValidationError(self._changed, code="changed")


class VinField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return vin.clean(super().to_python(value) or "")

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and vin.decode(value) is None:
            raise forms.ValidationError(
                _("A VIN has 17 letters and digits, without I, O and Q. You can leave this field empty."), code="vin"
            )


def one_line(label: Any, **attrs: Any) -> dict[str, Any]:
    """Return the options that short text fields share."""
    return {
        "label": label,
        "required": False,
        "widget": forms.TextInput({"autocomplete": "off", "dir": "auto", **attrs}),
    }


class VehicleForm(forms.Form):
    """What describes a vehicle: a VIN, or year, make and model."""

    vin = VinField(max_length=40, **one_line(_("VIN"), autocapitalize="characters", spellcheck="false"))
    year = WholeNumberField(min_value=OLDEST_YEAR, **one_line(_("Year"), inputmode="numeric"))
    make = LineField(max_length=MAKE_MAX, **one_line(_("Make"), placeholder=_("Ford")))
    model = LineField(max_length=MODEL_MAX, **one_line(_("Model"), placeholder=_("F-150")))
    mileage = WholeNumberField(
        min_value=0, max_value=HIGHEST_MILEAGE, **one_line(_("Mileage now"), inputmode="numeric")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._field("year").validators.append(
            MaxValueValidator(timezone.now().year + 2, _("This year is in the future."))
        )

    def require_description(self) -> None:
        if self.cleaned_data.get("vin") or "vin" in self.errors:
            return
        for name in DESCRIBED_BY:
            if name not in self.errors and not self.cleaned_data.get(name):
                self.add_error(name, _("Enter this, or enter the VIN instead."))

    def described(self) -> Vehicle:
        """Return the vehicle, not saved; what is missing comes from the VIN, as far as possible."""
        given = {name: self.cleaned_data.get(name) for name in ("vin", *DESCRIBED_BY, "mileage")}
        decoded = vin.decode(given["vin"] or "")
        if decoded:
            given |= {"year": given["year"] or decoded.year, "make": given["make"] or decoded.make[:MAKE_MAX]}
        texts = {name: given[name] or "" for name in ("vin", "make", "model")}
        return Vehicle(year=given["year"], mileage=given["mileage"], **texts)

    def _field(self, name: str) -> Any:
        return self.fields[name]


class IntakeForm(VehicleForm):
    field_order = ("safe", "plan", "vehicle", "vin", *DESCRIBED_BY, "mileage")
    safe = forms.ChoiceField(
        label=_("Are you somewhere safe?"),
        choices=[("yes", _("Yes, I am safe")), ("no", _("No, not yet"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Tell us whether you are somewhere safe.")},
    )
    plan = forms.ModelChoiceField(
        label=_("Plan"),
        queryset=Plan.objects.none(),
        to_field_name="slug",
        empty_label=None,
        widget=PlanRadio,
        error_messages={
            "required": _("Choose a plan."),
            "invalid_choice": _("This plan is not offered. Choose another one."),
        },
    )
    vehicle = forms.ChoiceField(
        label=_("Vehicle"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={
            "invalid_choice": _("This car is not in your garage any more. Choose another one, or “Another vehicle”.")
        },
    )
    concern = TextField(
        label=_("What is the problem?"),
        max_length=CONCERN_MAX,
        min_length=CONCERN_MIN,
        validators=[storable],
        widget=forms.Textarea({"rows": 5, "dir": "auto"}),
        error_messages={
            "required": _("Describe the problem in a few words."),
            "min_length": _("Please write at least 10 characters."),
        },
    )
    trouble_codes = TextField(
        label=_("Trouble codes, if you have them"),
        required=False,
        max_length=MOST_CHARACTERS,
        validators=[storable],
        widget=forms.Textarea(
            {"rows": 2, "dir": "auto", "autocapitalize": "characters", "spellcheck": "false", "autocomplete": "off"}
        ),
        error_messages={
            "max_length": _("This is too long. Enter only the codes, and describe everything else further up."),
        },
    )
    waiver = forms.BooleanField(
        label=_("I understand the limits of remote advice"),
        error_messages={"required": _("Please read and accept this to continue.")},
    )
    keep_card = forms.BooleanField(label=_("Keep my card for extending this session"), required=False)
    # The versions that the page led to.
    terms = VersionField(
        lambda: TERMS.version, _("Our terms have changed meanwhile. Please read them, and send this form again.")
    )
    cancellation = VersionField(
        lambda: CANCELLATION.version,
        _("“Canceling and refunds” has changed meanwhile. Please read it, and send this form again."),
    )
    token = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)
    # A mechanic whom the customer asks for; `ask_seen` is how they stood when the page was made.
    ask_for = forms.UUIDField(required=False, widget=forms.HiddenInput)
    ask_only = forms.ChoiceField(required=False, choices=[("", ""), ("only", "")])
    ask_until = forms.DateTimeField(required=False)
    ask_seen = forms.CharField(required=False, max_length=10)

    def __init__(self, *args: Any, user: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.kept = self._offered(user) if user else {}
        self._field("plan").queryset = Plan.objects.filter(active=True)
        self._field("vehicle").choices = [*((pk, str(each)) for pk, each in self.kept.items()), (NEW_VEHICLE, "")]
        begun = self.kept.get(str(self.initial.get("vehicle")))
        if begun and begun.mileage is not None:  # what counts if the field stays empty
            self._field("mileage").widget.attrs["placeholder"] = f"{begun.mileage:,}"

    def clean_safe(self) -> str:
        if self.cleaned_data["safe"] != "yes":
            raise forms.ValidationError(
                _("Get to a safe place first. This page keeps what you entered. Choose “Yes” when you are safe."),
                code="unsafe",
            )
        return "yes"

    def clean_plan(self) -> Plan:
        plan: Plan = self.cleaned_data["plan"]
        if not plan.bookable:
            raise forms.ValidationError(_("%(plan)s is not available yet. Choose another plan."), params={"plan": plan})
        return plan

    def clean_ask_for(self) -> User | None:
        """Return the mechanic. Somebody who is signed out is asked again, once it is known who they are."""
        wanted = self.cleaned_data["ask_for"]
        if wanted is None or self.user is None:
            return None
        found = private_requests.askable(wanted, self.user)
        if found is None:
            raise forms.ValidationError(
                _("This mechanic cannot be asked now. You can ask every mechanic instead."), code="not_askable"
            )
        return found

    def clean_ask_until(self) -> datetime | None:
        until: datetime | None = self.cleaned_data["ask_until"]
        asked: User | None = self.cleaned_data.get("ask_for")
        if asked is None:
            return None
        if until is not None and not private_requests.is_choice(until, timezone.now()):
            raise forms.ValidationError(_("This time has passed, or it is too far ahead. Pick another one."))
        return until

    def clean_ask_seen(self) -> str:
        """A mechanic who was free when the page was made may have gone: the customer then picks a time."""
        seen: str = self.cleaned_data["ask_seen"]
        asked: User | None = self.cleaned_data.get("ask_for")
        was_free = seen == Availability.FREE and not self.cleaned_data.get("ask_until")
        if asked and was_free and private_requests.availability(asked, timezone.now()) is not Availability.FREE:
            self.add_error("ask_until", _("Meanwhile they stopped taking sessions. Pick a time, or ask everybody."))
        return seen

    def clean_trouble_codes(self) -> str:
        typed: str = self.cleaned_data["trouble_codes"]
        if len(codes_in(typed, most=MOST_CODES + 1)) > MOST_CODES:
            sentence = _("Enter at most %(most)s codes: the newest ones. Name the others further up.")
            raise forms.ValidationError(sentence, params={"most": MOST_CODES}, code="too_many")
        return typed

    def clean(self) -> dict[str, Any]:
        """Set `vehicle` to a saved vehicle, or to a new one that is not saved yet."""
        found = self.cleaned_data
        kept = self.kept.get(found.get("vehicle", ""))
        if kept:
            for name in ("vin", *DESCRIBED_BY):  # left in fields that are hidden now
                self.errors.pop(name, None)
        elif "vehicle" not in self.errors:
            self.require_description()
        found["vehicle"] = kept or self.described()
        if found.get("mileage") is not None:
            found["vehicle"].mileage = found["mileage"]
        return found

    def intake(self) -> Intake:
        """Return the intake of a valid form."""
        found = self.cleaned_data
        return Intake(
            plan=found["plan"],
            vehicle=found["vehicle"],
            concern=found["concern"],
            keep_card=found["keep_card"],
            token=found["token"] or uuid4(),
            trouble_codes=found["trouble_codes"],
            ask=self._ask(),
            terms=found["terms"],
            cancellation=found["cancellation"],
        )

    def _offered(self, user: User) -> dict[str, Vehicle]:
        """Return the vehicles to choose from: those used last, and the one that was chosen elsewhere."""
        offered = {str(each.pk): each for each in user.vehicles.all()[:VEHICLES_SHOWN]}
        chosen = parse_uuid(self.data.get("vehicle") or self.initial.get("vehicle"))
        if chosen and str(chosen) not in offered:
            offered |= {str(each.pk): each for each in user.vehicles.filter(pk=chosen)}
        return offered

    def _ask(self) -> Ask | None:
        found = self.cleaned_data
        if found["ask_for"] is None:
            return None
        return Ask(found["ask_for"], only=found["ask_only"] == "only", until=found["ask_until"])


class TellMeWhenForm(forms.Form):
    email = forms.EmailField(
        label=_("Your email address"),
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput({"autocomplete": "email"}),
        error_messages={"invalid": _("This is not an email address. Please check it.")},
    )
