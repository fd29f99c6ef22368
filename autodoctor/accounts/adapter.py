"""The adapter for allauth: mail goes through the queue, throttles know the real client."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import qrcode  # type: ignore[import-untyped]
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathFillImage  # type: ignore[import-untyped]

from autodoctor.accounts import time_zones
from autodoctor.accounts.models import LONGEST_EMAIL, User
from autodoctor.core import encryption
from autodoctor.core.client_address import client_address
from autodoctor.core.errors import TooFast, too_fast
from autodoctor.mail.queue import queue_mail
from autodoctor.rates.web import mark_too_fast

WAIT = timedelta(minutes=1)  # the library counts attempts of the last minute
WAIT_FOR_SIGN_IN = timedelta(minutes=5)  # and those at one account of the last five
WAITS = {"too_many_login_attempts": WAIT_FOR_SIGN_IN, "rate_limited": WAIT}


def too_many_attempts(request: HttpRequest) -> HttpResponse:
    """Return the sign-in library's answer to too many attempts."""
    sentence = _("We limit repeated attempts to keep accounts safe.")
    return too_fast(request, TooFast(int(WAIT.total_seconds()), sentence))


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_safe_url(self, url: str) -> bool:
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # no address at all, such as "http://["
            return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count guesses at an account under one key: the library's own has one for each name of this server."""
        return str(credentials.get("email", "")).lower()

    def validation_error(self, code: str, *args: object) -> ValidationError:
        """Return the error of a form; the page of a form that was sent too often is answered with 429."""
        if code in WAITS:
            mark_too_fast(self.request, int(WAITS[code].total_seconds()))
        error: ValidationError = super().validation_error(code, *args)
        return error

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue a mail: `account/email/password_changed` is accounts/mail/password_changed.txt."""
        template = f"accounts/mail/{template_prefix.rpartition('/')[2]}"
        with transaction.atomic():
            queue_mail(template, to=email, context=_facts(context), key=f"account:{uuid4()}", now=timezone.now())

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        user.name = form.cleaned_data["name"]
        browser_zone = request.COOKIES.get(time_zones.COOKIE, "")
        if time_zones.is_known(browser_zone):
            user.time_zone = browser_zone
        super().save_user(request, user, form, commit)
        return user

    def clean_email(self, email: str) -> str:
        """Refuse an address that no column holds: cut off, it would be another one."""
        checked: str = super().clean_email(email)
        if len(checked) > LONGEST_EMAIL:
            raise ValidationError(_("Enter an email address of at most %d characters.") % LONGEST_EMAIL)
        return checked

    def set_password(self, user: User, password: str) -> None:
        """Save a password alone: hashing takes a second, in which this person may be banned or signed out."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_email_verification_redirect_url(self, email_address: object) -> str:
        return reverse("account")


class TwoFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def build_totp_svg(self, url: str) -> str:
        """Draw the code on white, because cameras cannot read black on a dark page."""
        return str(qrcode.make(url, image_factory=SvgPathFillImage).to_string(encoding="unicode"))

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """Return the name that a new passkey has until its owner gives it another."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return str(_("Passkey %(number)d") % {"number": number} if number > 1 else _("Passkey"))

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret of an app or of recovery codes. Raises `Unreadable` if no key opens it."""
        return encryption.decrypt(encrypted_text)


def _facts(context: dict[str, Any]) -> dict[str, Any]:
    """Return what a mail can carry of allauth's context: plain values, and times under names ending in `_at`."""
    plain = {key: value for key, value in context.items() if isinstance(value, str | int | bool)}
    moments = {f"{key}_at": value.isoformat() for key, value in context.items() if isinstance(value, datetime)}
    return plain | moments
