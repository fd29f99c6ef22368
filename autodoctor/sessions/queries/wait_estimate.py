"""Estimate how long a request waits for a mechanic, from recent requests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from statistics import quantiles

from django.db.models import Q
from django.db.models.functions import Coalesce

from autodoctor.core import acting
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import EndReason, State

DAYS = 7
AROUND = timedelta(hours=2)  # mechanics answer more slowly at night
FEWEST, MOST = 8, 40  # requests; fewer say nothing


@dataclass(frozen=True)
class Estimate:
    """Half of the last `count` requests waited between `low` and `high` minutes; `median` is the middle value."""

    low: int
    median: int
    high: int
    count: int


def estimate_wait(now: datetime) -> Estimate | None:
    """Estimate from the last requests at this time of day; None if there were too few.

    Requests that nobody accepted count with their full wait. Otherwise a night without mechanics would look fast.
    """
    waits = _waits(now)
    if len(waits) < FEWEST:
        return None
    low, median, high = (_minutes(seconds) for seconds in quantiles(waits, n=4, method="inclusive"))
    return Estimate(low, median, high, len(waits))


@acting.system
def _waits(now: datetime) -> list[float]:
    """Return waits in seconds, from a limited number of rows by one index. Private requests are not counted, and one
    that was opened counts from then on.
    """
    moments = [now - timedelta(days=day) for day in range(DAYS + 1)]
    at_this_hour = reduce(or_, (Q(requested_at__range=(at - AROUND, min(now, at + AROUND))) for at in moments))
    answered = Q(accepted_at__isnull=False) | Q(end_reason__in=[EndReason.UNATTENDED, EndReason.NEVER_STARTED])
    rows = Session.objects.filter(at_this_hour, answered, requested_at__gt=now - timedelta(days=DAYS))
    rows = rows.exclude(state=State.REQUESTED)  # released requests that wait again
    in_queue = rows.filter(private_until=None).annotate(since=Coalesce("opened_at", "requested_at"))
    recent = in_queue.order_by("-requested_at").values_list("since", "accepted_at", "ended_at")[:MOST]
    return [((accepted or ended or now) - since).total_seconds() for since, accepted, ended in recent if since]


def _minutes(seconds: float) -> int:
    """Round up, so that the promise is not too short."""
    return -int(-seconds // 60)
