"""Keep which people our mails do not reach, so that pages can say so."""

from typing import Any

from allauth.account.signals import email_confirmed
from django.dispatch import receiver

from autodoctor.accounts.models import User
from autodoctor.mail.failures import address_failed, address_reached


@receiver(address_failed)
def mark(address: str, **_: object) -> None:
    User.objects.filter(email=address.lower()).update(mail_fails_to=address.lower())


@receiver(address_reached)
def clear(address: str, **_: object) -> None:
    User.objects.filter(mail_fails_to=address.lower()).update(mail_fails_to="")


@receiver(email_confirmed)
def clear_confirmed(email_address: Any, **_: object) -> None:
    """A code from a mail was typed in: the address works again."""
    clear(str(email_address.email))
