"""Allauth's pages of passkeys: a person has so many, and a refused one leads back to where the person was."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.utils import passthrough_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import AddWebAuthnView, LoginWebAuthnView, ReauthenticateWebAuthnView
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.core.locking import hold

MOST_KEYS = 20  # of a person: more than anybody has devices; each is sent with every sign-in by password


class AddKey(AddWebAuthnView):  # type: ignore[misc]
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse a key too many before the device makes it. Adding is one transaction, with the person locked."""
        if isinstance(request.user, User) and self._has_all(request.user):
            sentence = _("You can have at most %d passkeys. Remove one first.") % MOST_KEYS
            get_adapter().add_message(request, messages.ERROR, message=sentence)
            return HttpResponseRedirect(reverse("mfa_list_webauthn"))
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer

    def _has_all(self, person: User) -> bool:
        if self.request.method == "POST":
            hold(User.objects.all(), person.pk)
        keys = Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN)
        return bool(keys.count() >= MOST_KEYS)


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
