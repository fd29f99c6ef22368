"""Sign-out removes the browser's subscription."""

from uuid import UUID

from django.dispatch import receiver

from autodoctor.accounts.signals import access_changed
from autodoctor.push import subscriptions


@receiver(access_changed)
def forget_browsers(sender: object, user_id: UUID, session_key: str | None, **rest: object) -> None:
    subscriptions.leave(user_id=user_id, session_key=session_key)
