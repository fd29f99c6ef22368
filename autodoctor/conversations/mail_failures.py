"""Keep which visitors' addresses our mails do not reach, so that support sees it beside the question."""

from django.dispatch import receiver

from autodoctor.conversations.models import Conversation
from autodoctor.mail.failures import address_failed, address_reached


@receiver(address_failed)
def mark(address: str, **_: object) -> None:
    Conversation.objects.filter(email=address.lower()).exclude(email="").update(mail_fails=True)


@receiver(address_reached)
def clear(address: str, **_: object) -> None:
    Conversation.objects.filter(email=address.lower(), mail_fails=True).exclude(email="").update(mail_fails=False)
