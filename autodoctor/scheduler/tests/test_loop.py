"""The clock's own threads: at the moment, never early, and past everything that goes wrong."""

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from autodoctor.scheduler import claimer, leases, queue, worker_pool
from autodoctor.scheduler.execution import run
from autodoctor.scheduler.handlers import Retry, always
from autodoctor.scheduler.lanes import Lane, Limits, limits_of
from autodoctor.scheduler.loop import Scheduler, run_due
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import cancel, schedule
from autodoctor.scheduler.tests.work import FAR, Work, note, noted
from autodoctor.scheduler.worker_pool import Outage, WorkerPool
from tests.kit.waiting import PATIENCE, until

Handle = Callable[..., None]
StartClock = Callable[..., Scheduler]
pytestmark = pytest.mark.django_db(transaction=True)


def few(*lanes: Lane, workers: int) -> dict[Lane, Limits]:
    return {lane: replace(limits_of(lane), workers=workers) for lane in lanes}


def pool(lane: Lane) -> WorkerPool:
    return WorkerPool(lane, limits_of(lane), owner=leases.new_owner())


def soon(seconds: float = 0.3) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def test_each_job_runs_once_at_its_moment_and_never_early(handle: Handle, start_clock: StartClock) -> None:
    late: list[float] = []
    handle("tell", lambda job, now: late.append((timezone.now() - job.due_at).total_seconds()))
    start_clock()
    begin = timezone.now()
    with transaction.atomic():
        for number in range(150):
            schedule(Work.TELL, str(number), begin + timedelta(milliseconds=10 * number))
    until(lambda: not Job.objects.exists())
    assert len(late) == 150
    assert min(late) >= 0


