"""Form fields for what people type as numbers and amounts."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from autodoctor.core.numbers import Ambiguous, NotANumber, parse_cents, parse_whole


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
    """An amount as people write it ("$1,240.50", "24,50"), in whole cents. Its bounds are cents, too."""

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("Enter an amount like 24.50."),
        "ambiguous": _("This can be read as two amounts. Write it with cents, like 24.50 or 24500.00."),
    }

    def to_python(self, value: Any) -> int | None:
        if value is None or not str(value).strip():
            return None
        try:
            return parse_cents(str(value))
        except Ambiguous:
            raise ValidationError(self.error_messages["ambiguous"], code="ambiguous") from None
        except NotANumber:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
