"""The intake form. The page and the API use the same rules."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import MaxValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User
from autodoctor.booking import vin
from autodoctor.booking.actions import Intake
from autodoctor.booking.models import Plan, Vehicle
from autodoctor.core.fields import WholeNumberField
from autodoctor.core.parsing import is_blank
from autodoctor.legal.pages import TERMS
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


class LineField(forms.CharField):
    """Text on one line, with white space normalized."""

    def to_python(self, value: Any) -> str:
        return super().to_python(" ".join(str(value or "").split())) or ""


class TextField(forms.CharField):
    """Counts a line break as one character, although a browser sends two."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(str(value or "").replace("\r\n", "\n")) or ""
        return "" if is_blank(text) else text


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


class IntakeForm(forms.Form):
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
    vehicle = forms.ChoiceField(label=_("Vehicle"), required=False, widget=forms.RadioSelect)
    vin = VinField(max_length=40, **one_line(_("VIN"), autocapitalize="characters", spellcheck="false"))
    year = WholeNumberField(min_value=OLDEST_YEAR, **one_line(_("Year"), inputmode="numeric"))
    make = LineField(max_length=MAKE_MAX, validators=[storable], **one_line(_("Make"), placeholder=_("Ford")))
    model = LineField(max_length=MODEL_MAX, validators=[storable], **one_line(_("Model"), placeholder=_("F-150")))
    mileage = WholeNumberField(
        min_value=0, max_value=HIGHEST_MILEAGE, **one_line(_("Mileage now"), inputmode="numeric")
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
    terms = forms.CharField(required=False, max_length=20)  # the version that the page showed
    token = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = {str(each.pk): each for each in user.vehicles.all()[:VEHICLES_SHOWN]} if user else {}
        self._field("plan").queryset = Plan.objects.filter(active=True)
        self._field("vehicle").choices = [*((pk, str(each)) for pk, each in self.kept.items()), (NEW_VEHICLE, "")]
        self._field("year").validators.append(
            MaxValueValidator(timezone.now().year + 2, _("This year is in the future."))
        )

    def clean_safe(self) -> str:
        if self.cleaned_data["safe"] != "yes":
            raise forms.ValidationError(
                _("Get to a safe place first. This page keeps what you entered. Choose “Yes” when you are safe."),
                code="unsafe",
            )
        return "yes"

    def clean_terms(self) -> str:
        shown: str = self.cleaned_data["terms"]
        if shown not in ("", TERMS.version):
            raise forms.ValidationError(
                _("Our terms have changed meanwhile. Please read them, and send this form again."), code="terms"
            )
        return TERMS.version

    def clean_plan(self) -> Plan:
        plan: Plan = self.cleaned_data["plan"]
        if not plan.bookable:
            raise forms.ValidationError(_("%(plan)s is not available yet. Choose another plan."), params={"plan": plan})
        return plan

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
        else:
            self._require_description()
        found["vehicle"] = kept or self._new_vehicle()
        found["vehicle"].mileage = found.get("mileage") or found["vehicle"].mileage
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
        )

    def _require_description(self) -> None:
        if self.cleaned_data.get("vin") or "vin" in self.errors:
            return
        for name in DESCRIBED_BY:
            if name not in self.errors and not self.cleaned_data.get(name):
                self.add_error(name, _("Enter this, or enter the VIN instead."))

    def _new_vehicle(self) -> Vehicle:
        """Return a new vehicle; missing fields come from the VIN, as far as possible."""
        given = {name: self.cleaned_data.get(name) for name in ("vin", *DESCRIBED_BY)}
        decoded = vin.decode(given["vin"] or "")
        if decoded:
            given |= {"year": given["year"] or decoded.year, "make": given["make"] or decoded.make[:MAKE_MAX]}
        return Vehicle(vin=given["vin"] or "", year=given["year"], make=given["make"] or "", model=given["model"] or "")

    def _field(self, name: str) -> Any:
        return self.fields[name]


class TellMeWhenForm(forms.Form):
    email = forms.EmailField(label=_("Your email address"), widget=forms.EmailInput({"autocomplete": "email"}))
