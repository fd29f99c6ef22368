"""A mechanic takes sessions again, or is out of a session: whoever asked to hear of it gets one mail and one push
message.

Derived every minute from who is free, so that no way of coming back is forgotten, and a crash costs a minute.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from autodoctor.accounts import favorites
from autodoctor.accounts.models import Favorite
from autodoctor.core import links
from autodoctor.mail.queue import queue_mail
from autodoctor.push.queue import PushNote, queue_push
from autodoctor.scheduler.models import Job
from autodoctor.sessions.queries import eligibility
from autodoctor.sessions.queries.private_requests import open_request_to

BATCH = 200  # in one run; the others a minute later
IS_NEWS = timedelta(hours=1)


def tell_of_return(job: Job, now: datetime) -> None:
    """Tell the next customers whose mechanics are free now, each in a transaction of their own, and once."""
    for favorite in favorites.to_be_told(now, of=eligibility.free_mechanics(now))[:BATCH]:
        with transaction.atomic():
            if favorites.mark_told(favorite):
                _tell(favorite, now)


def _tell(favorite: Favorite, now: datetime) -> None:
    """Lead to the request that already waits for the mechanic, else to the intake."""
    customer, mechanic = favorite.customer, favorite.mechanic
    waiting = open_request_to(customer, mechanic)
    path = links.room_page(waiting.id) if waiting else links.ask(mechanic.id)
    facts = {"mechanic": mechanic.name, "path": path, "waits": "yes" if waiting else ""}
    key = f"{favorite.pk}:back:{now.timestamp():.0f}"
    queue_mail("sessions/mail/mechanic_back", to=customer, context=facts, key=key, now=now)
    queue_push(_note(mechanic.name, path, key, waits=bool(waiting), now=now), to=[customer.pk], now=now)


def _note(name: str, path: str, topic: str, *, waits: bool, now: datetime) -> PushNote:
    return PushNote(
        title=_("%(name)s is back") % {"name": name},
        body=_("Your request is in front of them now.") if waits else _("You can ask for them now."),
        path=path,
        topic=topic,
        until=now + IS_NEWS,
        urgent=waits,
    )
