"""Access of API operations. Every operation names one of these; none is open by default."""

import hmac
from typing import Any, cast

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Schema
from ninja.errors import HttpError
from ninja.security import HttpBearer, SessionAuth
from ninja.utils import check_csrf

from autodoctor.accounts.models import Role, User
from autodoctor.accounts.security_log import note

STALE = _("This page is out of date. Reload it and try again.")


class Failure(Schema):
    """The form of every refusal."""

    error: str
    detail: str


class Invalid(Failure):
    """Bad input: what is wrong, for each field; `body` is the whole of it."""

    fields: dict[str, str]


class Cookie(SessionAuth):
    """The cookie session with CSRF. `roles` limits access; everybody else gets the same 404."""

    def __init__(self, access: str, *roles: Role) -> None:
        super().__init__(csrf=True)
        self.access, self.roles = access, roles

    def __call__(self, request: HttpRequest) -> Any:
        """Check the person first: a signed-out caller gets 401, not a missing token."""
        user = self.authenticate(request, None)
        if user is not None and check_csrf(request):
            raise HttpError(403, str(STALE))
        return user

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        if not request.user.is_authenticated:
            return None
        if self.roles and user_of(request).role not in self.roles:
            note("Access refused: another role", request, user_of(request), access=self.access)
            raise Http404
        return request.user


class AnyPage(SessionAuth):
    """Any page of this site, signed in or not; other sites cannot send requests."""

    access = "anyone"

    def __call__(self, request: HttpRequest) -> Any:
        if check_csrf(request):
            raise HttpError(403, str(STALE))
        return True


class CronSecret(HttpBearer):
    """`Authorization: Bearer $CRON_SECRET`; without a configured secret nobody has access."""

    access = "cron"

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        expected = settings.CRON_SECRET.encode()
        return bool(expected) and hmac.compare_digest(token.encode(), expected)


ANYONE = AnyPage()
SIGNED_IN = Cookie("signed_in")
CUSTOMER = Cookie("customer", Role.CUSTOMER)
MECHANIC = Cookie("mechanic", Role.MECHANIC)
CRON = CronSecret()


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)
