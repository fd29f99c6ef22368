"""The summary form. Page, draft and API use the same rules."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any, cast
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from autodoctor.core.fields import AmountField, LineField, WholeNumberField
from autodoctor.core.parsing import storable_text, visible_text
from autodoctor.payments import currencies
from autodoctor.summaries import content as bounds
from autodoctor.summaries.content import Content, PartLine, Safe, Typed, TypedPart, cells_of, texts_of

BLANK_ROWS = 3  # below the existing rows, for pages without scripts


class Words(forms.CharField):
    def to_python(self, value: Any) -> str:
        return super().to_python(visible_text(str(value or ""))) or ""


class Quantity(WholeNumberField):
    """A quantity; one by default."""

    def to_python(self, value: Any) -> int:
        return super().to_python(value) or (1 if value in {"", None} else 0)


class PartForm(forms.Form):
    name = LineField(label=_("Part"), max_length=bounds.PART_NAME_MAX)
    number = LineField(label=_("Part number"), max_length=bounds.PART_NUMBER_MAX, required=False)
    quantity = Quantity(label=_("Quantity"), min_value=1, max_value=bounds.QUANTITY_MAX, required=False)
    price = AmountField(
        label=_("Estimated price, each"),
        max_value=bounds.PRICE_MAX_CENTS,
        required=False,
        error_messages={"max_value": _("This price is above the limit for a part.")},
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(AmountField, self.fields["price"]).places = currencies.of(currency).exponent

    @property
    def line(self) -> PartLine:
        found = self.cleaned_data
        return PartLine(found["name"], found["number"], found["quantity"], found["price"])


class SummaryForm(forms.Form):
    """`typed` is the earlier content of the form; `photos_offered` are the session's images, `currency` its prices'."""

    findings = Words(
        label=_("Findings"), max_length=bounds.TEXT_MAX, error_messages={"required": _("Describe what you found.")}
    )
    steps = Words(
        label=_("Steps performed"), max_length=bounds.TEXT_MAX, error_messages={"required": _("Describe what you did.")}
    )
    next_steps = Words(
        label=_("Next steps"),
        max_length=bounds.TEXT_MAX,
        error_messages={"required": _("Describe what the customer should do next.")},
    )
    safe = forms.ChoiceField(
        label=_("Safe to drive?"),
        choices=Safe.choices,
        error_messages={"required": _("Choose one of the three answers.")},
    )
    safe_why = Words(label=_("Why?"), max_length=bounds.WHY_MAX, required=False)

    def __init__(self, typed: Typed, *, currency: str, photos_offered: Iterable[UUID] = (), check: bool = True) -> None:
        self.typed, self.currency = typed, currency
        fields = texts_of(typed)
        super().__init__(fields if check else None, initial=fields, auto_id="%s")
        self._offered = {str(file_id) for file_id in photos_offered}
        rows = [dict(part) for part in typed["parts"] if any(cells_of(part))]
        self.parts = [PartForm(part if check else None, initial=part, currency=currency) for part in rows]

    @property
    def rows(self) -> list[PartForm]:
        """Return the parts, and empty rows for more."""
        spare = min(BLANK_ROWS, bounds.PARTS_MAX - len(self.parts))
        return [*self.parts, *(PartForm(currency=self.currency) for _row in range(spare))]

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("safe") in {Safe.CARE, Safe.NO} and not self.cleaned_data.get("safe_why"):
            self.add_error("safe_why", _("Explain why, so that the customer knows what to watch for."))
        if len(self.parts) > bounds.PARTS_MAX:
            self.add_error(None, _("At most %(most)d parts.") % {"most": bounds.PARTS_MAX})
        if not all(part.is_valid() for part in self.parts):
            self.add_error(None, _("Check the parts."))
        self._check_photos()
        return self.cleaned_data

    def _check_photos(self) -> None:
        chosen = self.typed["photos"]
        if len(chosen) > bounds.PHOTOS_MAX:
            self.add_error(None, _("At most %(most)d photos.") % {"most": bounds.PHOTOS_MAX})
        if not self._offered.issuperset(chosen):
            self.add_error(None, _("One of the photos has been removed. Choose again."))

    def content(self) -> Content:
        """Return the content of a valid form."""
        found = self.cleaned_data
        return Content(
            **{name: found[name] for name in self.base_fields},
            parts=tuple(part.line for part in self.parts),
            photos=tuple(UUID(file_id) for file_id in dict.fromkeys(self.typed["photos"])),
        )

    def problems(self) -> dict[str, str]:
        """Return the first problem of each field; a part's key is `parts.<row>.<field>`, the form's is `__all__`."""
        found = {name: str(errors[0]) for name, errors in self.errors.items()}
        for row, part in enumerate(self.parts[: bounds.PARTS_MAX]):
            found |= {f"parts.{row}.{name}": str(errors[0]) for name, errors in part.errors.items()}
        return found


class CorrectionForm(forms.Form):
    text = Words(
        label=_("What do you want to correct or add?"),
        max_length=bounds.CORRECTION_MAX,
        error_messages={"required": _("Write what you want to correct or add.")},
    )


def typed_in(data: QueryDict) -> Typed:
    """Return a sent form as it was typed. Oversized input is cut off."""
    return Typed(
        findings=_cut(data.get("findings"), bounds.TEXT_MAX * 2),
        steps=_cut(data.get("steps"), bounds.TEXT_MAX * 2),
        next_steps=_cut(data.get("next_steps"), bounds.TEXT_MAX * 2),
        safe=_cut(data.get("safe"), len(Safe.CARE)),
        safe_why=_cut(data.get("safe_why"), bounds.WHY_MAX * 2),
        parts=[part for part in _parts_in(data) if any(cells_of(part))],
        photos=[_cut(value, len(str(UUID(int=0)))) for value in data.getlist("photos")[: bounds.PHOTOS_MAX * 2]],
    )


def _parts_in(data: QueryDict) -> Iterator[TypedPart]:
    columns = [data.getlist(f"part_{name}")[: bounds.PARTS_MAX + 1] for name in PartForm.base_fields]
    for row in zip_longest(*columns, fillvalue=""):
        name, number, quantity, price = (_cut(cell, bounds.PART_NAME_MAX * 2) for cell in row)
        yield TypedPart(name=name, number=number, quantity=quantity, price=price)


def _cut(text: str | None, most: int) -> str:
    return storable_text(text or "")[:most]
