"""What the log says about signing in and refused access: a person's id and address, never what they typed."""

import logging

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from autodoctor.accounts.models import User
from autodoctor.core import logs
from autodoctor.core.client_address import client_address

logger = logging.getLogger(__name__)
_METHODS = "account_authentication_methods"  # allauth's key: what was given in this session


def note(sentence: str, request: HttpRequest | None, user: User | None = None, **facts: str) -> None:
    """Log a security event with who and from where."""
    if user is not None:
        facts["person"] = str(user.pk)
    if request is not None and "REMOTE_ADDR" in request.META:
        facts["client"] = client_address(request)
    with logs.bound(**facts):
        logger.info(sentence)


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: User, **_signal: object) -> None:
    given = "+".join(str(record["method"]) for record in request.session.get(_METHODS, []))
    note("Signed in", request, user, methods=given)


@receiver(user_login_failed)
def _refused(request: HttpRequest | None = None, **_signal: object) -> None:
    note("Sign-in refused: wrong address or password", request)


@receiver(mfa.authentication_failed)
def _wrong_code(request: HttpRequest, user: User, **_signal: object) -> None:
    note("Second factor refused", request, user)


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: User | None, **_signal: object) -> None:
    if user is not None:
        note("Signed out", request, user)


@receiver([account.password_changed, account.password_reset])
def _other_password(request: HttpRequest, user: User, **_signal: object) -> None:
    note("Password changed", request, user)


@receiver(account.email_changed)
def _other_address(request: HttpRequest, user: User, **_signal: object) -> None:
    note("Email address changed", request, user)


@receiver(mfa.authenticator_added)
def _factor_added(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: object) -> None:
    note("Second factor added", request, user, factor=str(authenticator.type))


@receiver(mfa.authenticator_removed)
def _factor_removed(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: object) -> None:
    note("Second factor removed", request, user, factor=str(authenticator.type))
