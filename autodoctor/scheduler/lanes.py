"""Lanes: what waits for one service never waits for another, and nothing that waits for a service delays a deadline."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import connection, models
from django.utils.translation import gettext_lazy as _


class Lane(models.TextChoices):
    """Whose workers run a job. Each lane has workers of its own, by what its jobs may have to wait for.

    Jobs of `DEADLINES` run inside a transaction, jobs of all other lanes outside any.
    """

    DEADLINES = "deadlines", _("Deadlines")  # our database, for milliseconds
    INSIDE = "inside", _("Upkeep")  # our database, for longer
    STRIPE = "stripe", _("Stripe")
    MAIL = "mail", _("Email")  # the mail server alone: sign-in codes wait for nothing else
    PUSH = "push", _("Push messages")
    FILES = "files", _("Files")  # the file store
    HEAVY = "heavy", _("Documents")  # typesetting, and the mails that carry the documents
    SPEECH = "speech", _("Transcripts")  # a model that takes minutes and all cores: documents must not wait for it

    @property
    def in_transaction(self) -> bool:
        return self is Lane.DEADLINES


# What may run in a process of its own: calls need the interpreter that deadlines need as well.
PARTS: Final = {
    "deadlines": (Lane.DEADLINES,),
    "calls": tuple(lane for lane in Lane if not lane.in_transaction),
}


@dataclass(frozen=True)
class Limits:
    """How a lane runs.

    `workers`: how many jobs at once. `lease`: what a dead process's job waits for; a running job renews it.
    `longest`: a run that lasts longer is no longer renewed, so that another process takes the job over.
    `patience`: work that nobody has begun for so long means that the lane stands still.
    """

    workers: int
    lease: timedelta
    longest: timedelta
    patience: timedelta


def _calls(workers: int, *, longest: timedelta = timedelta(minutes=10)) -> Limits:
    """Work outside: a lease that outlasts a restart of the database, so that nothing is sent twice for it."""
    return Limits(workers, timedelta(seconds=60), longest, timedelta(minutes=5))


_LIMITS: Final = {
    # The second wall is the database's own limit on idle transactions: five seconds.
    Lane.DEADLINES: Limits(4, timedelta(seconds=15), timedelta(seconds=60), timedelta(seconds=30)),
    Lane.INSIDE: _calls(2, longest=timedelta(hours=1)),
    Lane.STRIPE: _calls(6, longest=timedelta(hours=1)),  # a night's reconciliation reads long lists
    Lane.MAIL: _calls(3),
    Lane.PUSH: _calls(3),
    Lane.FILES: _calls(2, longest=timedelta(hours=1)),
    Lane.HEAVY: _calls(2, longest=timedelta(hours=1)),
    Lane.SPEECH: Limits(1, timedelta(seconds=60), timedelta(hours=3), timedelta(hours=3)),
}
_ONE_WRITER = 1  # SQLite lets one transaction write at a time


def limits_of(lane: Lane) -> Limits:
    found = _LIMITS[lane]
    if lane.in_transaction and connection.vendor == "sqlite":
        return Limits(_ONE_WRITER, found.lease, found.longest, found.patience)
    return found
