"""Second factors and passkeys of allauth, which reads one, and writes it later: it may be removed in between.

Its models write by `save`, which would make a removed passkey anew, with its key, or fail.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from autodoctor.core.encryption import Unreadable
from autodoctor.core.locking import hold

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]


def in_one_transaction(view: View) -> View:
    """Return the view; what it changes, it changes in one transaction, to whose end a factor stays locked."""

    @wraps(view)
    def changed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            return view(request, *args, **kwargs)

    return changed


def said_if_unreadable(view: View) -> View:
    """Return the view; where no key opens what it shows, a page says so, and leads to new recovery codes."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Unreadable:
            logger.error("No key opens the recovery codes of a person")
            return render(request, "accounts/unreadable_codes.html", status=503)

    return answered


@receiver(pre_save, sender=Authenticator)
def hold_factor(instance: Authenticator, **_signal: object) -> None:
    """Raise `Gone` for one that was removed since it was read: nobody signs in by it, and nothing brings it back."""
    if not instance._state.adding:
        with transaction.atomic():
            hold(Authenticator.objects.all(), instance.pk)
