"""Every secret that the database keeps encrypted: seeds of apps and of recovery codes, and browser sessions."""

from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session as BrowserSession
from django.db import transaction

from autodoctor.core import encryption
from autodoctor.core.encryption import Unreadable

SECRETS = ("secret", "seed")  # of an authenticator's data; a passkey has none
AT_ONCE = 500


@dataclass
class Renewal:
    """How many are encrypted by the first key now, and whose second factor no key opens."""

    renewed: int = 0
    unreadable: list[str] = field(default_factory=list)


def renew() -> Renewal:
    """Encrypt everything by the first key. Sessions that no key opens are of people who have to sign in again."""
    done = Renewal()
    for pk in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        _renew_factor(pk, done)
    keys = BrowserSession.objects.values_list("session_key", flat=True)
    for key in keys.iterator(AT_ONCE):
        _renew_session(key, done)
    return done


def _renew_factor(pk: int, done: Renewal) -> None:
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().select_related("user").filter(pk=pk).first()
        if row is None:
            return
        try:
            row.data = _renewed(row.data)
        except Unreadable:
            done.unreadable.append(f"{row.user.email} ({row.type})")
            return
        row.save(update_fields=["data"])
    done.renewed += 1


def _renewed(data: dict[str, Any]) -> dict[str, Any]:
    return data | {name: encryption.renewed(data[name]) for name in SECRETS if name in data}


def _renew_session(key: str, done: Renewal) -> None:
    with transaction.atomic():
        row = BrowserSession.objects.select_for_update().filter(session_key=key).first()
        try:
            renewed = encryption.renewed(row.session_data) if row else ""
        except Unreadable:
            return
        if row:
            BrowserSession.objects.filter(session_key=key).update(session_data=renewed)
            done.renewed += 1
