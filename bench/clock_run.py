"""One run of `bench.clock`, in a process of its own: `python -m bench.clock_run WORK SESSIONS SECONDS`."""

import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import quantiles
from uuid import UUID, uuid4

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.mail.jobs import JOBS as MAIL
from autodoctor.payments.jobs import JOBS as PAYMENTS
from autodoctor.payments.models import Payment
from autodoctor.scheduler.handlers import Handler, JobKind
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import Scheduler
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import cancel, schedule
from autodoctor.sessions.jobs.handlers import JOBS as SESSIONS
from autodoctor.sessions.models import Connection, Participant, Process, Session, SessionEvent
from autodoctor.sessions.states import State
from bench.kit.figures import Figure, as_json

AIM_SECONDS = 0.100
CALL_SECONDS = 0.2  # what a call to Stripe takes
ENDS = "session.time_up"


class Due(JobKind):
    """The jobs of rules that a synthetic end touches."""

    CAP = "session.cap"
    REMINDER = "summary.reminder"
    ALERT = "summary.alert"


BATCH = 1000
SEEDED_A_SECOND = 400  # at least


class Lateness:
    """Seconds from each deadline to its commit, and how many ran before their time."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.early = 0
        self._lock = threading.Lock()

    def watch(self, run: Callable[[Job, datetime], None]) -> Callable[[Job, datetime], None]:
        def watched(job: Job, now: datetime) -> None:
            with self._lock:
                self.early += timezone.now() < job.due_at
            run(job, now)
            transaction.on_commit(lambda: self._note(job.due_at))

        return watched

    def _note(self, due_at: datetime) -> None:
        late = (timezone.now() - due_at).total_seconds()
        with self._lock:
            self.seconds.append(late)


def main(work: str, sessions: int, seconds: float) -> None:
    settings.DEBUG = False
    call_command("migrate", verbosity=0)
    lateness = Lateness()
    handlers = _handlers(work, lateness)
    settings.CLOCK_HANDLERS = f"{__name__}.HANDLERS"
    globals()["HANDLERS"] = handlers
    starts_at = timezone.now() + timedelta(seconds=5 + sessions / SEEDED_A_SECOND)
    _seed(sessions, starts_at, seconds)
    if timezone.now() > starts_at - timedelta(seconds=2):
        sys.exit("this machine is too busy: the first sessions ended before all were there")
    clock = Scheduler()
    clock.start()
    began = time.process_time(), time.monotonic()
    _wait(lateness, sessions, starts_at + timedelta(seconds=seconds + 60))
    used = time.process_time() - began[0]
    lasted = time.monotonic() - began[1]
    clock.stop()
    print(as_json(_report(work, sessions, seconds, lateness, used / lasted)))


def _wait(lateness: Lateness, sessions: int, at_most: datetime) -> None:
    while len(lateness.seconds) < sessions and timezone.now() < at_most:
        time.sleep(0.2)


def _report(work: str, sessions: int, seconds: float, lateness: Lateness, cpu: float) -> list[Figure]:
    ended = Session.objects.filter(state=State.COMPLETED).count()
    waiting = Job.objects.exclude(lane=Lane.DEADLINES).count()
    percents = quantiles(lateness.seconds, n=100)
    met = lateness.early == 0 and percents[98] <= AIM_SECONDS and len(lateness.seconds) == ended == sessions
    print(
        f"{connection.vendor:10} {work:9} {sessions} ends in {seconds:g} s: late p50 {percents[49] * 1000:.1f} ms, "
        f"p99 {percents[98] * 1000:.1f} ms, most {max(lateness.seconds) * 1000:.1f} ms; early {lateness.early}; "
        f"ended {ended}; one core {cpu:.0%} busy; calls left {waiting}: aim {'met' if met else 'MISSED'}",
        file=sys.stderr,
    )
    what = f"{work}, {connection.vendor}"
    late = Figure(what, "ms late, p99", percents[98] * 1000, AIM_SECONDS * 1000, "the aim")
    return [late, Figure(what, "early", lateness.early)]


def _handlers(work: str, lateness: Lateness) -> dict[str, Handler]:
    """Only what goes to others is stood in for, by a wait."""
    known = {**MAIL, **PAYMENTS, **SESSIONS}
    call = Handler(lambda job, now: time.sleep(CALL_SECONDS), lane=Lane.STRIPE)
    known |= {kind: call for kind in known if kind.startswith("payment.") and known[kind].lane is Lane.STRIPE}
    end = _synthetic_end if work == "synthetic" else known[ENDS].run
    return known | {ENDS: Handler(lateness.watch(end))}


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


def _seed(count: int, starts_at: datetime, seconds: float) -> None:
    """Live sessions with both sides in, a held booking each, and the deadlines that they have then."""
    now = timezone.now()
    process = Process.objects.create(host="bench", pid=1, renewed_at=now, expires_at=now + timedelta(hours=1))
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        ends = [starts_at + timedelta(seconds=seconds * number / count) for number in numbers]
        with transaction.atomic():
            _seed_batch(ends, process, now)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _seed_batch(ends: list[datetime], process: Process, now: datetime) -> None:
    customers, mechanics = _people(len(ends), "customer"), _people(len(ends), "mechanic")
    MechanicProfile.objects.bulk_create(
        MechanicProfile(user=user, state=MechanicProfile.State.APPROVED, years_experience=1) for user in mechanics
    )
    parties = list(zip(customers, mechanics, strict=True))
    sessions = Session.objects.bulk_create(
        _live(customer, mechanic, ends_at, now) for (customer, mechanic), ends_at in zip(parties, ends, strict=True)
    )
    seats = [
        (session, user, role)
        for session, party in zip(sessions, parties, strict=True)
        for user, role in zip(party, ("customer", "mechanic"), strict=True)
    ]
    Participant.objects.bulk_create(
        Participant(session=session, user=user, role=role, present=True, joined_at=now) for session, user, role in seats
    )
    Connection.objects.bulk_create(
        Connection(process=process, session=session, user=user, role=role, joined=True, opened_at=now)
        for session, user, role in seats
    )
    Payment.objects.bulk_create(_held(session, now) for session in sessions)
    Job.objects.bulk_create(job for session in sessions for job in _deadlines(session))


def _people(count: int, role: str) -> list[User]:
    return User.objects.bulk_create(
        User(email=f"{uuid4().hex}@example.com", name=role.title(), password="!") for _ in range(count)
    )


def _live(customer: User, mechanic: User, ends_at: datetime, now: datetime) -> Session:
    began = ends_at - timedelta(minutes=45)
    return Session(
        kind="video",
        state=State.LIVE,
        customer=customer,
        mechanic=mechanic,
        plan_slug="video",
        plan_name="Standard Video",
        price_cents=2999,
        granted_seconds=45 * 60,
        vehicle={"make": "Volvo", "model": "240", "year": 1987},
        concern="It rattles when cold.",
        waiver_at=began,
        seq=5,
        state_seq=5,
        clock_seq=5,
        state_at=began,
        created_at=began,
        payable_until=began,
        requested_at=began,
        accepted_at=began,
        started_at=began,
        ends_at=ends_at,
        clock_at=now,
    )


def _held(session: Session, now: datetime) -> Payment:
    return Payment(
        owner_id=session.id,
        payer=session.customer,
        purpose=Payment.Purpose.BOOKING,
        state=Payment.State.AUTHORIZED,
        amount_cents=session.price_cents,
        currency="usd",
        seconds=session.granted_seconds,
        created_at=now,
    )


def _deadlines(session: Session) -> list[Job]:
    assert session.started_at
    assert session.ends_at
    due = {ENDS: session.ends_at, Due.CAP: session.started_at + timedelta(hours=3)}
    return [Job(kind=kind, key=str(session.id), due_at=moment, run_at=moment) for kind, moment in due.items()]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
