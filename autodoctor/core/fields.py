"""Form fields for texts of one line and of several, and for what people type as numbers and amounts."""

from datetime import timedelta
from math import isfinite
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from autodoctor.core.numbers import Ambiguous, NotANumber, parse_cents, parse_whole
from autodoctor.core.parsing import is_blank, visible_text


class TextField(forms.CharField):
    """Counts a line break as one character, although a browser sends two."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(str(value or "").replace("\r\n", "\n")) or ""
        return "" if is_blank(text) else text


class LineField(forms.CharField):
    """Text on one line, with white space normalized; empty where nobody would see anything of it."""

    def to_python(self, value: Any) -> str:
        return super().to_python(" ".join(visible_text(str(value or "")).split())) or ""


class WholeNumberField(forms.IntegerField):
    """A whole number as people write it: "84,000", "84 000", "84.000"."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> int | None:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return super().to_python(parse_whole(value))
        except NotANumber:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class AmountField(forms.IntegerField):
    """An amount as people write it ("$1,240.50", "24,50"), in whole cents. Its bounds are cents, too.

    `places`: the decimals of the currency; 0 for one without cents.
    """

    places = 2

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("Enter an amount like 24.50."),
        "whole": _("Enter a whole amount like 1500. This currency has no cents."),
        "ambiguous": _("This can be read as two amounts. Write it with cents, like 24.50 or 24500.00."),
    }

    def to_python(self, value: Any) -> int | None:
        if value is None or not str(value).strip():
            return None
        try:
            return parse_cents(str(value), places=self.places)
        except Ambiguous:
            raise ValidationError(self.error_messages["ambiguous"], code="ambiguous") from None
        except NotANumber:
            if not self.places:
                raise ValidationError(self.error_messages["whole"], code="whole") from None
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MinutesField(forms.FloatField):
    """A time as a number of minutes: "30" is half an hour, "0.5" are thirty seconds."""

    default_error_messages = {"invalid": _("Enter a number of minutes, more than 0 and at most 1440.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"help_text": kwargs.get("help_text") or _("In minutes.")})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, timedelta):
            return value
        minutes = round(value.total_seconds() / 60, 3)
        return int(minutes) if minutes.is_integer() else minutes

    def to_python(self, value: Any) -> Any:
        """Return a timedelta of whole seconds."""
        minutes = super().to_python(value)
        if minutes is None:
            return None
        if not isfinite(minutes) or not 1 <= round(minutes * 60) <= 24 * 60 * 60:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return timedelta(seconds=round(minutes * 60))

    def validate(self, value: Any) -> None:
        forms.Field.validate(self, value)
