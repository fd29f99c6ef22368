"""Sessions of staff: short, and whole only after a second factor. Pages, API, uploads and sockets all ask here."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY, record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.accounts.sign_out import end_other_sessions

SIGNED_IN_AT, ACTIVE_AT = "signed_in_at", "active_at"  # seconds since 1970
NOTED_EVERY = timedelta(minutes=1)  # activity within it is not written down again
_EXPIRY = "_session_expiry"  # Django's own: what `set_expiry` has stored


class Standing(Enum):
    """What a session of this person is good for now."""

    WHOLE = auto()
    OVER = auto()
    WITHOUT_FACTOR = auto()  # only the page that sets one up


def standing(user: User, content: Mapping[str, Any], now: datetime) -> Standing:
    """Judge a session by its content. Sessions of customers and mechanics are always whole."""
    if not user.is_staff:
        return Standing.WHOLE
    if _end(content) <= now:
        return Standing.OVER
    if not settings.STAFF_SECOND_FACTOR:
        return Standing.WHOLE
    if not has_second_factor(user):
        return Standing.WITHOUT_FACTOR
    # Signed in by the password alone, before there was a factor.
    return Standing.WHOLE if _gave_second_factor(content) else Standing.OVER


def has_second_factor(user: User) -> bool:
    """Return whether the person has an app or a key. Recovery codes alone are none."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=kinds).exists())


def note_activity(session: SessionBase, now: datetime) -> None:
    """Write down that the person did something, at most once a minute."""
    if now.timestamp() - float(session.get(ACTIVE_AT, 0)) >= NOTED_EVERY.total_seconds():
        session[ACTIVE_AT] = now.timestamp()


def limit(session: SessionBase) -> None:
    """Let the session's row and cookie end when the session does."""
    end = _end(session)
    if session.get(_EXPIRY) != end.isoformat():
        session.set_expiry(end)


def _end(content: Mapping[str, Any] | SessionBase) -> datetime:
    """Return when the session ends: long ago where it does not say when it began."""
    began = float(content.get(SIGNED_IN_AT, 0))
    active = float(content.get(ACTIVE_AT, began))
    end = min(began + settings.STAFF_SESSION, active + settings.STAFF_SESSION_IDLE)
    return datetime.fromtimestamp(end, UTC)


def _gave_second_factor(content: Mapping[str, Any]) -> bool:
    records = content.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    return any(record.get("method") == "mfa" for record in records)


@receiver(user_logged_in)
def _began(request: HttpRequest, user: User, **_signal: object) -> None:
    request.session[SIGNED_IN_AT] = request.session[ACTIVE_AT] = timezone.now().timestamp()
    if user.is_staff:
        limit(request.session)


@receiver(authenticator_added)
def _proved(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: object) -> None:
    """Who has just typed a code of the new app or touched the new key need not do it again."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


@receiver([authenticator_added, authenticator_removed])
def _end_others(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: object) -> None:
    """Another way to sign in ends the sessions that began by the earlier ones, but for this browser's."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        end_other_sessions(request, user)
