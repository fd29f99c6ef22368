"""Makes and systems of cars, and which of them a mechanic knows."""

import re
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User
from autodoctor.core.folding import folded

_WORD = re.compile(r"\w+")
_CODE_BEGINS = re.compile(r"[PCBU]([0-3][0-9A-F]{0,3})?")


class Kind(models.TextChoices):
    MAKE = "make", _("Make")
    SYSTEM = "system", _("System")


class Skill(models.Model):
    """A make or a system that a mechanic can know. Support edits these rows."""

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(
        _("name"), max_length=40, help_text=_("As it stands in a sentence: “Toyota”, “brakes and ABS”.")
    )
    also = models.TextField(
        _("other names"),
        max_length=400,
        blank=True,
        help_text=_("Of a make: as VINs and customers write it, too. One line each: VW."),
    )
    codes = models.CharField(
        _("trouble codes"),
        max_length=200,
        blank=True,
        help_text=_("Of a system: how its codes begin, with spaces between: P07 P08 P09."),
    )
    active = models.BooleanField(_("offered"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ("kind", "position", "name")
        constraints = (models.UniqueConstraint(fields=["kind", "name"], name="one_skill_per_name"),)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.codes = " ".join(self.codes.upper().split())
        if self.kind == Kind.MAKE and self.codes:
            raise ValidationError({"codes": _("A make has no trouble codes.")})
        if self.kind == Kind.SYSTEM and self.also.strip():
            raise ValidationError({"also": _("A system is found by its codes: it needs no other names.")})
        if wrong := [code for code in self.codes.split() if not _CODE_BEGINS.fullmatch(code)]:
            sentence = _("No trouble code begins with %(wrong)s.")
            raise ValidationError({"codes": ValidationError(sentence, params={"wrong": wrong[0]})})

    def is_needed(self, *, make: str, codes: Collection[str]) -> bool:
        """Return whether this is the make, or a system that one of the trouble codes is about."""
        if self.kind == Kind.SYSTEM:
            return any(code.startswith(tuple(self.codes.split())) for code in codes)
        words = _in_words(make)
        return any(name in words for name in map(_in_words, [self.name, *self.also.splitlines()]) if name.strip())


def _in_words(text: str) -> str:
    """Return the words between blanks, so that "Mercedes-Benz Argentina" holds "mercedes benz" and "Rams" no "ram"."""
    return f" {' '.join(_WORD.findall(folded(text)))} "


class KnownSkill(models.Model):
    """A make or system that a mechanic says they know."""

    mechanic = models.ForeignKey(User, models.CASCADE, related_name="known_skills", db_index=False)
    skill = models.ForeignKey(Skill, models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mechanic", "skill"], name="one_row_per_known_skill"),)

    def __str__(self) -> str:
        return f"{self.mechanic_id} knows {self.skill_id}"
