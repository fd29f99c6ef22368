"""One job at a time, on demand: what stands, what is undone, what is tried again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from autodoctor.scheduler import leases
from autodoctor.scheduler.execution import Outcome, backoff, run
from autodoctor.scheduler.handlers import GiveUp, Retry, always, parked
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import cancel, reschedule, schedule
from autodoctor.scheduler.tests.work import FAR, Facts, Work, noted

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SOON = timedelta(seconds=1)

pytestmark = pytest.mark.django_db
Handle = Callable[..., None]


def held(kind: str, key: str = "1") -> Job:
    """The job as some other loop claimed it."""
    jobs = leases.claim("another", lane=Lane.DEADLINES, until=FAR, limit=10, lease=timedelta(minutes=1))
    return next(job for job in jobs if (job.kind, job.key) == (kind, key))


def fail(job: Job, now: datetime) -> None:
    raise RuntimeError("no luck")


def test_a_due_job_runs_once_and_is_deleted() -> None:
    schedule(Work.NOTE, "1", NOON)
    schedule(Work.CALL, "2", NOON)
    assert run_due(NOON) == 2
    assert (noted("1"), noted("2")) == (1, 1)
    assert run_due(NOON) == 0


def test_calls_can_be_left_to_the_loop() -> None:
    schedule(Work.NOTE, "1", NOON)
    schedule(Work.CALL, "2", NOON)
    assert run_due(NOON, lanes=[Lane.DEADLINES]) == 1
    assert (noted("1"), noted("2")) == (1, 0)


def test_nothing_runs_before_its_time() -> None:
    schedule(Work.NOTE, "1", NOON)
    assert run_due(NOON - timedelta(microseconds=1)) == 0
    assert noted("1") == 0


def test_the_handler_is_told_the_deadline_and_the_time(handle: Handle) -> None:
    told: list[Any] = []
    handle("tell", lambda job, now: told.append((job.due_at, now, job.payload)))
    schedule(Work.TELL, "1", NOON, payload=Facts(color="red"))
    run_due(NOON + timedelta(hours=2))
    assert told == [(NOON, NOON + timedelta(hours=2), {"color": "red"})]


def test_job_scheduled_by_a_running_job_runs_in_the_same_round(handle: Handle) -> None:
    handle("cause", lambda job, now: schedule(Work.NOTE, job.key, now))
    schedule(Work.CAUSE, "1", NOON)
    assert run_due(NOON) == 2
    assert noted("1") == 1


def test_a_job_rescheduled_by_another_meanwhile_is_undone(handle: Handle) -> None:
    schedule(Work.NOTE, "1", NOON)
    job = held("note")
    schedule(Work.NOTE, "1", FAR)
    assert run(job, NOON) is Outcome.SUPERSEDED
    assert noted("1") == 0
    assert Job.objects.get(kind="note").due_at == FAR


def test_a_job_cancelled_by_another_meanwhile_is_undone() -> None:
    schedule(Work.NOTE, "1", NOON)
    job = held("note")
    cancel(Work.NOTE, "1")
    assert run(job, NOON) is Outcome.SUPERSEDED
    assert noted("1") == 0


@pytest.mark.parametrize("meanwhile", ["taken over", "done and scheduled anew"])
def test_run_without_its_lease_is_rolled_back(handle: Handle, meanwhile: str) -> None:
    def lose_it(job: Job, now: datetime) -> None:
        schedule(Work.NOTED, job.key, FAR)
        if meanwhile == "taken over":
            Job.objects.filter(pk=job.pk).update(lease_owner="somebody else")
        else:
            Job.objects.filter(pk=job.pk).delete()
            Job.objects.create(kind=job.kind, key=job.key, due_at=FAR, run_at=FAR)

    handle("lose", lose_it)
    schedule(Work.LOSE, "1", NOON)
    assert run(held("lose"), NOON) is Outcome.SUPERSEDED
    assert noted("1") == 0


def test_run_without_its_lease_cannot_reschedule_its_job(handle: Handle) -> None:
    def lose_it_and_go_on(job: Job, now: datetime) -> None:
        Job.objects.filter(pk=job.pk).update(lease_owner="somebody else")
        schedule(Work(job.kind), job.key, FAR)

    handle("lose", lose_it_and_go_on)
    schedule(Work.LOSE, "1", NOON)
    assert run(held("lose"), NOON) is Outcome.SUPERSEDED
    assert Job.objects.get().due_at == NOON


def test_a_handler_can_reschedule_its_own_job(handle: Handle) -> None:
    def again(job: Job, now: datetime) -> None:
        schedule(Work.NOTED, job.key, FAR)
        schedule(Work(job.kind), job.key, NOON + SOON, payload=Facts(round=1))
        schedule(Work(job.kind), job.key, NOON + SOON, payload=Facts(round=2))

    handle("again", again)
    schedule(Work.AGAIN, "1", NOON)
    assert run_due(NOON) == 1
    job = Job.objects.get(kind="again")
    assert (job.due_at, job.payload, job.lease_owner) == (NOON + SOON, {"round": 2}, "")
    assert noted("1") == 1


def test_handler_cancels_the_job_that_runs(handle: Handle) -> None:
    def done_with(job: Job, now: datetime) -> None:
        cancel(Work(job.kind), job.key)
        schedule(Work.NOTED, job.key, FAR)

    handle("own", done_with)
    schedule(Work.OWN, "1", NOON)
    assert run_due(NOON) == 1
    assert noted("1") == 1
    assert not Job.objects.filter(kind="own").exists()


@pytest.mark.parametrize("again", [False, True])
def test_handler_reschedules_or_cancels_its_job_among_others(handle: Handle, again: bool) -> None:
    def arranged(job: Job, now: datetime) -> None:
        own = {job.kind: NOON + SOON} if again else {}
        reschedule(job.key, cancelled=[] if again else [job.kind], scheduled={"noted": FAR} | own)

    handle("own", arranged)
    schedule(Work.OWN, "1", NOON)
    assert run_due(NOON) == 1
    assert noted("1") == 1
    assert Job.objects.filter(kind="own", due_at=NOON + SOON).exists() is again


def test_a_failed_run_leaves_nothing_but_a_later_try(handle: Handle) -> None:
    def note_and_fail(job: Job, now: datetime) -> None:
        schedule(Work.NOTED, job.key, FAR)
        fail(job, now)

    handle("fail", note_and_fail)
    schedule(Work.FAIL, "1", NOON)
    assert run_due(NOON) == 0
    job = Job.objects.get(kind="fail")
    assert noted("1") == 0
    assert (job.attempts, job.last_error, job.lease_owner) == (1, "RuntimeError: no luck", "")
    assert job.due_at == NOON
    assert NOON + 0.8 * SOON <= job.run_at <= NOON + 3 * SOON


def test_a_retry_keeps_the_idempotency_key(handle: Handle) -> None:
    keys: list[str] = []

    def call(job: Job, now: datetime) -> None:
        keys.append(job.idempotency_key)
        if len(keys) < 3:
            raise Retry(SOON)

    handle("call", call, lane=Lane.MAIL)
    schedule(Work.CALL, "1", NOON)
    for minute in range(3):
        run_due(NOON + timedelta(minutes=minute))
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert not Job.objects.exists()


def test_a_handler_says_when_to_try_again(handle: Handle) -> None:
    def later(job: Job, now: datetime) -> None:
        raise Retry(timedelta(minutes=5))

    handle("later", later)
    schedule(Work.LATER, "1", NOON)
    run_due(NOON)
    assert timedelta(minutes=5) <= Job.objects.get().run_at - NOON < timedelta(minutes=5, seconds=5)


def test_pauses_grow_to_an_hour_and_differ() -> None:
    pauses = [backoff(attempts).total_seconds() for attempts in range(1, 12)]
    for pause, wanted in zip(pauses, [1, 4, 16, 64, 256, 1024, *[3600] * 5], strict=True):
        assert 0.8 * wanted <= pause <= 1.2 * wanted
    assert len({backoff(3) for _ in range(20)}) > 1


@pytest.mark.parametrize("lane", [Lane.DEADLINES, Lane.STRIPE])
def test_a_job_that_keeps_failing_is_parked_and_reported(
    handle: Handle, lane: Lane, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Job] = []
    parked.connect(listener := lambda job, **_: told.append(job))
    handle("fail", fail, attempts=3, lane=lane)
    schedule(Work.FAIL, "1", NOON, payload=Facts(password="hunter2"))
    for _ in range(5):
        run_due(FAR)
        Job.objects.update(run_at=NOON)
    parked.disconnect(listener)
    job = Job.objects.get()
    assert (job.attempts, job.last_error) == (3, "RuntimeError: no luck")
    assert job.parked_at
    assert [(found.key, found.attempts, found.last_error) for found in told] == [("1", 3, "RuntimeError: no luck")]
    assert "fail 1 failed, attempt 3 of 3: RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text
    assert "no luck" not in caplog.text  # a message may quote the payload


def test_a_job_that_gives_up_is_parked_at_once(handle: Handle) -> None:
    def refuse(job: Job, now: datetime) -> None:
        raise GiveUp("no such address")

    handle("refuse", refuse, lane=Lane.MAIL)
    schedule(Work.REFUSE, "1", NOON)
    run_due(NOON)
    job = Job.objects.get()
    assert (job.attempts, job.last_error) == (1, "autodoctor.scheduler.handlers.GiveUp: no such address")
    assert job.parked_at


def test_a_poison_job_does_not_keep_others_from_running(handle: Handle) -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def poison(job: Job, now: datetime) -> None:
        raise {"exits": SystemExit(1), "unprintable": Unprintable(), "long": ValueError("x\0\ud800" * 999)}[job.key]

    handle("poison", poison)
    for key in ("exits", "unprintable", "long", "unknown"):
        schedule(Work.POISON, key, NOON - SOON)
    schedule(Work.NOBODY_KNOWS_THIS, "1", NOON - SOON)
    schedule(Work.NOTE, "1", NOON)
    assert run_due(NOON) == 1
    assert noted("1") == 1
    errors = {job.key: job.last_error for job in Job.objects.exclude(kind="noted")}
    assert errors["1"].endswith("NoHandler: no handler for nobody-knows-this")
    assert len(errors["long"]) == 500


def test_a_call_to_the_outside_runs_outside_the_transaction_that_ends_it(handle: Handle) -> None:
    """A newer version, scheduled while the call was under way, stays."""
    depth = len(transaction.get_connection().savepoint_ids)

    def call(job: Job, now: datetime) -> None:
        assert len(transaction.get_connection().savepoint_ids) == depth
        if not job.payload:
            schedule(Work(job.kind), job.key, FAR, payload=Facts(newer=True))

    handle("call", call, lane=Lane.MAIL)
    schedule(Work.CALL, "1", NOON)
    assert run_due(NOON) == 1
    assert Job.objects.get().payload == {"newer": True}


def test_a_cancelled_call_is_not_made(handle: Handle) -> None:
    schedule(Work.NOTE, "1", NOON)
    schedule(Work.CALL, "1", NOON)
    [job] = leases.claim("another", lane=Lane.MAIL, until=NOON, limit=1, lease=SOON)
    cancel(Work.CALL, "1")
    assert run(job, NOON) is Outcome.SUPERSEDED
    assert noted("1") == 0


def test_a_call_that_kills_its_process_every_time_is_parked(handle: Handle) -> None:
    handle("deadly", fail, lane=Lane.MAIL, attempts=2)
    schedule(Work.DEADLY, "1", NOON)
    for _ in range(3):  # claimed, and never heard of again
        leases.claim("the dead", lane=Lane.MAIL, until=NOON, limit=1, lease=-SOON)
    assert run_due(NOON) == 0
    job = Job.objects.get()
    assert job.parked_at
    assert job.last_error.endswith("HolderDied")


def test_a_recurring_job_goes_on_at_the_next_multiple(handle: Handle) -> None:
    handle("sweep", lambda job, now: schedule(Work.NOTED, "sweep", FAR), every=always(minutes=5))
    leases.ensure_recurring()
    first = Job.objects.get(kind="sweep")
    assert timezone.now() < first.due_at <= timezone.now() + timedelta(minutes=5)
    assert first.due_at.timestamp() % 300 == 0
    long_after = first.due_at + timedelta(hours=1, seconds=7)
    assert run_due(long_after) == 2 - 1
    assert Job.objects.get(kind="sweep").due_at == first.due_at + timedelta(hours=1, minutes=5)
    assert noted("sweep") == 1


def test_a_recurring_job_comes_earlier_when_its_handler_now_says_so(handle: Handle) -> None:
    handle("sweep", fail, every=always(days=100))
    leases.ensure_recurring()
    handle("sweep", fail, every=always(minutes=5))
    leases.ensure_recurring()
    assert Job.objects.get().due_at <= timezone.now() + timedelta(minutes=5)


@pytest.mark.parametrize("lane", [Lane.DEADLINES, Lane.STRIPE])
def test_a_recurring_job_survives_its_failures(handle: Handle, lane: Lane) -> None:
    handle("sweep", fail, every=always(minutes=5), attempts=2, lane=lane)
    leases.ensure_recurring()
    for minutes in (6, 7):
        run_due(timezone.now() + timedelta(minutes=minutes))
    job = Job.objects.get()
    assert job.parked_at is None
    assert job.attempts == 0
    assert job.last_error == "RuntimeError: no luck"
    assert job.due_at > timezone.now() + timedelta(minutes=7)
