"""Forms of the garage."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID, uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from autodoctor.booking.forms import HIGHEST_MILEAGE, VehicleForm, one_line
from autodoctor.booking.models import Vehicle
from autodoctor.core.fields import LineField, WholeNumberField
from autodoctor.files.models import StoredFile
from autodoctor.garage.sharing import MOST_FILES, Choice

NICKNAME_MAX = 40  # characters
SAID = ("vin", "year", "make", "model")


class CarForm(VehicleForm):
    """What a person says of their car. `car` is the one that is edited, whose mileage stands on its page."""

    nickname = LineField(max_length=NICKNAME_MAX, **one_line(_("A name for it"), placeholder=_("The old truck")))

    def __init__(self, *args: Any, car: Vehicle | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if car:
            del self.fields["mileage"]
            self.initial = {"nickname": car.nickname, **car.as_values(), **self.initial}

    def clean(self) -> dict[str, Any]:
        self.require_description()
        return self.cleaned_data

    def vehicle(self) -> Vehicle:
        """Return the car of a valid form, not saved."""
        made = self.described()
        made.nickname = self.cleaned_data["nickname"]
        return made

    def said(self) -> dict[str, Any]:
        """Return what a valid form says of the car, by field."""
        made = self.vehicle()
        return {name: getattr(made, name) for name in ("nickname", *SAID)}

    def refuse_vin(self) -> None:
        self.add_error("vin", _("Another car in your garage has this VIN."))


class MileageForm(forms.Form):
    mileage = WholeNumberField(min_value=0, max_value=HIGHEST_MILEAGE, label=_("Mileage now"))


class ShareForm(forms.Form):
    """What a workshop sees of a car, and for how long. `files`: those that can be chosen."""

    days = forms.TypedChoiceField(
        label=_("How long does the link work?"),
        choices=[(1, _("1 day")), (7, _("7 days")), (30, _("30 days"))],
        coerce=int,
        initial=7,
        widget=forms.RadioSelect,
    )
    summaries = forms.BooleanField(
        label=_("Summaries: findings, what was done, safe to drive?"), required=False, initial=True
    )
    advice = forms.BooleanField(label=_("Advice still open, and parts without prices"), required=False, initial=True)
    mileage = forms.BooleanField(label=_("Mileage"), required=False, initial=True)
    vin = forms.BooleanField(label=_("VIN"), required=False, initial=True)
    chosen = forms.TypedMultipleChoiceField(
        label=_("Pictures and files"), coerce=UUID, required=False, widget=forms.CheckboxSelectMultiple
    )
    label = LineField(
        max_length=60,
        help_text=_("Only you see this."),
        **one_line(_("For whom?"), placeholder=_("The workshop at the corner")),
    )
    form = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)

    def __init__(self, *args: Any, car: Vehicle, files: Sequence[StoredFile], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._car = car
        self.offered = files
        cast(forms.TypedMultipleChoiceField, self.fields["chosen"]).choices = [(file.pk, file.name) for file in files]

    def clean_chosen(self) -> list[UUID]:
        chosen: list[UUID] = self.cleaned_data["chosen"]
        if len(chosen) > MOST_FILES:
            raise forms.ValidationError(_("Choose at most %(most)s files."), params={"most": MOST_FILES})
        return chosen

    def parts(self) -> list[forms.BoundField]:
        """Return the fields that say which words the page shows, of those that there are."""
        known = [name for name in ("mileage", "vin") if getattr(self._car, name) not in (None, "")]
        return [self[name] for name in ("summaries", "advice", *known)]

    def picked(self) -> set[str]:
        """Return the ids of the files that are chosen now, as the page compares them."""
        return {str(each) for each in self["chosen"].value() or ()}

    def choice(self) -> Choice:
        """Return what a valid form says."""
        said = dict(self.cleaned_data)
        return Choice(form=said.pop("form") or uuid4(), files=said.pop("chosen"), **said)
