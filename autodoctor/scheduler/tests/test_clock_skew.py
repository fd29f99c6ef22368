"""A machine whose clock differs from the database's by three seconds runs nothing, takes nothing, and says so."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from autodoctor.scheduler import claimer, leases
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.loop import Scheduler
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from autodoctor.scheduler.signals import skew_measured
from autodoctor.scheduler.tests.work import HANDLERS, Work
from tests.kit.waiting import until

StartClock = Callable[..., Scheduler]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.mark.parametrize("off", [timedelta(seconds=3), timedelta(seconds=-3)], ids=["fast", "slow"])
def test_a_clock_three_seconds_off_claims_nothing_until_it_is_right(
    start_clock: StartClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, off: timedelta
) -> None:
    late, skews, right = list[timedelta](), list[timedelta](), list[bool]()

    def run(job: Job, now: datetime) -> None:
        assert right
        late.append(timezone.now() - job.due_at)

    def hear(skew: timedelta, **_signal: object) -> None:
        skews.append(skew)

    monkeypatch.setitem(HANDLERS, "tell", Handler(run))
    monkeypatch.setattr(claimer, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(leases, "timezone", SimpleNamespace(now=lambda: timezone.now() + off))
    skew_measured.connect(hear)
    schedule(Work.TELL, "overdue", timezone.now())
    schedule(Work.TELL, "soon", timezone.now() + timedelta(seconds=2))
    start_clock()
    until(lambda: len(skews) >= 3)
    assert not Job.objects.exclude(lease_owner="").exists()
    assert all(timedelta(seconds=2.5) < skew <= timedelta(seconds=3) for skew in skews[:3])
    assert "s off the database's: no job is run here" in caplog.text
    right.append(True)
    monkeypatch.setattr(leases, "timezone", timezone)
    until(lambda: len(late) == 2)
    assert min(late) >= timedelta(0)
