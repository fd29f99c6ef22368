"""A server process that dies, sleeps or stops: whoever was connected there is neither forgotten nor kept for ever."""

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.clock.models import Job
from autodoctor.room import lease
from autodoctor.room.bus import InProcessBus
from autodoctor.room.presence import Joined, Knock, Left, Presence, Renewal
from autodoctor.room.tests.channel import wait_until
from autodoctor.room.tests.live_session import cookie
from autodoctor.sessions.models import Connection, Participant, Process, Session

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.fixture
def presence() -> Iterator[Presence]:
    presence = Presence(InProcessBus())
    presence.start()
    yield presence
    presence.stop()


def connect(session: Session, user: User, process_id: UUID, *, joined: bool = True) -> Connection:
    role = "customer" if user.id == session.customer_id else "mechanic"
    return Connection.objects.create(
        process_id=process_id, session=session, user=user, role=role, joined=joined, opened_at=NOW
    )


def last_seen(user: User) -> object:
    return Participant.objects.get(user=user).last_seen_at


def test_a_lease_is_renewed_until_it_has_lapsed() -> None:
    id_ = lease.take(NOW)
    assert lease.renew(id_, NOW + timedelta(seconds=20))
    assert Job.objects.get(kind=lease.LAPSE, key=str(id_)).due_at == NOW + timedelta(seconds=50)
    assert not lease.renew(id_, NOW + timedelta(seconds=51))


def test_when_it_lapses_everybody_there_was_last_seen_at_its_renewal(
    session: Session, customer: User, mechanic: User
) -> None:
    id_, alive = lease.take(NOW), lease.take(NOW + timedelta(minutes=1))
    connect(session, customer, id_)
    connect(session, mechanic, id_)
    elsewhere = connect(session, mechanic, alive)
    job = Job.objects.get(kind=lease.LAPSE, key=str(id_))
    lease.lapse(job, NOW + timedelta(seconds=29))
    assert Connection.objects.count() == 3
    lease.lapse(job, NOW + timedelta(seconds=31))
    assert list(Connection.objects.all()) == [elsewhere]
    assert not Process.objects.filter(pk=id_).exists()
    assert last_seen(customer) == NOW
    assert last_seen(mechanic) is None
    lease.lapse(job, NOW + timedelta(seconds=32))


def test_at_the_start_what_died_on_this_host_is_over_at_once(session: Session, customer: User) -> None:
    dead = Process.objects.create(
        host=socket.gethostname(), pid=2**22 + 1, renewed_at=NOW, expires_at=NOW + timedelta(seconds=30)
    )
    alive = Process.objects.create(
        host=socket.gethostname(), pid=os.getppid(), renewed_at=NOW, expires_at=NOW + timedelta(seconds=30)
    )
    elsewhere = Process.objects.create(
        host="another", pid=2**22 + 1, renewed_at=NOW, expires_at=NOW + timedelta(seconds=30)
    )
    connect(session, customer, dead.id)
    lease.retire_the_dead(NOW + timedelta(seconds=5))
    assert set(Process.objects.all()) == {alive, elsewhere}
    assert Connection.objects.count() == 0
    assert last_seen(customer) == NOW


def test_everybody_who_knocks_is_answered_with_their_own_place(
    presence: Presence, session: Session, customer: User, mechanic: User, stranger: User, support: User
) -> None:
    people = [customer, mechanic, stranger, support]
    knocks = [Knock(cookie(user), session.id) for user in people]
    nobody, feed = Knock("unknown", session.id), Knock(cookie(stranger), None)
    for knock in (*knocks, nobody, feed):
        presence.tell(knock)
    answers = [knock.answer.result(timeout=10) for knock in knocks]
    assert [answer.place and answer.place.role for answer in answers] == ["customer", "mechanic", None, "support"]
    assert nobody.answer.result(timeout=10).guest is None
    hearing = feed.answer.result(timeout=10)
    assert hearing.guest is not None
    assert hearing.guest.user == stranger
    assert set(Connection.objects.values_list("role", flat=True)) == {"customer", "mechanic"}


def test_a_banned_person_and_an_old_password_do_not_get_in(
    presence: Presence, session: Session, customer: User, mechanic: User
) -> None:
    knocks = [Knock(cookie(user), session.id) for user in (customer, mechanic)]
    User.objects.filter(pk=customer.pk).update(is_active=False)
    User.objects.filter(pk=mechanic.pk).update(password="another")
    for knock in knocks:
        presence.tell(knock)
    assert [knock.answer.result(timeout=10).guest for knock in knocks] == [None, None]


def test_only_the_last_joined_page_that_closes_makes_somebody_missing(
    presence: Presence, session: Session, customer: User
) -> None:
    key, pages = cookie(customer), [uuid4(), uuid4()]
    for page in pages:
        knock = Knock(key, session.id, connection_id=page)
        presence.tell(knock)
        knock.answer.result(timeout=10)
        presence.tell(Joined(page))
    presence.tell(Left(pages[0], session.id, customer.id, joined=True, at=NOW))
    wait_until(lambda: Connection.objects.count() == 1)
    assert last_seen(customer) is None
    presence.tell(Left(pages[1], session.id, customer.id, joined=True, at=NOW))
    wait_until(lambda: last_seen(customer) == NOW)
    assert Connection.objects.count() == 0


def test_a_sleeper_whose_lease_was_taken_away_starts_over(presence: Presence, session: Session, customer: User) -> None:
    (first,) = Process.objects.all()
    Process.objects.update(expires_at=NOW - timedelta(seconds=1))
    presence.tell(Renewal())
    wait_until(lambda: Process.objects.count() == 2)
    first.delete()
    Process.objects.all().delete()  # and this one goes without a word
    knock = Knock(cookie(customer), session.id)
    presence.tell(knock)
    assert knock.answer.result(timeout=10).place is not None
    assert Connection.objects.get().process_id == Process.objects.get().id
