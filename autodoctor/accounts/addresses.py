"""Allauth looks whether an address is free, and writes it later: in between another request may have taken it."""

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from autodoctor.accounts.models import User
from autodoctor.core.locking import hold

View = Callable[..., HttpResponseBase]


def anew_if_taken(view: View) -> View:
    """Return the view; a form is one transaction, with its person locked. If the address was taken meanwhile, what was
    done is undone, and done anew: then the view sees it, and says so.
    """

    @wraps(view)
    def sent(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        before = deepcopy(dict(request.session.items()))
        try:
            return _in_one_transaction(view, request, *args, **kwargs)
        except IntegrityError:
            request.session.clear()
            request.session.update(before)
            return _in_one_transaction(view, request, *args, **kwargs)

    return sent


@transaction.atomic
def _in_one_transaction(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    if isinstance(request.user, User):
        hold(User.objects.all(), request.user.pk)
    return view(request, *args, **kwargs)