def test_a_commit_wakes_the_loop(handle: Handle, start_clock: StartClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not look by itself here. How soon: `bin/bench clock`."""
    monkeypatch.setattr(claimer, "POLL_SECONDS", 3600.0)
    ran = threading.Event()
    handle("tell", lambda job, now: ran.set())
    start_clock()
    for number in range(10):
        ran.clear()
        with transaction.atomic():
            schedule(Work.TELL, str(number), timezone.now())
        assert ran.wait(PATIENCE)


def test_pool_wakes_for_jobs_due_before_its_next_look_only() -> None:
    lane = pool(Lane.DEADLINES)
    lane.claim()
    lane.wake(soon(60))
    assert not lane.has_reason()
    lane.wake(soon(0.5))
    assert lane.has_reason()


def test_a_slow_call_does_not_delay_deadlines(handle: Handle, start_clock: StartClock) -> None:
    stuck, go_on = threading.Semaphore(0), threading.Event()

    def call(job: Job, now: datetime) -> None:
        stuck.release()
        go_on.wait(PATIENCE)

    handle("slow", call, lane=Lane.STRIPE)
    start_clock(few(Lane.STRIPE, workers=2))
    for number in range(5):
        schedule(Work.SLOW, str(number), timezone.now())
    for _ in range(2):
        assert stuck.acquire(timeout=PATIENCE)
    schedule(Work.NOTE, "1", timezone.now())
    until(lambda: noted("1"))
    assert Job.objects.filter(kind="slow").count() == 5
    go_on.set()
    until(lambda: not Job.objects.filter(kind="slow").exists())


def test_a_poison_job_does_not_stop_the_loop(handle: Handle, start_clock: StartClock) -> None:
    def poison(job: Job, now: datetime) -> None:
        raise SystemExit

    handle("poison", poison)
    handle("poison.call", poison, lane=Lane.MAIL)
    start_clock(few(Lane.DEADLINES, Lane.MAIL, workers=1))
    for number in range(3):
        schedule(Work.POISON, str(number), timezone.now())
        schedule(Work.POISON_CALL, str(number), timezone.now())
    schedule(Work.NOTE, "1", timezone.now())
    schedule(Work.CALL, "2", timezone.now())
    until(lambda: noted("1") and noted("2"))
    until(lambda: Job.objects.filter(kind__startswith="poison", attempts__gt=0).count() == 6)


def test_a_failed_job_is_tried_again_when_its_pause_is_over(handle: Handle, start_clock: StartClock) -> None:
    tries: list[datetime] = []

    def second_time_lucky(job: Job, now: datetime) -> None:
        tries.append(timezone.now())
        if len(tries) == 1:
            raise Retry(timedelta(seconds=0.4))

    handle("try", second_time_lucky)
    start_clock()
    schedule(Work.TRY, "1", timezone.now())
    until(lambda: not Job.objects.exists())
    first, second = tries
    assert second - first >= timedelta(seconds=0.4)


def test_a_claimed_job_that_is_rescheduled_or_canceled_does_not_run() -> None:
    for key in ("moved", "called-off", "stays"):
        schedule(Work.NOTE, key, soon())
    clock = Scheduler()
    clock._lanes[Lane.DEADLINES].claim()
    schedule(Work.NOTE, "moved", FAR)
    cancel(Work.NOTE, "called-off")
    clock.start()
    until(lambda: noted("stays"))
    clock.stop()
    assert (noted("moved"), noted("called-off")) == (0, 0)
    assert Job.objects.get(kind="note", key="moved").due_at == FAR


def test_stopping_waits_for_no_moment_and_gives_the_leases_back() -> None:
    schedule(Work.NOTE, "1", FAR)
    clock = Scheduler()
    lane = clock._lanes[Lane.DEADLINES]
    lane.ahead = FAR - timezone.now() + timedelta(days=1)
    lane.claim()
    assert Job.objects.get().lease_owner
    clock.start()
    clock.stop()
    job = Job.objects.get(kind="note")
    assert (job.lease_owner, job.leased_until) == ("", None)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("clock-")]


def test_stopping_lets_a_running_job_end(handle: Handle) -> None:
    began, go_on = threading.Event(), threading.Event()

    def call(job: Job, now: datetime) -> None:
        began.set()
        go_on.wait(PATIENCE)
        schedule(Work.NOTED, job.key, FAR)

    handle("slow", call, lane=Lane.STRIPE)
    clock = Scheduler()
    clock.start()
    schedule(Work.SLOW, "1", timezone.now())
    assert began.wait(PATIENCE)
    threading.Timer(0.1, go_on.set).start()
    clock.stop()
    assert noted("1") == 1
    assert not Job.objects.filter(kind="slow").exists()


def test_a_job_that_outlasts_the_stop_is_handed_to_whoever_comes_next(handle: Handle, start_clock: StartClock) -> None:
    runs, go_on = list[int](), threading.Event()

    def call(job: Job, now: datetime) -> None:
        runs.append(job.attempts)
        if len(runs) == 1:
            go_on.wait(PATIENCE)  # a service that does not answer
        else:
            schedule(Work.NOTED, job.key, FAR)

    handle("slow", call, lane=Lane.STRIPE)
    first = Scheduler()
    first.start()
    schedule(Work.SLOW, "1", timezone.now())
    until(lambda: runs)
    first.stop(seconds=0)
    assert [job.leased_until for job in Job.objects.filter(kind="slow")] == [None]
    start_clock()
    until(lambda: noted("1"))
    go_on.set()
    for thread in first._threads:
        thread.join(PATIENCE)
    assert runs == [0, 0]  # being stopped is no failure of the job


def test_overdue_work_runs_at_once_and_knows_its_deadline(handle: Handle, start_clock: StartClock) -> None:
    told: list[datetime] = []
    handle("tell", lambda job, now: told.append(job.due_at))
    deadline = timezone.now() - timedelta(hours=3)
    schedule(Work.TELL, "1", deadline)
    start_clock()
    until(lambda: told == [deadline])


def test_recurring_work_exists_from_the_start_on(handle: Handle, start_clock: StartClock) -> None:
    handle("sweep", lambda job, now: None, every=always(minutes=5))
    handle("sweep.call", lambda job, now: None, every=always(minutes=5), lane=Lane.STRIPE)
    start_clock()
    start_clock()
    until(lambda: Job.objects.filter(kind__startswith="sweep").count() == 2)


def test_recurring_work_recurs(handle: Handle, start_clock: StartClock) -> None:
    ran: list[datetime] = []
    handle("tick", lambda job, now: ran.append(job.due_at), every=always(seconds=0.5))
    start_clock()
    until(lambda: len(ran) >= 3)
    assert all(later - earlier == timedelta(seconds=0.5) for earlier, later in pairwise(ran))


def test_two_loops_share_the_work(handle: Handle, start_clock: StartClock) -> None:
    schedule(Work.NOTED, "nothing", FAR)
    for _ in range(2):
        start_clock()
    with transaction.atomic():
        for number in range(100):
            schedule(Work.NOTE, str(number), soon(0.002 * number))
    until(lambda: not Job.objects.filter(kind="note").exists())
    assert {noted(str(number)) for number in range(100)} == {1}


def test_on_demand_and_loop_do_not_do_the_same_work(start_clock: StartClock) -> None:
    start_clock()
    with transaction.atomic():
        for number in range(50):
            schedule(Work.NOTE, str(number), timezone.now())
    run_due(timezone.now())
    until(lambda: not Job.objects.filter(kind="note").exists())
    assert {noted(str(number)) for number in range(50)} == {1}


def test_an_outage_of_the_database_does_not_stop_the_loop(
    handle: Handle, start_clock: StartClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither while claiming nor while working; nobody's attempts are spent on it."""
    down = threading.Event()
    failures: list[str] = []

    def unless_down(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def ask(*args: object, **kwargs: object) -> object:
            if down.is_set():
                failures.append(name)
                raise OperationalError("server closed the connection unexpectedly")
            return real(*args, **kwargs)

        return ask

    monkeypatch.setattr(leases, "claim", unless_down("claim", leases.claim))
    monkeypatch.setattr(worker_pool, "run", unless_down("run", run))
    monkeypatch.setattr(leases, "give_back", unless_down("give back", leases.give_back))
    start_clock()
    with transaction.atomic():
        for number in range(60):
            schedule(Work.NOTE, str(number), soon(0.05 * number))
    until(lambda: Job.objects.exclude(lease_owner="").exists())
    down.set()
    until(lambda: {"claim", "run"} <= set(failures))
    down.clear()
    until(lambda: not Job.objects.filter(kind="note").exists())
    assert {noted(str(number)) for number in range(60)} == {1}
    assert not Job.objects.filter(attempts__gt=0).exists()


@pytest.mark.postgres
def test_connections_cut_in_the_middle_of_the_work_lose_and_double_nothing(
    handle: Handle, start_clock: StartClock
) -> None:
    workers: list[int] = []

    def tell_and_note(job: Job, now: datetime) -> None:
        workers.append(connection.connection.info.backend_pid)
        note(job, now)

    handle("work", tell_and_note)
    start_clock()
    with transaction.atomic():
        for number in range(100):
            schedule(Work.WORK, str(number), soon(0.01 * number))
    for round_ in range(1, 4):
        until(lambda so_far=20 * round_: len(workers) >= so_far)  # type: ignore[misc]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [list(set(workers))])
    until(lambda: not Job.objects.filter(kind="work").exists())
    assert {noted(str(number)) for number in range(100)} == {1}


def test_pauses_of_an_outage_grow_to_two_seconds() -> None:
    outage = Outage()
    assert [round(outage.pause(OSError()), 1) for _ in range(7)] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    outage.over()
    assert outage.pause(OSError()) == pytest.approx(0.1)


def test_a_claim_that_waited_out_its_lease_is_dropped(handle: Handle, start_clock: StartClock) -> None:
    """Another may have it by now; the next claim finds it again otherwise."""
    busy, go_on = threading.Event(), threading.Event()

    def block(job: Job, now: datetime) -> None:
        busy.set()
        go_on.wait(PATIENCE)

    handle("block", block, lane=Lane.STRIPE)
    start_clock({Lane.DEADLINES: replace(limits_of(Lane.DEADLINES), lease=timedelta(seconds=0.3))})
    schedule(Work.NOTE, "1", soon(0.6))
    until(lambda: noted("1"))
    assert noted("1") == 1
    go_on.set()


def test_a_busy_thread_of_the_process_is_interrupted_often(start_clock: StartClock) -> None:
    """Measured: at Python's own 5 ms, one busy thread made a deadline take four times as long."""
    start_clock()
    assert sys.getswitchinterval() < 0.001


def test_a_stopped_clock_listens_no_more(start_clock: StartClock) -> None:
    before = list(queue.wake_listeners)
    clock = Scheduler()
    clock.start()
    assert len(queue.wake_listeners) == len(before) + 1
    clock.stop()
    assert queue.wake_listeners == before


def test_a_machine_whose_clock_is_wrong_runs_nothing(
    handle: Handle, start_clock: StartClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    skews = iter([timedelta(seconds=1.5)] * 3)
    monkeypatch.setattr(claimer, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(leases, "clock_skew", lambda: next(skews, timedelta(seconds=0.5)))
    ran: list[int] = []
    handle("tell", lambda job, now: ran.append(sum(1 for _ in skews)))
    with transaction.atomic():
        schedule(Work.TELL, "once", timezone.now())
    start_clock()
    until(lambda: ran)
    assert ran == [0]  # not before all wrong readings were taken
    assert caplog.text.count("The clock is 1.5 s off") == 3


def test_the_clocks_of_one_machine_agree() -> None:
    assert leases.clock_skew() < timedelta(seconds=1)
