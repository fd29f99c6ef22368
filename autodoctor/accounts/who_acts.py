"""Who acts in a request: nobody, until the request has recognized a person (`core/acting.py`)."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from autodoctor.accounts.models import User
from autodoctor.core.acting import Actor, acting, of_connection


class WhoActs:
    """Behind Django's own recognition, and as lazy: pages that ask for no person do not read the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        actor = of_connection()
        vars(request)["actor"] = actor
        request.user = cast(User, SimpleLazyObject(lambda: _recognized(request, actor)))
        with acting(actor):
            return self._get_response(request)


def _recognized(request: HttpRequest, actor: Actor) -> User | AnonymousUser:
    user = get_user(request)
    actor.become(user.pk)
    return user


@receiver(user_logged_in)
def _arrived(request: HttpRequest, user: User, **_signal: Any) -> None:
    if actor := vars(request).get("actor"):
        actor.become(user.pk)


@receiver(user_logged_out)
def _left(request: HttpRequest, **_signal: Any) -> None:
    if actor := vars(request).get("actor"):
        actor.become(None)
