"""A clock of `bench.clock` in a process of its own, until its input ends: `python -m bench.clock_child WORK LANE …`."""

import json
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import django

django.setup()

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from autodoctor.core.threads import settle_in
from autodoctor.mail.jobs import JOBS as MAIL
from autodoctor.payments.jobs import JOBS as PAYMENTS
from autodoctor.scheduler.handlers import Handler, JobKind
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import Scheduler
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import cancel, schedule
from autodoctor.sessions.jobs.handlers import JOBS as SESSIONS
from autodoctor.sessions.models import Participant, Session, SessionEvent
from autodoctor.sessions.states import State

CALL_SECONDS = 0.2  # what a call to Stripe takes
ENDS = "session.time_up"
Together = Callable[[Sequence[Job], datetime], Collection[Job]]


class Due(JobKind):
    """The jobs of rules that a synthetic end touches."""

    CAP = "session.cap"
    REMINDER = "summary.reminder"
    ALERT = "summary.alert"


class Lateness:
    """Seconds from each deadline to its commit, how many ran before their time, and the moment of the last commit."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.early = 0
        self.last = 0.0
        self._lock = threading.Lock()

    def watch(self, handler: Handler) -> Handler:
        together = self._watch_all(handler.together) if handler.together else None
        return replace(handler, run=self._watch_one(handler.run), together=together)

    def _watch_one(self, run: Callable[[Job, datetime], None]) -> Callable[[Job, datetime], None]:
        def watched(job: Job, now: datetime) -> None:
            self._begin([job])
            run(job, now)
            transaction.on_commit(lambda: self._note([job]))

        return watched

    def _watch_all(self, together: Together) -> Together:
        def watched(jobs: Sequence[Job], now: datetime) -> Collection[Job]:
            self._begin(jobs)
            done = together(jobs, now)
            transaction.on_commit(lambda: self._note(done))
            return done

        return watched

    def _begin(self, jobs: Sequence[Job]) -> None:
        now = timezone.now()
        with self._lock:
            self.early += sum(now < job.due_at for job in jobs)

    def _note(self, jobs: Collection[Job]) -> None:
        now = timezone.now()
        with self._lock:
            self.seconds += [(now - job.due_at).total_seconds() for job in jobs]
            self.last = now.timestamp()


def main(work: str, lanes: Collection[Lane]) -> None:
    settings.DEBUG = False
    lateness = Lateness()
    settings.CLOCK_HANDLERS = f"{__name__}.HANDLERS"
    globals()["HANDLERS"] = _handlers(work, lateness)
    settle_in()
    clock = Scheduler(lanes=lanes)
    clock.start()
    print("ready", flush=True)
    began = time.process_time(), time.monotonic()
    sys.stdin.readline()
    cpu = (time.process_time() - began[0]) / (time.monotonic() - began[1])
    clock.stop(seconds=1)
    print(json.dumps({"late": lateness.seconds, "early": lateness.early, "last": lateness.last, "cpu": cpu}))


def _handlers(work: str, lateness: Lateness) -> dict[str, Handler]:
    """Only what goes to others is stood in for, by a wait."""
    known = {**MAIL, **PAYMENTS, **SESSIONS}
    call = Handler(lambda job, now: time.sleep(CALL_SECONDS), lane=Lane.STRIPE)
    known |= {kind: call for kind in known if kind.startswith("payment.") and known[kind].lane is Lane.STRIPE}
    end = Handler(_synthetic_end) if work == "synthetic" else known[ENDS]
    return known | {ENDS: lateness.watch(end)}


def _synthetic_end(job: Job, now: datetime) -> None:
    """Eight queries with the loop's two: lock, read, claim, append, and three changes to the table of due work."""
    session = Session.objects.select_for_update().get(pk=UUID(job.key))
    list(Participant.objects.filter(session=session))
    Session.objects.filter(pk=session.pk, state=State.LIVE).update(
        state=State.COMPLETED, ended_at=job.due_at, end_reason="time_up", seq=session.seq + 1
    )
    SessionEvent.objects.create(session=session, seq=session.seq + 1, kind="session.ended", at=job.due_at)
    cancel(Due.CAP, job.key)
    schedule(Due.REMINDER, job.key, job.due_at + timedelta(minutes=30))
    schedule(Due.ALERT, job.key, job.due_at + timedelta(hours=48))


if __name__ == "__main__":
    main(sys.argv[1], [Lane(name) for name in sys.argv[2:]])
