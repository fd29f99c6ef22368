"""Lanes: a service that hangs keeps only its own work waiting, and a lane that stands still is noticed."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from autodoctor.job_registry import HANDLERS
from autodoctor.scheduler import lane_watch
from autodoctor.scheduler.lane_watch import FEW, LaneFact, LaneJob, LaneStatus, statuses
from autodoctor.scheduler.lanes import Lane, limits_of
from autodoctor.scheduler.loop import Scheduler
from autodoctor.scheduler.models import Job, LaneState
from autodoctor.scheduler.queue import schedule
from autodoctor.scheduler.tests.work import FAR, Work, note, noted
from tests.kit.waiting import PATIENCE, until

Handle = Callable[..., None]
StartClock = Callable[..., Scheduler]
pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.mark.parametrize("hanging", [lane for lane in Lane if not lane.in_transaction])
def test_a_lane_that_hangs_delays_no_other(handle: Handle, start_clock: StartClock, hanging: Lane) -> None:
    """More calls hang than the lane has workers, and stay so until all other lanes have done their work."""
    go_on = threading.Event()
    handle("hang", lambda job, now: go_on.wait(2 * PATIENCE), lane=hanging)
    others = [lane for lane in Lane if lane is not hanging]
    start_clock()
    for number in range(24):
        schedule(Work.HANG, str(number), timezone.now())
    until(lambda: Job.objects.filter(kind="hang").exclude(lease_owner="").count() >= limits_of(hanging).workers)
    for lane in others:
        handle("call", note, lane=lane)
        schedule(Work.CALL, lane, timezone.now())
    until(lambda: all(noted(lane) for lane in others))
    assert Job.objects.filter(kind="hang").count() == 24
    go_on.set()


def test_a_long_job_keeps_its_lease(handle: Handle, start_clock: StartClock) -> None:
    """It lasts until its lease was renewed several times; a second clock finds nothing to take over."""
    runs: list[str] = []

    def last_long(job: Job, now: datetime) -> None:
        runs.append(job.lease_owner)
        leases_seen: set[datetime | None] = set()

        def renewed_often() -> bool:
            leases_seen.add(Job.objects.get(kind="slow").leased_until)
            return len(leases_seen) > 3

        until(renewed_often)

    handle("slow", last_long, lane=Lane.HEAVY)
    short = {lane: replace(limits_of(lane), lease=timedelta(seconds=2)) for lane in Lane}
    start_clock(short)
    start_clock(short)
    schedule(Work.SLOW, "1", timezone.now())
    until(lambda: not Job.objects.exists())
    assert len(runs) == 1


def test_a_run_that_hangs_is_taken_over_and_confirms_nothing(handle: Handle, start_clock: StartClock) -> None:
    """By another worker of the same process, even: each claim has a name of its own."""
    go_on, runs = threading.Event(), threading.Semaphore(0)
    done: list[str] = []

    def hang_once(job: Job, now: datetime) -> None:
        runs.release()
        if job.attempts == 0:
            go_on.wait(2 * PATIENCE)
        else:
            until(lambda: "first" in done)
            assert Job.objects.filter(kind="slow").exists()

    def watched(job: Job, now: datetime) -> None:
        hang_once(job, now)
        done.append("first" if job.attempts == 0 else "second")

    handle("slow", watched, lane=Lane.HEAVY)
    impatient = replace(limits_of(Lane.HEAVY), lease=timedelta(seconds=0.5), longest=timedelta(0))
    start_clock({Lane.HEAVY: impatient})
    schedule(Work.SLOW, "1", timezone.now())
    for _ in range(2):
        assert runs.acquire(timeout=PATIENCE)
    go_on.set()
    until(lambda: done == ["first", "second"])
    until(lambda: not Job.objects.filter(kind="slow").exists())


def test_every_job_has_the_lane_of_the_service_that_it_waits_for() -> None:
    """A new kind has to be put into a lane here, too: think of what its handler may have to wait for."""
    services = {kind: handler.lane.value for kind, handler in HANDLERS.items() if handler.lane is not Lane.DEADLINES}
    assert services == {
        "mail.send": "mail",
        "push.send": "push",
        "accounts.tidy": "inside",
        "accounts.tell_waiting": "inside",
        "rates.prune": "inside",
        "money.sweep": "inside",
        "earning.ask_again": "inside",
        "sessions.sweep": "inside",
        "sessions.realign": "inside",
        "sessions.forget_unpaid": "inside",
        "sessions.read_chats": "inside",
        "mechanic.back": "inside",
        "inbox.tidy": "inside",
        "presence.lapse": "inside",
        "help.sweep": "inside",
        "garage.tidy": "inside",
        "handover.tidy": "inside",
        "files.erase": "files",
        "files.expire": "files",
        "files.forget": "files",
        "files.sweep": "files",
        "support.fetch_mail": "files",
        "receipt.mail": "heavy",
        "refund.mail": "heavy",
        "refund.failed_mail": "heavy",
        "summary.mail": "heavy",
        "summary.propose": "heavy",
        "transcripts.sweep": "files",
        "session.recording_over": "speech",
        "payment.capture": "stripe",
        "payment.release": "stripe",
        "payment.close": "stripe",
        "payment.collect": "stripe",
        "payment.refund": "stripe",
        "card.forget": "stripe",
        "ledger.reconcile": "stripe",
        "earning.move": "stripe",
        "stripe.event": "stripe",
        "account.open": "stripe",
        "customer.update": "stripe",
    }


def status(lane: Lane, now: datetime = NOW) -> LaneStatus:
    return next(one for one in statuses(now) if one.lane is lane)


def a_job(key: str, *, lane: Lane = Lane.MAIL, ago: timedelta, **facts: object) -> Job:
    at = NOW - ago
    return Job.objects.create(kind="call", key=key, lane=lane, **({"due_at": at, "run_at": at} | facts))


def test_a_lane_runs_while_somebody_begins_what_is_due() -> None:
    patience = limits_of(Lane.MAIL).patience
    assert status(Lane.MAIL).still_since(NOW) is None
    a_job("new", ago=patience / 2)
    a_job("running", ago=2 * patience, leased_until=NOW + timedelta(seconds=9), lease_owner="somebody")
    a_job("failed", ago=9 * patience, parked_at=NOW)
    a_job("later", ago=-patience)
    seen = status(Lane.MAIL)
    assert (seen.waiting, seen.due, seen.running, seen.failing) == (3, 1, 1, 0)
    assert seen.still_since(NOW) is None


@pytest.mark.parametrize("lane", Lane)
def test_a_lane_stands_still_when_nobody_begins_what_is_due(lane: Lane) -> None:
    patience = limits_of(lane).patience
    a_job("1", lane=lane, ago=patience)
    assert status(lane).still_since(NOW) == NOW - patience
    assert [one.lane for one in statuses(NOW) if one.still_since(NOW)] == [lane]


def test_a_lane_whose_lease_has_lapsed_stands_still_too() -> None:
    ago = limits_of(Lane.STRIPE).patience * 2
    a_job("1", lane=Lane.STRIPE, ago=ago, leased_until=NOW - timedelta(seconds=1), lease_owner="the dead")
    assert status(Lane.STRIPE).still_since(NOW) == NOW - ago


def test_a_lane_stands_still_when_several_jobs_fail_and_none_succeeds() -> None:
    """A service that hangs: every call is begun, ends by its time-out, and is put off."""
    ago, later = 2 * limits_of(Lane.MAIL).patience, NOW + timedelta(minutes=4)
    for number in range(FEW - 1):
        a_job(str(number), ago=ago, run_at=later, attempts=3)
    assert status(Lane.MAIL).still_since(NOW) is None  # perhaps their own fault
    a_job("one more", ago=ago / 4, run_at=later, attempts=1)
    assert status(Lane.MAIL).still_since(NOW) == NOW - ago
    lane_watch.note_success(Lane.MAIL, NOW - timedelta(seconds=20))
    assert status(Lane.MAIL).still_since(NOW) is None


def test_the_watch_says_once_that_a_lane_stands_still_and_once_that_it_runs_again() -> None:
    watch = Job(kind=LaneJob.WATCH, key="recurring", due_at=NOW)
    a_job("1", ago=timedelta(minutes=7))

    def told() -> list[tuple[str, str]]:
        facts = Job.objects.filter(kind__in=list(LaneFact))
        found = [(job.kind, job.key) for job in facts]
        facts.delete()
        return found

    lane_watch.watch(watch, NOW)
    assert LaneState.objects.get(lane="mail").still_since == NOW - timedelta(minutes=7)
    assert [state.lane for state in lane_watch.standing_still()] == ["mail"]
    assert told() == [("lane.stands_still", "mail")]
    lane_watch.watch(watch, NOW)
    assert told() == []
    Job.objects.all().delete()
    lane_watch.watch(watch, NOW)
    assert told() == [("lane.runs_again", "mail")]
    assert lane_watch.standing_still() == []
    lane_watch.watch(watch, NOW)
    assert told() == []


def test_success_is_noted_by_the_workers(start_clock: StartClock) -> None:
    start_clock()
    schedule(Work.NOTE, "1", timezone.now())
    schedule(Work.CALL, "2", timezone.now())
    until(lambda: LaneState.objects.exclude(last_done_at=None).count() == 2)
    assert set(LaneState.objects.values_list("lane", flat=True)) == {"deadlines", "mail"}
    assert noted("1") == noted("2") == 1
    assert Job.objects.filter(due_at=FAR).count() == 2
