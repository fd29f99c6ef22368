"""Many deadlines in one transaction: everything is as if each had fired alone."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.payments.models import Payment
from autodoctor.scheduler import leases
from autodoctor.scheduler.execution import Outcome, run, run_together
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import endings, extensions
from autodoctor.sessions.lifecycle.transaction import lock_session
from autodoctor.sessions.models import Alert, Participant, Session, SessionEvent
from autodoctor.sessions.record.event_log import committed
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.tests.story import CHAT, NOON, Story
from tests.kit.waiting import PATIENCE

TellStory = Callable[[Story], Story]
Stories = Callable[..., list[Story]]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def stories() -> Stories:
    """Tell the same story of as many pairs of people."""

    def tell(count: int, of: TellStory) -> list[Story]:
        return [of(Story(_person("Carla"), _mechanic("Max"), CHAT)) for _ in range(count)]

    return tell


def _person(name: str) -> User:
    return User.objects.create(email=f"{uuid4().hex}@example.com", name=name)


def _mechanic(name: str) -> User:
    user = _person(name)
    approved = MechanicProfile.State.APPROVED
    MechanicProfile.objects.create(user=user, state=approved, years_experience=1, taking_sessions=True)
    return user


def live(story: Story) -> Story:
    return story.live()


def extended(story: Story) -> Story:
    """An extension is being paid when the time is up."""
    story.live().wait(minutes=29)
    story.ask()
    return story


def paid_twice(story: Story) -> Story:
    story.live()
    payment = story.ask()
    return story.hold(payment).extend(payment)


def left_by_the_mechanic(story: Story) -> Story:
    """Nobody has noticed yet when the time is up."""
    story.live().wait(minutes=30, seconds=-2)
    return story.leave(story.mechanic)


def left(story: Story) -> Story:
    story.live().wait(minutes=3)
    return story.leave(story.customer)


def queued(story: Story) -> Story:
    return story.pay()


def accepted(story: Story) -> Story:
    return story.pay().accept()


def waiting(story: Story) -> Story:
    return story.pay().accept().join()


def ended(story: Story) -> Story:
    return story.live().wait(minutes=3).end(story.mechanic)


def claimed(kind: str, stories: list[Story], now: datetime) -> list[Job]:
    """The jobs of this kind that are due, as a loop holds them."""
    jobs = leases.claim("a loop", lane=Lane.DEADLINES, until=now, limit=1000, lease=timedelta(hours=1))
    keys = {str(story.id) for story in stories}
    return [job for job in jobs if job.kind == kind and job.key in keys]


def columns(model: type[Model], **condition: Any) -> list[dict[str, Any]]:
    return list(model._default_manager.filter(**condition).order_by("pk").values())


def outcome(story: Story) -> tuple[str, ...]:
    """Everything that is stored about a session, in rows that are the same for all who lived the same."""
    id_ = story.id
    payments = Payment.objects.filter(owner_id=id_).order_by("purpose", "created_at")
    jobs = Job.objects.filter(session_id=id_).exclude(attempts__gt=0)  # without mails that were held back before
    tables: list[list[dict[str, Any]]] = [
        columns(Session, pk=id_),
        columns(SessionEvent, session_id=id_),
        columns(Participant, session_id=id_),
        columns(Alert, session_id=id_),
        [dict(row) for row in payments.values()],
        [dict(row) for row in jobs.values()],
    ]
    names = {str(id_): "ID", str(story.customer.pk): "CUSTOMER", str(story.mechanic.pk): "MECHANIC"}
    names |= {str(payment.id): f"PAYMENT {number}" for number, payment in enumerate(payments)}
    return tuple(line for rows in tables for line in sorted(_in_words(row, names) for row in rows))


def _in_words(row: dict[str, Any], names: dict[str, str]) -> str:
    left_out = {"id", "changed_at", "lease_owner", "leased_until"}
    text = repr({name: value for name, value in row.items() if name not in left_out})
    for known, name in names.items():
        text = text.replace(known, name)
    return text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("of", "kind", "minutes"),
    [
        (live, "session.time_up", 30),
        (paid_twice, "session.time_up", 45),
        (extended, "session.time_up", 30),
        (left_by_the_mechanic, "session.time_up", 30),
        (live, "session.warn_last", 29.5),
        (live, "session.time_up", 29.5),  # no longer due
        (left, "customer.missing", 3.2),
        (queued, "request.unnoticed", 3),
        (queued, "request.offer_stop", 10),
        (queued, "request.unattended", 20),
        (accepted, "mechanic.nudge", 3),
        (accepted, "mechanic.absent", 6),
        (accepted, "mechanic.not_in", 10),
        (accepted, "session.never_started", 45),
        (waiting, "start.sound", 1),
        (waiting, "start.release", 10),
        (ended, "session.solved", 24 * 60 + 4),
        (ended, "session.ended_early", 4),
        (ended, "summary.reminder", 34),
        (ended, "summary.alert", 2 * 24 * 60 + 4),
    ],
)
def test_what_fires_together_leaves_what_firing_alone_leaves(
    stories: Stories, of: TellStory, kind: str, minutes: float
) -> None:
    one, *many = stories(4, of)
    now = NOON + timedelta(minutes=minutes)
    Job.objects.filter(kind=kind).update(run_at=now)
    jobs = {job.key: job for job in claimed(kind, [one, *many], now)}
    assert len(jobs) == 4
    assert run(jobs.pop(str(one.id)), now) is Outcome.DONE
    assert run_together(list(jobs.values()), now) == (3, [])
    assert {outcome(story) for story in many} == {outcome(one)}


def ends(count: int, stories: Stories) -> tuple[list[Story], list[Job], datetime]:
    told = stories(count, live)
    now = NOON + 30 * MINUTE
    return told, claimed("session.time_up", told, now), now


@pytest.mark.django_db
def test_the_number_of_sessions_costs_no_statement(stories: Stories) -> None:
    counts = []
    for count in (2, 9):
        _, jobs, now = ends(count, stories)
        with CaptureQueriesContext(connection) as queries:
            assert run_together(jobs, now).done == count
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_each_session_is_announced_once_it_is_committed(stories: Stories) -> None:
    told, jobs, now = ends(3, stories)
    heard: dict[UUID, list[str]] = {}

    def listen(*, session_id: UUID, events: list[SessionEvent], **_signal: object) -> None:
        assert not connection.in_atomic_block
        heard[session_id] = [event.kind for event in events]

    committed.connect(listen)
    run_together(jobs, now)
    committed.disconnect(listen)
    assert heard == {story.id: ["session.ended"] for story in told}


@pytest.mark.django_db
def test_a_session_whose_end_fails_runs_alone_and_its_neighbors_do_not(
    stories: Stories, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told, jobs, now = ends(5, stories)
    poisoned = told[2].id

    def end(state: SessionState, reason: Any, **how: Any) -> None:
        real(state, reason, **how)
        if state.session.id == poisoned:
            raise RuntimeError

    real = endings.complete_session
    monkeypatch.setattr(endings, "complete_session", end)
    with caplog.at_level(logging.WARNING):
        result = run_together(jobs, now)
    assert (result.done, [job.key for job in result.left]) == (4, [str(poisoned)])
    assert {story.id for story in told if story.session.state == "live"} == {poisoned}
    assert told[2].payment.due_cents is None
    assert not told[2].mails()[2:]  # those of the beginning
    assert run(result.left[0], now) is Outcome.FAILED


@pytest.mark.django_db
@pytest.mark.parametrize("poison", ["the number of its next event is taken", "less is held than is due"])
def test_a_session_that_the_database_or_the_ledger_refuses_keeps_no_neighbor_from_its_end(
    stories: Stories, poison: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(session: Session, payments: list[Payment]) -> dict[UUID, int]:
        return {payment.id: payment.amount_cents + (session.id == refused.id) for payment in payments}

    told, jobs, now = ends(5, stories)
    refused = told[2]
    if poison == "less is held than is due":
        monkeypatch.setattr(settlement, "amounts_due", too_much)
    else:
        SessionEvent.objects.create(
            session_id=refused.id, seq=refused.session.seq + 1, kind="session.paused", at=now, data=_of_a_pause(refused)
        )
    result = run_together(jobs, now)
    assert (result.done, len(result.left)) == (0, 5)
    assert {story.session.state for story in told} == {"live"}
    assert [run(job, now) for job in result.left].count(Outcome.DONE) == 4
    assert [story for story in told if story.session.state == "live"] == [refused]


def _of_a_pause(story: Story) -> dict[str, Any]:
    return {"session": story.session.payload()}


@pytest.mark.django_db
def test_a_session_that_is_gone_or_had_its_end_already_is_done(stories: Stories) -> None:
    told, jobs, now = ends(3, stories)
    told[0].now = now
    told[0].end(told[0].customer)
    before = SessionEvent.objects.filter(session_id=told[0].id).count()
    ended_jobs = [job for job in jobs if job.key == str(told[0].id)]
    assert run_together(ended_jobs, now) == (0, [])  # the end has canceled the job
    assert run_together([job for job in jobs if job not in ended_jobs], now) == (2, [])
    assert SessionEvent.objects.filter(session_id=told[0].id).count() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_session_that_somebody_changes_just_now_waits_for_its_own_turn(stories: Stories) -> None:
    told, jobs, now = ends(3, stories)
    locked, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            lock_session(told[1].id)
            locked.set()
            go_on.wait(PATIENCE)
        connection.close()

    person = threading.Thread(target=hold)
    person.start()
    assert locked.wait(PATIENCE)
    result = run_together(jobs, now)
    go_on.set()
    person.join()
    assert (result.done, [job.key for job in result.left]) == (2, [str(told[1].id)])
    assert run(result.left[0], now) is Outcome.DONE
    assert {story.session.state for story in told} == {"completed"}


def press_buttons(told: list[Story], now: datetime) -> None:
    for story in told:
        with suppress(Refused):
            extensions.set_allowance(session_id=story.id, by=story.mechanic, seconds=600, now=now - MINUTE)
            endings.end_session(session_id=story.id, by=story.customer, now=now)
    connection.close()


def fire(jobs: list[Job], now: datetime) -> None:
    outcomes = [run(job, now) for job in run_together(jobs, now).left]
    assert Outcome.FAILED not in outcomes
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_people_who_press_buttons_and_batches_never_wait_for_each_other_in_a_circle(stories: Stories) -> None:
    """Each session ends once, by whoever was first; nobody's act fails but for being too late."""
    told, jobs, now = ends(12, stories)
    with ThreadPoolExecutor(4) as threads:
        acts = [threads.submit(press_buttons, told[first::3], now) for first in range(3)]
        acts.append(threads.submit(fire, jobs[::-1], now))
        for act in acts:
            act.result(PATIENCE)
    assert {story.session.state for story in told} == {"completed"}
    assert [len(story.events("session.ended")) for story in told] == [1] * 12
    assert {story.payment.due_cents for story in told} == {999}
