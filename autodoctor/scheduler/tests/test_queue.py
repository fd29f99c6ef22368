"""Scheduling and cancelling belong to the caller's transaction."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from autodoctor.scheduler import queue
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import cancel, reschedule, schedule
from autodoctor.scheduler.tests.work import Facts, Work

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_a_scheduled_job_commits_with_the_caller() -> None:
    with transaction.atomic():
        schedule(Work.NOTE, "1", NOON, payload=Facts(color="red"))
    job = Job.objects.get()
    assert (job.kind, job.key, job.due_at, job.run_at) == ("note", "1", NOON, NOON)
    assert job.payload == {"color": "red"}


@pytest.mark.django_db
def test_scheduling_and_canceling_roll_back_with_the_caller() -> None:
    schedule(Work.NOTE, "kept", NOON)
    with transaction.atomic():
        schedule(Work.NOTE, "1", NOON)
        cancel(Work.NOTE, "kept")
        transaction.set_rollback(True)
    assert [job.key for job in Job.objects.all()] == ["kept"]


@pytest.mark.django_db
def test_scheduling_again_replaces_and_starts_afresh() -> None:
    schedule(Work.NOTE, "1", NOON, payload=Facts(color="red"))
    Job.objects.update(attempts=3, parked_at=NOON, last_error="no", lease_owner="x", leased_until=NOON)
    schedule(Work.NOTE, "1", NOON + timedelta(hours=1), payload=Facts(size=2))
    job = Job.objects.get()
    assert job.due_at == job.run_at == NOON + timedelta(hours=1)
    assert job.payload == {"size": 2}
    assert (job.version, job.attempts, job.parked_at, job.last_error) == (2, 0, None, "")
    assert (job.lease_owner, job.leased_until) == ("", None)


@pytest.mark.django_db
def test_cancel_of_a_missing_job_changes_nothing() -> None:
    schedule(Work.NOTE, "1", NOON)
    cancel(Work.NOTE, "2")
    cancel(Work.OTHER, "1")
    assert Job.objects.count() == 1
    cancel(Work.NOTE, "1")
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_reschedule_cancels_moves_and_adds_jobs_of_one_key() -> None:
    later = NOON + timedelta(hours=1)
    for kind in (Work.GONE, Work.TOO, Work.MOVED, Work.KEPT):
        schedule(kind, "1", NOON)
    schedule(Work.GONE, "of another", NOON)
    reschedule("1", cancelled=["gone", "too", "never was"], scheduled={"moved": later, "new": later})
    found = {(job.kind, job.key): (job.due_at, job.version) for job in Job.objects.all()}
    assert found == {
        ("gone", "of another"): (NOON, 1),
        ("kept", "1"): (NOON, 1),
        ("moved", "1"): (later, 2),
        ("new", "1"): (later, 1),
    }


@pytest.mark.django_db
def test_arranging_nothing_asks_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        reschedule("1", cancelled=[], scheduled={})


@pytest.mark.django_db
def test_the_payload_may_hold_identifiers_and_moments() -> None:
    schedule(Work.NOTE, "1", NOON, payload=Facts(owner=UUID(int=7), at=NOON))
    assert Job.objects.get().payload == {"owner": str(UUID(int=7)), "at": "2026-05-01T12:00:00Z"}


@pytest.mark.django_db
def test_the_idempotency_key_changes_whenever_the_work_is_scheduled_anew() -> None:
    def key() -> str:
        return Job.objects.get().idempotency_key

    schedule(Work.NOTE, "1", NOON)
    first = key()
    assert first == key()
    schedule(Work.NOTE, "1", NOON)
    second = key()
    cancel(Work.NOTE, "1")
    schedule(Work.NOTE, "1", NOON)
    assert len({first, second, key()}) == 3


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "key", "due_at"), [("k" * 61, "1", NOON), ("k", "1" * 121, NOON)])
def test_a_name_that_does_not_fit_is_refused(kind: str, key: str, due_at: datetime) -> None:
    with pytest.raises(ValueError, match="too long"):
        reschedule(key, cancelled=(), scheduled={kind: due_at})


@pytest.mark.django_db
def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        schedule(Work.NOTE, "1", datetime(2026, 5, 1))  # noqa: DTZ001


@pytest.mark.django_db
def test_wake_listeners_are_called_after_the_commit(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    heard: list[tuple[datetime, Lane]] = []
    monkeypatch.setattr(queue, "wake_listeners", [lambda due_at, lane: heard.append((due_at, lane))])
    later = NOON + timedelta(hours=1)
    with django_capture_on_commit_callbacks(execute=True):
        schedule(Work.CALL, "1", NOON)
        reschedule("1", cancelled=[], scheduled={"note": later, "noted": NOON})
        assert heard == []
    assert heard == [(NOON, Lane.MAIL), (NOON, Lane.DEADLINES)]


@pytest.mark.django_db
def test_a_failed_job_can_be_retried_with_all_attempts() -> None:
    schedule(Work.NOTE, "gave-up", NOON)
    schedule(Work.NOTE, "waits", NOON)
    Job.objects.filter(key="gave-up").update(parked_at=NOON, attempts=8)
    now = timezone.now()
    assert queue.unpark(list(Job.objects.values_list("pk", flat=True)), now) == 1
    job = Job.objects.get(key="gave-up")
    assert (job.parked_at, job.attempts, job.run_at, job.due_at) == (None, 0, now, NOON)


@pytest.mark.django_db
def test_a_job_says_whose_work_it_is_as_it_was_scheduled_last() -> None:
    schedule(Work.NOTE, "1", NOON, session_id=UUID(int=7))
    assert Job.objects.get().session_id == UUID(int=7)
    reschedule("1", cancelled=[], scheduled={"note": NOON}, session_id=UUID(int=8))
    assert Job.objects.get().session_id == UUID(int=8)
    schedule(Work.NOTE, "1", NOON)
    assert Job.objects.get().session_id is None
