"""Ten thousand live sessions for `bench.clock`, each with the rows that its end reads and writes."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.payments.models import Payment
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import Connection, Participant, Process, Session
from autodoctor.sessions.states import State
from bench.clock_child import ENDS, Due

BATCH = 1000


def seed(count: int, starts_at: datetime, seconds: float) -> None:
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
    return [
        Job(kind=kind, key=str(session.id), session_id=session.id, due_at=moment, run_at=moment)
        for kind, moment in due.items()
    ]
