"""Add and remove subscribed browsers."""

from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.core.vapid_keys import decoded
from autodoctor.push.browser_names import in_words
from autodoctor.push.models import PushSubscription
from autodoctor.push.push_services import is_known

MOST = 10  # browsers of one person; the oldest goes


def subscribe(
    *, user: User, endpoint: str, p256dh: str, auth: str, agent: str, session_key: str, now: datetime
) -> PushSubscription:
    """Subscribe this person's browser. The same browser again is renewed.

    Raises `Refused` (422) for an unknown push service or invalid keys.
    """
    if not (settings.VAPID_PRIVATE_KEY and is_known(endpoint)):
        raise Refused("unknown_service", _("We cannot send notifications to this browser."), 422, field="endpoint")
    _check_keys(p256dh, auth)
    facts = {
        "user": user,
        "p256dh": p256dh,
        "auth": auth,
        "browser": in_words(agent),
        "signed_in_by": digest(session_key),
        "made_for": settings.VAPID_PUBLIC_KEY,
        "failures": 0,
    }
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two pages at once leave no more than `MOST`
        # Another person's goes, with its messages that are still to be sent: they are not for whoever comes next.
        PushSubscription.objects.filter(endpoint=endpoint).exclude(user=user).delete()
        one, _created = PushSubscription.objects.update_or_create(
            endpoint=endpoint, defaults=facts, create_defaults={**facts, "created_at": now}
        )
        mine = PushSubscription.objects.filter(user=user).exclude(pk=one.pk).order_by("-created_at")
        PushSubscription.objects.filter(pk__in=[old.pk for old in mine[MOST - 1 :]]).delete()
    return one


def unsubscribe(*, user: User, subscription_id: UUID) -> None:
    """Remove a browser. Raises `PushSubscription.DoesNotExist` for one that is not theirs, or missing."""
    PushSubscription.objects.get(user=user, pk=subscription_id).delete()


def leave(*, user_id: UUID, session_key: str | None) -> None:
    """Remove the subscriptions of a cookie session, or of the person: those browsers show no more messages.

    After a change of password a page that is still signed in subscribes its browser again.
    """
    theirs = PushSubscription.objects.filter(user_id=user_id)
    (theirs.filter(signed_in_by=digest(session_key)) if session_key else theirs).delete()


def digest(session_key: str) -> str:
    """Return a digest that compares cookie sessions without revealing them."""
    return salted_hmac("autodoctor.push", session_key, algorithm="sha256").hexdigest()


def _check_keys(p256dh: str, auth: str) -> None:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(p256dh))
        if len(decoded(auth)) != 16:
            raise ValueError("the shared secret has 16 bytes")
    except ValueError as error:
        raise Refused("wrong_keys", _("The keys from this browser are not valid."), 422, field="keys") from error
