"""Subscribe a browser to push messages, and unsubscribe it."""

from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status

from autodoctor.accounts.api_auth import SIGNED_IN, Failure, Invalid, user_of
from autodoctor.push import subscriptions
from autodoctor.push.models import ADDRESS_LENGTH, PushSubscription

router = Router(tags=["push"])


class Keys(Schema):
    p256dh: str = Field(max_length=100)
    auth: str = Field(max_length=40)


class SubscriptionIn(Schema):
    """`PushSubscription.toJSON()` of a browser."""

    endpoint: str = Field(max_length=ADDRESS_LENGTH)
    keys: Keys


class SubscriptionOut(Schema):
    id: UUID
    browser: str


@router.post(
    "/push/subscriptions", response={201: SubscriptionOut, 401: Failure, 403: Failure, 422: Invalid}, auth=SIGNED_IN
)
def subscribe(request: HttpRequest, data: SubscriptionIn) -> Status[PushSubscription]:
    """Subscribe this browser; repeating it renews the subscription. The eleventh replaces the oldest."""
    one = subscriptions.subscribe(
        user=user_of(request),
        endpoint=data.endpoint,
        p256dh=data.keys.p256dh,
        auth=data.keys.auth,
        agent=request.headers.get("User-Agent", ""),
        session_key=request.session.session_key or "",
        now=timezone.now(),
    )
    return Status(201, one)


@router.delete(
    "/push/subscriptions/{uuid:subscription_id}",
    response={204: None, 401: Failure, 403: Failure, 404: Failure},
    auth=SIGNED_IN,
)
def unsubscribe(request: HttpRequest, subscription_id: UUID) -> Status[None]:
    subscriptions.unsubscribe(user=user_of(request), subscription_id=subscription_id)
    return Status(204, None)
