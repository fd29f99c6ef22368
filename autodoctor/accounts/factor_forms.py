"""Forms of passkeys and second factors. What a browser sends of a key is text from outside, whatever it says."""

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from allauth.account.internal.userkit import user_id_to_str
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _
from fido2.webauthn import RegistrationResponse

from autodoctor.accounts.forms import LONGEST_NAME, NameField
from autodoctor.core.encryption import Unreadable
from autodoctor.core.parsing import is_name

logger = logging.getLogger(__name__)
# What the library raises, besides its own errors, for an answer that no browser gives.
_MALFORMED = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, struct.error)
# Seconds in which an app's code counts: half a minute, and so many before and after it.
_CODE_COUNTS = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)


@contextmanager
def _refused_in_words() -> Iterator[None]:
    """Refuse what cannot be read, and say of a key that is not taken what the library says of codes."""
    try:
        yield
    except _MALFORMED as error:
        logger.info("The answer of a passkey could not be read: %s", type(error).__name__)
        raise _not_taken() from None
    except forms.ValidationError as refused:
        raise (_not_taken() if refused.code == "incorrect_code" else refused) from None


def _not_taken() -> forms.ValidationError:
    sentence = _("This passkey was not accepted. Try again: the page may have been open in two windows.")
    return forms.ValidationError(sentence, code="not_taken")


class AnswerField(forms.JSONField):
    """What a browser says of a key, for one challenge: a form that is shown again does not give it back."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput)

    def to_python(self, value: Any) -> Any:
        with _refused_in_words():
            return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> None:
        """Show nothing. It is not read for it, either: the text may be no JSON at all."""

    def prepare_value(self, value: Any) -> str:
        return ""


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """Creates a passkey, unless the person wants a second factor only."""

    credential = AnswerField()
    passwordless = forms.BooleanField(
        label=_("Sign in with this passkey alone"),
        required=False,
        initial=True,
        help_text=_("You sign in with your fingerprint, face or PIN instead of a password."),
    )

    def clean_name(self) -> str:
        """Return a name that the list can show: the key exists by now, so none is refused for its name."""
        name = " ".join(self.cleaned_data["name"].split())[:LONGEST_NAME].strip()
        self.cleaned_data["name"] = name if is_name(name) else ""
        return str(super().clean_name())

    def clean(self) -> dict[str, Any]:
        with _refused_in_words():
            cleaned: dict[str, Any] = super().clean()
            if cleaned.get("credential"):
                cleaned["credential"] = _as_kept(cleaned["credential"])
        return cleaned


def _as_kept(credential: dict[str, Any]) -> dict[str, Any]:
    """Return what the key's row keeps: what is read of it again, and nothing else that was sent."""
    says = credential.get("clientExtensionResults")
    properties = says.get("credProps") if isinstance(says, dict) else None
    alone = properties.get("rk") if isinstance(properties, dict) else None
    kept = dict(RegistrationResponse.from_dict(credential))
    return kept | {"clientExtensionResults": {"credProps": {"rk": alone}} if isinstance(alone, bool) else {}}


class PasskeyNameForm(EditWebAuthnForm):  # type: ignore[misc]
    name = NameField(label=cast(str, _("Name of this key")), autocomplete="off")


class _KeyForm(AuthenticateWebAuthnForm):  # type: ignore[misc]
    credential = AnswerField()

    def clean_credential(self) -> Authenticator:
        with _refused_in_words():
            return super().clean_credential()


class SignInByKeyForm(_KeyForm, LoginWebAuthnForm):  # type: ignore[misc]
    """Signs in by a passkey alone."""


class KeyForm(_KeyForm):
    """The second step of signing in."""


class KeyAgainForm(_KeyForm, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Confirms that it is still the same person."""


class _CodeForm(BaseAuthenticateForm):  # type: ignore[misc]
    def clean_code(self) -> str:
        """Return a code of the app, or a recovery code. An app's code counts once in all the time that it is shown."""
        used = f"code:{user_id_to_str(self.user)}:{normalize_user_code(self.cleaned_data['code'])}"
        if cache.get(used):
            raise get_adapter().validation_error("incorrect_code")
        try:
            code = str(super().clean_code())
        except Unreadable:
            logger.error("No key opens the second factor of a person", extra={"person": str(self.user.pk)})
            code = self._checked_by_others(self.cleaned_data["code"])
        except Authenticator.DoesNotExist:  # removed in another window at this moment
            raise get_adapter().validation_error("incorrect_code") from None
        cache.set(used, "used", _CODE_COUNTS)
        return code

    def _checked_by_others(self, code: str) -> str:
        """Return a code that another factor takes: the library gives up at the first one that cannot be read."""
        for factor in Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN):
            with suppress(Unreadable):
                if factor.wrap().validate_code(code):
                    factor.user, self.authenticator = self.user, factor
                    return code
        raise forms.ValidationError(
            _("We cannot check all codes of yours at the moment. Use a passkey or a recovery code, or ask us for help.")
        )


class CodeForm(_CodeForm, AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""


class CodeAgainForm(_CodeForm, ReauthenticateForm):  # type: ignore[misc]
    """Confirms that it is still the same person."""
