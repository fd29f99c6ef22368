"""How each lane runs, and which of them stands still."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from autodoctor.scheduler.handlers import Handler, JobKind, JobPayload, always
from autodoctor.scheduler.lanes import Lane, limits_of
from autodoctor.scheduler.models import Job, LaneState
from autodoctor.scheduler.queue import schedule

NOTED_EVERY_SECONDS = 10.0  # of one lane and process; far shorter than any patience
FEW = 3  # so many jobs that fail are no longer the jobs' own fault, if meanwhile none succeeds


class LaneJob(JobKind):
    WATCH = "lanes.watch"


class LaneFact(JobKind):
    """What has become true of a lane, its key."""

    STANDS_STILL = "lane.stands_still"
    RUNS_AGAIN = "lane.runs_again"


class LaneNews(JobPayload):
    """What the fact carries that a lane stands still."""

    waiting: int
    failing: int
    since: str  # ISO 8601


@dataclass(frozen=True)
class LaneStatus:
    """`waiting`: all jobs to come, `due`: those that nobody has begun yet, `failing`: those that are tried again."""

    lane: Lane
    waiting: int = 0
    due: int = 0
    running: int = 0
    failing: int = 0
    oldest_due: datetime | None = None
    oldest_failing: datetime | None = None
    last_done_at: datetime | None = None

    def still_since(self, now: datetime) -> datetime | None:
        """Return since when nothing moves; None while the lane runs.

        Either nobody begins what is due, or several jobs keep failing and none succeeds: a service is gone.
        """
        patience_began = now - limits_of(self.lane).patience
        if self.oldest_due and self.oldest_due <= patience_began:
            return self.oldest_due
        idle = self.last_done_at is None or self.last_done_at <= patience_began
        if idle and self.failing >= FEW and self.oldest_failing and self.oldest_failing <= patience_began:
            return self.oldest_failing
        return None


def statuses(now: datetime) -> list[LaneStatus]:
    """Return all lanes. Two short queries: what has happened leaves no rows."""
    waits, unleased = Q(parked_at=None), Q(leased_until=None) | Q(leased_until__lte=now)
    due, failing = Q(run_at__lte=now) & unleased, Q(attempts__gt=0)
    found = Job.objects.filter(waits).order_by().values("lane")
    rows = found.annotate(
        waiting=Count("id"),
        due=Count("id", filter=due),
        running=Count("id", filter=~unleased & Q(run_at__lte=now)),
        failing=Count("id", filter=failing),
        oldest_due=Min("run_at", filter=due),
        oldest_failing=Min("due_at", filter=failing),
    )
    facts: dict[str, dict[str, Any]] = {row["lane"]: dict(row) for row in rows}
    done = dict(LaneState.objects.values_list("lane", "last_done_at"))
    return [LaneStatus(last_done_at=done.get(lane), **{**facts.get(lane, {}), "lane": lane}) for lane in Lane]


def note_success(lane: Lane, now: datetime) -> None:
    """Note that the lane runs."""
    LaneState.objects.update_or_create(lane=lane, defaults={"last_done_at": now})


def standing_still() -> list[LaneState]:
    """Return the lanes that stand still, as the watch has seen them last."""
    return list(LaneState.objects.exclude(still_since=None))


def watch(job: Job, now: datetime) -> None:
    """Say once that a lane stands still, and once that it runs again. Runs in a transaction."""
    _tell(statuses(now), now)


def _tell(seen: Iterable[LaneStatus], now: datetime) -> None:
    known = {state.lane: state.still_since for state in LaneState.objects.all()}
    for status in seen:
        lane, since = status.lane, status.still_since(now)
        if (since is None) is (known.get(lane) is None):
            continue
        LaneState.objects.update_or_create(lane=lane, defaults={"still_since": since})
        if since:
            news = LaneNews(waiting=status.due, failing=status.failing, since=since.isoformat())
            schedule(LaneFact.STANDS_STILL, lane, now, payload=news)
        else:
            schedule(LaneFact.RUNS_AGAIN, lane, now)


JOBS: dict[str, Handler] = {LaneJob.WATCH: Handler(watch, every=always(minutes=1))}
