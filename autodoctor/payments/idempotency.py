"""Idempotency keys: the same key while an outcome is unknown, another one once an answer is final.

Stripe keeps its answer under a key for 24 hours, a failure of its own (500) and a refusal too: a call that repeats
that key gets the same answer all day. A final answer is therefore counted here. The next call first looks up whether
anything came about after all, and then asks with another key.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.utils import timezone

from autodoctor.payments.models import FailedKey
from autodoctor.payments.stripe import PaymentError

Done = TypeVar("Done")


def once(name: str, act: Callable[[str], Done], *, came_about: Callable[[datetime], Done | None] | None = None) -> Done:
    """Return the outcome of this change at Stripe; `act` gets the key.

    After a final answer `came_about` looks at Stripe for the outcome of an earlier call, given the time of the first
    such answer. Without it, the caller has looked before each call, or Stripe itself refuses to do it twice. Raises
    `PaymentError`. Must not run in a transaction.
    """
    failed = FailedKey.objects.filter(name=name).first()
    if failed and came_about and (found := came_about(failed.first_failed_at)) is not None:
        return found
    number = failed.number if failed else 0
    try:
        return act(f"{name}:{number}" if number else name)
    except PaymentError as error:
        if error.final:
            _leave(name, number)
        raise


def has_failed(name: str) -> bool:
    """Return whether the last answer to this change was final, and not what was wanted."""
    return FailedKey.objects.filter(name=name).exists()


def begin_anew(name: str) -> None:
    """Do this change once more under another key: what came about of it is gone."""
    failed = FailedKey.objects.filter(name=name).first()
    _leave(name, failed.number if failed else 0)


def _leave(name: str, number: int) -> None:
    """Use this key no more. Of two callers with the same answer one counts."""
    first = {"number": 1, "first_failed_at": timezone.now()}
    failed, new = FailedKey.objects.get_or_create(name=name, defaults=first)
    if not new:
        FailedKey.objects.filter(name=failed.name, number=number).update(number=number + 1)
