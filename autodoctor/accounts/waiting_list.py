"""People who asked to be told when a mechanic is available: one mail within a day, to addresses that are theirs.

Whoever types an address gets a link by mail first, and only who follows it is on the list. An address that its
signed-in owner has verified needs no link.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from allauth.account.models import EmailAddress
from django.core import signing
from django.db import transaction

from autodoctor.accounts.models import MechanicProfile, Notify, User
from autodoctor.mail.queue import queue_mail
from autodoctor.rates import counting
from autodoctor.rates.limits import CONFIRMATIONS
from autodoctor.scheduler.handlers import JobKind
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule

NOTIFY_WITHIN = timedelta(hours=24)  # people who asked earlier have found help elsewhere
BATCH = 50  # mails queued at once
BATCH_EVERY = timedelta(seconds=20)  # so that other mails keep their turn
_SALT = "accounts.waiting_list"


class WaitingListJob(JobKind):
    TELL = "accounts.tell_waiting"


def ask(*, email: str, person: User | None, now: datetime) -> bool:
    """Put an address that this person has verified on the list, and return True; mail a link to any other address.

    A mailbox gets few links, whoever asks: a further one is not sent, and the answer is the same.
    """
    email = email.lower()
    if person and EmailAddress.objects.filter(user=person, email__iexact=email, verified=True).exists():
        _remember(email, now)
        return True
    mailbox = mailbox_of(email)
    if counting.allows(CONFIRMATIONS, mailbox, now):
        context = {"token": signing.dumps(email, salt=_SALT)}
        with transaction.atomic():
            key = f"waiting-list:{mailbox[:40]}:{now.timestamp():.0f}"
            queue_mail("accounts/mail/waiting_list", to=email, context=context, key=key, now=now)
    return False


def address_in(token: str) -> str:
    """Return the address that a mailed link confirms; empty if the link is not ours or too old."""
    try:
        return str(signing.loads(token, salt=_SALT, max_age=NOTIFY_WITHIN))
    except signing.BadSignature:
        return ""


def confirm(*, token: str, now: datetime) -> bool:
    """Put the address of a mailed link on the list. False if the link is not ours or too old."""
    email = address_in(token)
    if email:
        _remember(email, now)
    return bool(email)


def tell_later(now: datetime) -> None:
    """A mechanic takes sessions: have everybody on the list told, in the caller's transaction."""
    if Notify.objects.exists():
        schedule(WaitingListJob.TELL, "all", now)


def tell_some(job: Job, now: datetime) -> None:
    """Queue one mail each for the next addresses, which leave the list, and come back for the others.

    Nobody is told while no mechanic takes sessions any more; they stay on the list.
    """
    if not MechanicProfile.objects.filter(taking_sessions=True, user__is_active=True).exists():
        return
    with transaction.atomic():  # whoever is off the list has a mail
        waiting = list(Notify.objects.select_for_update().order_by("asked_at", "pk")[:BATCH])
        for asked in waiting:
            if asked.asked_at > now - NOTIFY_WITHIN:
                key = f"mechanic-available:{asked.pk}"
                queue_mail("accounts/mail/mechanic_available", to=asked.email, context={}, key=key, now=now)
        Notify.objects.filter(pk__in=[asked.pk for asked in waiting]).delete()
        if Notify.objects.exists():
            schedule(WaitingListJob.TELL, "all", now + BATCH_EVERY)


def delete_expired(now: datetime) -> None:
    Notify.objects.filter(asked_at__lte=now - NOTIFY_WITHIN).delete()


def mailbox_of(email: str) -> str:
    """Return a hash that is the same for all `name+anything@` of one mailbox."""
    name, _at, host = email.rpartition("@")
    return sha256(f"{name.partition('+')[0]}@{host}".encode()).hexdigest()


def _remember(email: str, now: datetime) -> None:
    Notify.objects.update_or_create(email=email, defaults={"asked_at": now})
