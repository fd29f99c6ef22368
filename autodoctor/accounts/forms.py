"""Forms about people."""

from typing import Any, ClassVar, cast

from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordKeyForm, SignupForm
from allauth.account.internal.flows.email_verification import consume_email_verification_rate_limit
from allauth.core import context
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts import time_zones
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import TooFast
from autodoctor.core.fields import LineField, TextField, WholeNumberField
from autodoctor.core.parsing import is_name
from autodoctor.rates.web import mark_too_fast

LONGEST_NAME = 80


class NameField(forms.CharField):
    """A name on one line: a person's own, or that of something of theirs."""

    def __init__(self, *, label: str = cast(str, _("Your name")), autocomplete: str = "name") -> None:
        widget = forms.TextInput({"autocomplete": autocomplete, "dir": "auto"})
        super().__init__(label=label, max_length=LONGEST_NAME, widget=widget)

    def to_python(self, value: Any) -> str:
        return " ".join(str(value or "").split())

    def validate(self, value: str) -> None:
        super().validate(value)
        if not is_name(value):
            raise forms.ValidationError(_("Enter a name that contains letters."), code="unprintable")


PASSWORD_HINT = _("At least 10 characters. Do not use a common password.")


CODES_APART = 10  # seconds between two mails with a code to one address, as the library counts them
_CODE_IS_MAILED = _("We have mailed a code to this address a moment ago.")


def _refuse_right_after_a_code(email: str) -> None:
    if not consume_email_verification_rate_limit(context.request, email, dry_run=True):
        mark_too_fast(context.request, CODES_APART)
        raise forms.ValidationError(
            _("We have mailed a code to this address a moment ago. Wait ten seconds, then send this again."),
            code="rate_limited",
        )


class SignInForm(LoginForm):  # type: ignore[misc]
    def clean(self) -> dict[str, Any]:
        """Say of an address that is still to be proved that its code is on the way: no password was wrong."""
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError as refused:
            if refused.code == "too_many_login_attempts":
                _refuse_right_after_a_code(self.cleaned_data["login"])
            raise
        return cleaned


class SignUpForm(SignupForm):  # type: ignore[misc]
    account_already_exists: bool
    name = NameField()
    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HINT

    def clean_email(self) -> str:
        """Refuse an address that a code was mailed to a moment ago: the account would be made, and get none."""
        email = str(super().clean_email())
        _refuse_right_after_a_code(email)
        return email

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Of two that are sent at once for one address, one goes on: the other would spend the mail with its code."""
        if not cache.add(f"sign-up:{self.cleaned_data['email'].lower()}", "sent", CODES_APART):
            raise TooFast(CODES_APART, _CODE_IS_MAILED)
        if self.account_already_exists:
            # A new account takes the time of a hash: a known address must not answer sooner.
            make_password(self.cleaned_data["password1"])
        try:
            return self._save(request)
        except IntegrityError:  # somebody has made it their new address since it was looked for
            self.account_already_exists = True
            return self._save(request)

    def _save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
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
