"""Forms about people."""

import json
from typing import Any, ClassVar, cast

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm, SignupForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts import time_zones
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.fields import LineField, TextField, WholeNumberField
from autodoctor.core.parsing import is_name


class NameField(forms.CharField):
    """A person's name on one line."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Your name"), max_length=80, widget=forms.TextInput({"autocomplete": "name", "dir": "auto"})
        )

    def to_python(self, value: Any) -> str:
        return " ".join(str(value or "").split())

    def validate(self, value: str) -> None:
        super().validate(value)
        if not is_name(value):
            raise forms.ValidationError(_("Enter a name that contains letters."), code="unprintable")


PASSWORD_HINT = _("At least 10 characters. Do not use a common password.")


class SignUpForm(SignupForm):  # type: ignore[misc]
    name = NameField()
    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HINT

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        if self.account_already_exists:
            # A new account takes the time of a hash: a known address must not answer sooner.
            make_password(self.cleaned_data["password1"])
        answer: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return answer


class NewPasswordForm(ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HINT


class OtherPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HINT


class _Answer(json.JSONDecoder):
    """What a security key says. A number or a nesting without end is no answer, too."""

    def decode(self, text: str, *args: Any) -> Any:
        try:
            return super().decode(text, *args)
        except (ValueError, RecursionError) as error:
            raise json.JSONDecodeError("no answer of a key", "", 0) from error


def _answer_of_a_key() -> forms.JSONField:
    return forms.JSONField(decoder=_Answer, widget=forms.HiddenInput)


class SignInWithKeyForm(LoginWebAuthnForm):  # type: ignore[misc]
    credential = _answer_of_a_key()


class KeyAsSecondFactorForm(AuthenticateWebAuthnForm):  # type: ignore[misc]
    credential = _answer_of_a_key()


class KeyAgainForm(ReauthenticateWebAuthnForm):  # type: ignore[misc]
    credential = _answer_of_a_key()


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """Creates a passkey, unless the person wants a second factor only."""

    credential = _answer_of_a_key()
    passwordless = forms.BooleanField(
        label=_("Sign in with this passkey alone"),
        required=False,
        initial=True,
        help_text=_("You sign in with your fingerprint, face or PIN instead of a password."),
    )


class AccountForm(forms.Form):
    name = NameField()
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    wants_follow_ups = forms.BooleanField(
        label=_("Ask me by email a week after a session whether the repair held."), required=False
    )

    def __init__(self, user: User, data: QueryDict | None) -> None:
        chosen = user.time_zone if user.time_zone_chosen else ""
        initial = {"name": user.name, "time_zone": chosen, "wants_follow_ups": user.wants_follow_ups}
        super().__init__(data, initial=initial)
        browsers = _("Same as my browser") if chosen else _("Same as my browser (%s)") % user.time_zone
        zone_field = cast(forms.ChoiceField, self.fields["time_zone"])
        zone_field.choices = [("", browsers), *time_zones.choices(user.time_zone)]


class ApplicationForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """The application of a mechanic: the facts that support needs for a decision."""

    name = NameField()
    years_experience = WholeNumberField(label=_("Years of experience"), min_value=0, max_value=70)
    time_zone = forms.ChoiceField(label=_("Time zone"))

    field_order = ("name", "headline", "years_experience", "skills", "certifications", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone_field = cast(forms.ChoiceField, self.fields["time_zone"])
        zone_field.choices = time_zones.choices(self.initial["time_zone"])

    class Meta:
        model = MechanicProfile
        fields = ("headline", "years_experience", "skills", "certifications")
        help_texts: ClassVar = {
            "headline": _("One line that customers read: your strongest skills."),
            "skills": _("Makes, systems, tools. Customers read this too."),
            "certifications": _("Number and year. We check them."),
        }
        field_classes: ClassVar = {"headline": LineField, "skills": TextField, "certifications": TextField}
        widgets: ClassVar = {
            "skills": forms.Textarea({"rows": 4, "dir": "auto"}),
            "certifications": forms.Textarea({"rows": 3, "dir": "auto"}),
        }
