"""What a password has to be, and the words that everybody would try first here: the product's, the trade's."""

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# `AUTH_PASSWORD_VALIDATORS` of the settings.
VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "autodoctor.core.password_rules.ContextWordsValidator"},
]
# `docs/security.md` names them. Digits and signs around one do not make it a password.
WORDS = ("autodoctor", "mechanic", "customer", "support", "carrepair", "garage", "workshop", "diagnostic")
_NOT_LETTERS = re.compile(r"[\W\d_]+")


class ContextWordsValidator:
    """Refuses a password that is nothing but such words, digits and signs."""

    def validate(self, password: str, user: object = None) -> None:
        if not self._rest(password):
            raise ValidationError(self.get_help_text(), code="password_context")

    def get_help_text(self) -> str:
        return _("Add a word that has nothing to do with this site or with cars.")

    def _rest(self, password: str) -> str:
        """Return the letters that are left without the words."""
        rest = _letters(password)
        words = (*WORDS, _letters(settings.SELLER_NAME), "the", "doctor", "auto", "password")
        for word in sorted(words, key=len, reverse=True):
            rest = rest.replace(word, "") if word else rest
        return rest


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", text.casefold())
