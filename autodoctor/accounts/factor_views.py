"""Allauth's pages of passkeys where a refused key has to lead back to where the person was, with what waits there."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.utils import passthrough_next_redirect_url
from allauth.mfa.webauthn.views import LoginWebAuthnView, ReauthenticateWebAuthnView
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse


class SignInByKey(LoginWebAuthnView):  # type: ignore[misc]
    """Leads back to the page of signing in, which still knows where to go from there."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return _to_sign_in(request) if isinstance(answer, HttpResponseRedirect) else answer

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        _say(self.request, form)
        return _to_sign_in(self.request)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(passthrough_next_redirect_url(request, reverse("account_login"), REDIRECT_FIELD_NAME))


class KeyAgain(ReauthenticateWebAuthnView):  # type: ignore[misc]
    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """Ask again on the same page: what was sent before waits for the answer."""
        _say(self.request, form)
        return HttpResponseRedirect(self.passthrough_next_url(self.request.path))


def _say(request: HttpRequest, form: BaseForm) -> None:
    for sentence in form.errors.get("credential", []):
        get_adapter().add_message(request, messages.ERROR, message=sentence)
