"""Several processes on one database: killed, stopped, and told to end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from autodoctor.core.process_identity import identity
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import Scheduler
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from autodoctor.scheduler.tests.work import FAR, Work, noted
from tests.kit.waiting import until

StartClock = Callable[..., Scheduler]
StartChild = Callable[..., "subprocess.Popen[str]"]
pytestmark = pytest.mark.django_db(transaction=True)


def leased_by_another() -> bool:
    return Job.objects.exclude(lease_owner="").exclude(lease_owner__startswith=identity()).exists()


def is_stopped(child: "subprocess.Popen[str]") -> bool:
    pid, status = os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED)
    return pid == child.pid and os.WIFSTOPPED(status)


def stops_with_a_claim(child: "subprocess.Popen[str]") -> bool:
    """Stop it; let it go on if it has no claim just then, or holds the only write lock."""
    child.send_signal(signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)  # the signal alone does not say that it has stopped
    if leased_by_another() and others_can_write():
        return True
    child.send_signal(signal.SIGCONT)
    return False


def others_can_write() -> bool:
    """On SQLite nobody can until the one who writes goes on. PostgreSQL ends a transaction that stands still, by a
    limit of the role.
    """
    if connection.vendor != "sqlite":
        return True
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 100")
            schedule(Work.PROBE, "1", FAR)
            cursor.execute("PRAGMA busy_timeout = 20000")
    except OperationalError:
        return False
    return True


def test_two_processes_run_each_job_once(start_clock: StartClock, start_child: StartChild) -> None:
    start_child()
    start_child()
    start_clock()
    begin = timezone.now()
    with transaction.atomic():
        for number in range(200):
            schedule(Work.NOTE, str(number), begin + timedelta(milliseconds=5 * number))
    until(lambda: not Job.objects.filter(kind="note").exists())
    rows = Job.objects.filter(kind="noted")
    assert {row.version for row in rows} == {1}
    assert rows.count() == 200


def test_the_job_of_a_killed_process_is_rescued_after_its_lease(
    start_clock: StartClock, start_child: StartChild
) -> None:
    child = start_child(lease=timedelta(seconds=1))
    schedule(Work.HANG, "1", timezone.now())
    assert child.stdout
    assert child.stdout.readline() == "began\n"
    start_clock()  # before the death, so that it cannot know of it
    until(lambda: Job.objects.filter(kind="hang").exists())
    child.kill()
    until(lambda: noted("1") and not Job.objects.filter(kind="hang").exists())


def test_a_restart_does_not_wait_for_the_leases_of_the_dead(start_clock: StartClock, start_child: StartChild) -> None:
    child = start_child(lease=timedelta(hours=1))
    schedule(Work.HANG, "1", timezone.now())
    schedule(Work.NOTE, "2", timezone.now() + timedelta(hours=1))
    assert child.stdout
    assert child.stdout.readline() == "began\n"
    child.kill()
    child.wait()
    start_clock()
    until(lambda: noted("1"))


def test_a_process_on_another_disk_is_not_taken_for_dead(
    start_clock: StartClock, start_child: StartChild, tmp_path: Path
) -> None:
    """Another container: perhaps with our host name, and with a process of our number. Only its lease counts."""
    child = start_child(lease=timedelta(hours=1), data=tmp_path)
    schedule(Work.HANG, "1", timezone.now())
    assert child.stdout
    assert child.stdout.readline() == "began\n"
    start_clock()
    schedule(Work.NOTE, "2", timezone.now())
    until(lambda: noted("2"))
    assert Job.objects.get(kind="hang").attempts == 0
    assert leased_by_another()


@pytest.mark.usefixtures("limited_role")  # it may be stopped within a transaction that holds its claim
def test_a_process_stopped_with_a_claim_is_fenced_off(start_clock: StartClock, start_child: StartChild) -> None:
    child = start_child(lease=timedelta(seconds=1.5))
    with transaction.atomic():
        for number in range(60):
            schedule(Work.NOTE, str(number), timezone.now() + timedelta(seconds=0.1 * number))
    until(lambda: stops_with_a_claim(child))
    start_clock()
    until(lambda: not Job.objects.filter(kind="note").exists())
    child.send_signal(signal.SIGCONT)
    child.communicate("")
    assert {noted(str(number)) for number in range(60)} == {1}


@pytest.mark.postgres  # on SQLite the stopped process would hold the only write lock
@pytest.mark.parametrize("kind", ["stall", "stall_locked"])
@pytest.mark.usefixtures("limited_role")
def test_a_process_stopped_in_the_middle_of_a_job_is_fenced_off(
    start_clock: StartClock, start_child: StartChild, kind: str
) -> None:
    child = start_child(lease=timedelta(seconds=1))
    schedule(Work(kind), "1", timezone.now())
    until(lambda: is_stopped(child))
    start_clock()
    until(lambda: noted("1"))
    child.send_signal(signal.SIGCONT)
    child.communicate("")  # the process finishes its job first
    [row] = Job.objects.all()
    assert (row.kind, row.version, row.payload["by"]) == ("noted", 1, os.getpid())


@pytest.mark.parametrize("only", ["", "deadlines", "calls"])
def test_the_command_runs_what_is_due_and_ends_when_told(database_url: str, only: str) -> None:
    """`--only`: what its part is; the rest waits for another process."""
    lanes = {"deadlines": Lane.DEADLINES, "calls": Lane.MAIL}
    for lane in lanes.values():
        schedule(Work.NOTED, lane, timezone.now())
        Job.objects.filter(key=lane).update(lane=lane)
    command = subprocess.Popen(
        [sys.executable, "manage.py", "clock", *(["--only", only] if only else [])],
        env=os.environ | {"DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with command:
        assert command.stdout
        assert any("The scheduler is running." in line for line in command.stdout)  # however long the start takes
        mine = {lanes[only]} if only else set(lanes.values())
        # There is no handler for this kind: each run fails.
        until(lambda: set(Job.objects.filter(attempts=1).values_list("key", flat=True)) == mine)
        command.send_signal(signal.SIGTERM)
        said, _ = command.communicate()
    assert command.returncode == 0
    assert set(Job.objects.filter(kind="noted", attempts__gt=0).values_list("key", flat=True)) == mine
    assert "The scheduler has stopped." in said
