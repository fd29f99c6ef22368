"""Many jobs of one kind in one transaction: what stands, what is undone, and what runs alone."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

import pytest
from django.db import connection, transaction
from django.utils import timezone

from autodoctor.scheduler import leases
from autodoctor.scheduler.execution import run, run_together
from autodoctor.scheduler.handlers import Handler, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import Scheduler, run_due
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import cancel, schedule
from autodoctor.scheduler.tests.work import FAR, Work, note, note_all, noted
from autodoctor.scheduler.waiting_jobs import TOGETHER, WaitingJobs
from tests.kit.waiting import PATIENCE, until

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SOON = timedelta(seconds=1)
Handle = Callable[..., None]
StartClock = Callable[..., Scheduler]
StartChild = Callable[..., "subprocess.Popen[str]"]
in_one_transaction = pytest.mark.django_db
commits = pytest.mark.django_db(transaction=True)


class Batches:
    """A handler that notes each job, and how many came together."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.alone: list[str] = []

    def run(self, job: Job, now: datetime) -> None:
        self.alone.append(job.key)
        note(job, now)

    def together(self, jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
        self.sizes.append(len(jobs))
        return note_all(jobs, now)


@pytest.fixture
def batches(handle: Handle) -> Batches:
    found = Batches()
    handle("work", found.run, together=found.together)
    return found


def claimed() -> list[Job]:
    return leases.claim("another", lane=Lane.DEADLINES, until=FAR - SOON, limit=100, lease=timedelta(minutes=1))


def schedule_work(count: int, kind: Work = Work.WORK, due_at: datetime = NOON) -> list[str]:
    keys = [str(number) for number in range(count)]
    with transaction.atomic():  # no process sees the first of them before the last is there
        for key in keys:
            schedule(kind, key, due_at)
    return keys


@in_one_transaction
def test_due_jobs_of_one_kind_run_together(batches: Batches) -> None:
    keys = schedule_work(7)
    schedule(Work.NOTE, "other", NOON)
    schedule(Work.WORK, "later", NOON + SOON)
    assert run_due(NOON) == 8
    assert (batches.sizes, batches.alone) == ([7], [])
    assert {noted(key) for key in (*keys, "other")} == {1}
    assert [job.key for job in Job.objects.filter(kind="work")] == ["later"]


@in_one_transaction
def test_a_poisoned_job_among_fifty_fails_alone(handle: Handle) -> None:
    def poisoned(job: Job, now: datetime) -> None:
        note(job, now)
        if job.key == "17":
            raise RuntimeError("no luck")

    def all_or_none(jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
        for job in jobs:
            poisoned(job, now)
        return jobs

    handle("work", poisoned, together=all_or_none)
    keys = schedule_work(50)
    ended = run_together(claimed(), NOON)
    assert (ended.done, len(ended.left)) == (0, 50)
    assert not any(noted(key) for key in keys)
    for job in ended.left:
        run(job, NOON)
    assert [key for key in keys if noted(key) != 1] == ["17"]
    [left] = Job.objects.filter(kind="work")
    assert (left.key, left.attempts, left.last_error) == ("17", 1, "RuntimeError: no luck")


@in_one_transaction
def test_what_a_batch_leaves_out_runs_alone(handle: Handle, batches: Batches) -> None:
    handle("work", batches.run, together=lambda jobs, now: batches.together(jobs[1:], now))
    keys = schedule_work(3)
    assert run_due(NOON) == 3
    assert (batches.sizes, batches.alone) == ([2], ["0"])
    assert {noted(key) for key in keys} == {1}


@in_one_transaction
def test_a_job_that_failed_before_runs_alone(batches: Batches) -> None:
    schedule_work(3)
    Job.objects.filter(key="1").update(attempts=1)
    assert run_due(NOON) == 3
    assert (batches.sizes, batches.alone) == ([2], ["1"])


@in_one_transaction
def test_jobs_that_others_moved_canceled_or_took_over_are_left_alone(batches: Batches) -> None:
    schedule_work(5)
    jobs = claimed()
    schedule(Work.WORK, "1", FAR)
    cancel(Work.WORK, "2")
    Job.objects.filter(key="3").update(lease_owner="somebody else")
    ended = run_together(jobs, NOON)
    assert (ended.done, ended.left, batches.sizes) == (2, [], [2])
    assert [noted(str(number)) for number in range(5)] == [1, 0, 0, 0, 1]
    assert {job.key for job in Job.objects.filter(kind="work")} == {"1", "3"}


@in_one_transaction
def test_a_batch_that_lost_one_of_its_claims_meanwhile_is_undone(handle: Handle) -> None:
    def lose_one(jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
        Job.objects.filter(key="1", kind="work").update(lease_owner="somebody else")
        return note_all(jobs, now)

    handle("work", note, together=lose_one)
    keys = schedule_work(3)
    ended = run_together(claimed(), NOON)
    assert (ended.done, len(ended.left)) == (0, 3)
    assert not any(noted(key) for key in keys)


@in_one_transaction
def test_jobs_of_a_batch_can_reschedule_themselves(handle: Handle) -> None:
    def again(jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
        for job in jobs:
            schedule(Work(job.kind), job.key, NOON + SOON)
        return jobs

    handle("work", note, together=again)
    keys = schedule_work(3)
    assert run_due(NOON) == 3
    assert {job.key for job in Job.objects.filter(kind="work", due_at=NOON + SOON, lease_owner="")} == {*keys}


def test_only_deadlines_that_do_not_recur_run_together() -> None:
    for options in ({"lane": Lane.MAIL}, {"every": always(minutes=1)}):
        with pytest.raises(ValueError, match="together"):
            Handler(note, together=note_all, **options)


def waiting(*jobs: Job) -> WaitingJobs:
    found = WaitingJobs()
    for number, job in enumerate(jobs):
        job.pk = number
        found.add(job)
    return found


def job(kind: str, key: str, *, seconds: int = 0, session: str = "") -> Job:
    session_id = uuid5(NAMESPACE_OID, session) if session else None
    moment = NOON + timedelta(seconds=seconds)
    return Job(kind=kind, key=key, due_at=moment, run_at=moment, session_id=session_id)


def taken(jobs: WaitingJobs, now: datetime, *, batch: bool = True) -> list[str]:
    found = jobs.take(now, batch=batch)
    return [one.key for one in found.jobs] if found else []


def test_a_batch_takes_no_job_before_its_moment(batches: Batches) -> None:
    jobs = waiting(job("work", "now"), job("work", "soon", seconds=1), job("work", "late", seconds=-1))
    assert taken(jobs, NOON) == ["late", "now"]
    assert taken(jobs, NOON) == []
    assert taken(jobs, NOON + SOON) == ["soon"]


def test_a_batch_is_of_one_kind_and_bounded(handle: Handle, batches: Batches) -> None:
    handle("too", batches.run, together=batches.together)
    work = [job("work", str(number)) for number in range(TOGETHER + 1)]
    jobs = waiting(job("too", "x", seconds=-1), *work, job("note", "alone", seconds=-2))
    assert [taken(jobs, NOON) for _ in range(2)] == [["alone"], ["x"]]
    assert [len(taken(jobs, NOON)) for _ in range(3)] == [TOGETHER, 1, 0]


def test_no_job_of_a_batch_overtakes_other_work_about_its_session(handle: Handle, batches: Batches) -> None:
    handle("too", batches.run, together=batches.together)
    jobs = waiting(
        job("work", "a", session="a", seconds=-3),
        job("too", "b", session="b", seconds=-2),
        job("work", "b", session="b", seconds=-1),
        job("work", "c", session="c"),
    )
    assert [taken(jobs, NOON) for _ in range(3)] == [["a", "c"], ["b"], ["b"]]


def test_without_a_batch_only_what_runs_alone_is_taken(batches: Batches) -> None:
    jobs = waiting(job("work", "together"), job("note", "alone", seconds=-1))
    assert taken(jobs, NOON, batch=False) == ["alone"]
    assert taken(jobs, NOON, batch=False) == []
    assert not jobs.is_batch_full(NOON)


def test_jobs_whose_leases_ended_are_dropped(batches: Batches) -> None:
    expired = job("work", "expired")
    expired.leased_until = NOON
    jobs = waiting(expired, job("work", "kept"))
    assert taken(jobs, NOON) == ["kept"]


@commits
def test_the_loop_runs_each_job_once_at_its_moment_and_never_early(handle: Handle, start_clock: StartClock) -> None:
    early: list[str] = []

    def looking(jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
        early.extend(job.key for job in jobs if timezone.now() < job.due_at or now < job.due_at)
        return note_all(jobs, now)

    handle("work", note, together=looking)
    start_clock()
    begin = timezone.now()
    for number in range(150):
        schedule(Work.WORK, str(number), begin + timedelta(milliseconds=5 * number))
    until(lambda: not Job.objects.filter(kind="work").exists())
    assert {noted(str(number)) for number in range(150)} == {1}
    assert early == []


@commits
def test_the_loop_runs_the_neighbors_of_a_poisoned_job(handle: Handle, start_clock: StartClock) -> None:
    def poison(job: Job, now: datetime) -> None:
        if job.key == "3":
            raise SystemExit
        note(job, now)

    def poison_all(jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
        for job in jobs:
            poison(job, now)
        return jobs

    handle("work", poison, together=poison_all)
    keys = schedule_work(20, due_at=timezone.now())
    start_clock()
    until(lambda: all(noted(key) for key in keys if key != "3"))
    until(lambda: Job.objects.filter(kind="work", key="3", attempts__gt=0).exists())
    assert {noted(key) for key in keys} == {0, 1}


@commits
@pytest.mark.postgres  # SQLite has one worker for deadlines
def test_beside_a_batch_jobs_run_alone_and_the_next_batch_waits(handle: Handle, start_clock: StartClock) -> None:
    began, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def wait(jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
        sizes.append(len(jobs))
        if len(sizes) == 1:
            began.set()
            go_on.wait(PATIENCE)
        return note_all(jobs, now)

    handle("work", note, together=wait)
    schedule(Work.WORK, "first", timezone.now())
    start_clock()
    assert began.wait(PATIENCE)
    schedule(Work.NOTE, "alone", timezone.now())
    until(lambda: noted("alone"))
    schedule(Work.WORK, "second", timezone.now())
    until(lambda: noted("second"))  # a batch that takes so long keeps nobody waiting
    go_on.set()
    until(lambda: noted("first"))
    assert sizes == [1, 1]


@commits
def test_a_batch_whose_process_is_killed_is_done_once_by_another(
    start_clock: StartClock, start_child: StartChild
) -> None:
    child = start_child(lease=timedelta(seconds=1))
    keys = schedule_work(5, Work.HANG_TOGETHER, timezone.now())
    assert child.stdout
    assert child.stdout.readline() == "began\n"
    start_clock()
    child.kill()
    until(lambda: not Job.objects.filter(kind="hang_together").exists())
    assert {noted(key) for key in keys} == {1}
    assert {job.payload["by"] for job in Job.objects.all()} == {os.getpid()}


@commits
@pytest.mark.postgres  # on SQLite the stopped process would hold the only write lock
@pytest.mark.usefixtures("limited_role")
def test_a_process_stopped_in_the_middle_of_a_batch_is_fenced_off(
    start_clock: StartClock, start_child: StartChild
) -> None:
    child = start_child(lease=timedelta(seconds=1))
    keys = schedule_work(5, Work.STALL_TOGETHER, timezone.now())
    until(lambda: _is_stopped(child))
    start_clock()
    until(lambda: {noted(key) for key in keys} == {1})
    child.send_signal(signal.SIGCONT)
    child.communicate("")  # the process finishes its batch first
    assert {(job.kind, job.version, job.payload["by"]) for job in Job.objects.all()} == {("noted", 1, os.getpid())}


def _is_stopped(child: "subprocess.Popen[str]") -> bool:
    pid, status = os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED)
    return pid == child.pid and os.WIFSTOPPED(status)


@commits
@pytest.mark.postgres
def test_leases_are_renewed_past_rows_that_a_batch_is_about_to_delete() -> None:
    """Both change many rows, each in an order of its own: waiting for each other they would deadlock."""
    schedule_work(4)
    jobs = claimed()
    locked, go_on = threading.Event(), threading.Event()

    def delete_some() -> None:
        with transaction.atomic():
            Job.objects.filter(key__in=["1", "3"]).delete()
            locked.set()
            go_on.wait(PATIENCE)
        connection.close()

    batch = threading.Thread(target=delete_some)
    batch.start()
    assert locked.wait(PATIENCE)
    leases.renew(jobs, lease=timedelta(hours=1))
    go_on.set()
    batch.join()
    hence = timezone.now() + timedelta(minutes=30)
    assert {job.key for job in Job.objects.filter(leased_until__gt=hence)} == {"0", "2"}
