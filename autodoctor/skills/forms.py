"""The choice of what a mechanic knows."""

from collections.abc import Collection
from typing import Any, NamedTuple, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from autodoctor.skills.models import Kind, Skill

MOST = {Kind.SYSTEM: 6, Kind.MAKE: 12}  # who knows everything stands out nowhere


class Option(NamedTuple):
    skill: Skill
    chosen: bool


class Chosen(forms.MultipleChoiceField):
    """Keys of offered makes or systems, at most `MOST` of the kind. No other text gets to the database."""

    default_error_messages = {
        "too_many": _("Choose at most %(most)d: those that you know best."),
        "invalid_choice": _("One of these is no longer offered. Choose again."),
    }

    def __init__(self, kind: Kind, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.kind, self.most = kind, MOST[kind]

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if len(set(value)) > self.most:
            raise ValidationError(self.error_messages["too_many"], code="too_many", params={"most": self.most})


class SkillsForm(forms.Form):
    systems = Chosen(Kind.SYSTEM, label=_("Systems that you know best"))
    makes = Chosen(Kind.MAKE, label=_("Makes that you know best"))

    def __init__(self, data: QueryDict | None, *, known: Collection[Skill]) -> None:
        super().__init__(data)
        self._offered = {str(skill.pk): skill for skill in Skill.objects.filter(active=True)}
        for name in self.fields:
            field = self._field(name)
            field.choices = [(key, skill.name) for key, skill in self._offered.items() if skill.kind == field.kind]
            self.initial[name] = [str(skill.pk) for skill in known if skill.kind == field.kind]

    @property
    def skills(self) -> list[Skill]:
        """Return what a valid form has chosen."""
        return [self._offered[key] for name in self.fields for key in self.cleaned_data[name]]

    @property
    def groups(self) -> list[tuple[forms.BoundField, list[Option]]]:
        """Return each field with what it offers."""
        return [(self[name], self._options(name)) for name in self.fields]

    def _options(self, name: str) -> list[Option]:
        chosen, kind = set(self[name].value() or ()), self._field(name).kind
        return [Option(skill, key in chosen) for key, skill in self._offered.items() if skill.kind == kind]

    def _field(self, name: str) -> Chosen:
        return cast(Chosen, self.fields[name])
