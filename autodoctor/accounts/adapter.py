"""The adapter for allauth: mail goes through the queue, throttles know the real client."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import qrcode  # type: ignore[import-untyped]
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from qrcode.image.svg import SvgPathFillImage  # type: ignore[import-untyped]

from autodoctor.accounts import time_zones
from autodoctor.accounts.client_address import client_address
from autodoctor.accounts.models import User
from autodoctor.mail.queue import queue_mail


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

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

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_email_verification_redirect_url(self, email_address: object) -> str:
        return reverse("account")


class TwoFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def build_totp_svg(self, url: str) -> str:
        """Draw the code on white, because cameras cannot read black on a dark page."""
        return str(qrcode.make(url, image_factory=SvgPathFillImage).to_string(encoding="unicode"))


def _facts(context: dict[str, Any]) -> dict[str, Any]:
    """Return what a mail can carry of allauth's context: plain values, and times under names ending in `_at`."""
    plain = {key: value for key, value in context.items() if isinstance(value, str | int | bool)}
    moments = {f"{key}_at": value.isoformat() for key, value in context.items() if isinstance(value, datetime)}
    return plain | moments
