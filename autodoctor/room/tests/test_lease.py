"""Leases: a server process dies, sleeps or stops, and its connections end in time."""

import os
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.core.process_identity import identity
from autodoctor.room.hub import authentication, lease
from autodoctor.room.hub import presence as presence_module
from autodoctor.room.hub.event_bus import EventBus, Followed
from autodoctor.room.hub.notes import Present, channel_of
from autodoctor.room.hub.presence import LEASE_ENDS, Admission, HandshakeRequest, Joined, Left, Presence, Renewal
from autodoctor.room.hub.sockets import Room, hub
from autodoctor.room.tests.live_session import cookie
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.models import Connection, Participant, Process, Session
from tests.kit.waiting import PATIENCE, until

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
SECOND = timedelta(seconds=1)


@pytest.fixture
def presence() -> Iterator[Presence]:
    presence = Presence(EventBus())
    presence.start()
    yield presence
    presence.stop()


def knock(presence: Presence, session_key: str, session_id: UUID | None) -> "Future[Admission]":
    answer: Future[Admission] = Future()
    presence.tell(HandshakeRequest(session_key, session_id, answer))
    return answer


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
    assert Job.objects.get(kind=lease.RoomJob.LAPSE, key=str(id_)).due_at == NOW + timedelta(seconds=50)
    assert not lease.renew(id_, NOW + timedelta(seconds=51))


def test_participants_of_a_lapsed_lease_were_last_seen_at_its_renewal(
    session: Session, customer: User, mechanic: User
) -> None:
    id_, alive = lease.take(NOW), lease.take(NOW + timedelta(minutes=1))
    connect(session, customer, id_)
    connect(session, mechanic, id_)
    elsewhere = connect(session, mechanic, alive)
    job = Job.objects.get(kind=lease.RoomJob.LAPSE, key=str(id_))
    lease.lapse(job, NOW + timedelta(seconds=29))
    assert Connection.objects.count() == 3
    lease.lapse(job, NOW + timedelta(seconds=31))
    assert list(Connection.objects.all()) == [elsewhere]
    assert not Process.objects.filter(pk=id_).exists()
    assert last_seen(customer) == NOW
    assert last_seen(mechanic) is None
    lease.lapse(job, NOW + timedelta(seconds=32))


def test_a_starting_process_ends_the_leases_of_dead_processes_on_its_disk(session: Session, customer: User) -> None:
    """Known by its own name: another container may have our host name and our number."""
    here = {"host": socket.gethostname(), "pid": os.getpid(), "renewed_at": NOW, "expires_at": NOW + 30 * SECOND}
    died = "0123456789abcdef"
    (settings.DATA / "processes").mkdir(exist_ok=True)
    (settings.DATA / "processes" / died).touch()  # its lock has gone with it
    dead = Process.objects.create(identity=died, **here)
    alive = Process.objects.create(identity=identity(), **here)
    elsewhere = Process.objects.create(identity="fedcba9876543210", **here)
    connect(session, customer, dead.id)
    start = NOW + timedelta(seconds=5)
    lease.end_the_dead(start)
    assert set(Process.objects.filter(expires_at__gt=start)) == {alive, elsewhere}
    job = Job.objects.get(kind=lease.RoomJob.LAPSE, key=str(dead.id))
    assert job.due_at == start + lease.COMING_BACK + lease.COMING_BACK_EACH
    lease.lapse(job, job.due_at)
    assert Connection.objects.count() == 0
    assert last_seen(customer) == NOW


def test_a_participant_who_returns_in_time_was_never_away(session: Session, customer: User, mechanic: User) -> None:
    stopped, next_one = lease.take(NOW), lease.take(NOW)
    for user in (customer, mechanic):
        connect(session, user, stopped)
    lease.end(stopped, NOW + timedelta(seconds=9))
    connect(session, customer, next_one)
    job = Job.objects.get(kind=lease.RoomJob.LAPSE, key=str(stopped))
    lease.lapse(job, job.due_at)
    assert last_seen(customer) is None
    assert last_seen(mechanic) == NOW + timedelta(seconds=9)
    assert Process.objects.get().id == next_one


def test_people_who_are_back_cost_no_statement_each(session: Session, customer: User, mechanic: User) -> None:
    counts = []
    for people in ([customer], [customer, mechanic]):
        stopped, next_one = lease.take(NOW), lease.take(NOW)
        for user in people:
            connect(session, user, stopped)
            connect(session, user, next_one)
        lease.end(stopped, NOW)
        job = Job.objects.get(kind=lease.RoomJob.LAPSE, key=str(stopped))
        with CaptureQueriesContext(connection) as asked:
            lease.lapse(job, job.due_at)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_handshakes_at_once_are_each_answered_with_the_role_of_their_person(
    presence: Presence, session: Session, customer: User, mechanic: User, stranger: User, support: User
) -> None:
    people = [customer, mechanic, stranger, support]
    knocks = [knock(presence, cookie(user), session.id) for user in people]
    nobody, feed = knock(presence, "unknown", session.id), knock(presence, cookie(stranger), None)
    answers = [answer.result(timeout=PATIENCE) for answer in knocks]
    assert [answer.place and answer.place.role for answer in answers] == ["customer", "mechanic", None, "support"]
    assert nobody.result(timeout=PATIENCE).guest is None
    hearing = feed.result(timeout=PATIENCE)
    assert hearing.guest is not None
    assert hearing.guest.user == stranger
    assert set(Connection.objects.values_list("role", flat=True)) == {"customer", "mechanic"}


def test_a_client_that_has_given_up_by_its_turn_opens_no_page(
    presence: Presence, session: Session, customer: User, mechanic: User
) -> None:
    key, gone = cookie(customer), Future[Admission]()
    presence.tell(HandshakeRequest(key, session.id, gone, is_open=lambda: False))
    assert knock(presence, cookie(mechanic), session.id).result(timeout=PATIENCE).place is not None
    assert gone.result(timeout=PATIENCE) == Admission()
    assert Connection.objects.get().user == mechanic


def test_what_a_welcome_shows_is_read_with_the_handshake(session: Session, customer: User) -> None:
    (answer,) = authentication.authenticate([(cookie(customer), session.id)], timezone.now())
    assert answer.guest is not None
    assert answer.place is not None
    with CaptureQueriesContext(connection) as asked:
        assert answer.place.session.payload() == Session.objects.get(pk=session.pk).payload()
        assert answer.guest.seal
    assert len(asked) == 3  # of the session that it is compared with, and its people


def test_a_banned_person_and_a_sign_in_with_an_old_password_open_no_socket(
    presence: Presence, session: Session, customer: User, mechanic: User
) -> None:
    keys = [cookie(user) for user in (customer, mechanic)]
    User.objects.filter(pk=customer.pk).update(is_active=False)
    User.objects.filter(pk=mechanic.pk).update(password="another")
    knocks = [knock(presence, key, session.id) for key in keys]
    assert [answer.result(timeout=PATIENCE).guest for answer in knocks] == [None, None]


@pytest.mark.parametrize(("shown", "told"), [("away", [{"customer": "away", "mechanic": "preparing"}]), ("in", [])])
def test_who_opened_a_page_before_a_session_was_followed_is_told_of(
    session: Session, mechanic: User, monkeypatch: pytest.MonkeyPatch, shown: str, told: list[dict[str, str]]
) -> None:
    """The other process said so while this one let somebody in. Where both are in, that changes nothing."""
    bus, heard = EventBus(), list[Present]()
    Participant.objects.update(present=False)
    connect(session, mechanic, lease.take(timezone.now()), joined=False)
    a_room = Room(session.payload(), 1, {"customer": shown, "mechanic": shown})
    monkeypatch.setattr(hub, "room", {str(session.id): a_room}.get)
    presence = Presence(bus)
    bus.listen(Present, heard.append)
    bus.deliver(Followed(frozenset({channel_of(str(session.id)), channel_of("another"), "lists"})))
    presence.stop()
    assert [note.presence for note in heard] == told


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[UUID, int]]:
    """Record the people whose pages closed, with the number of joined pages that remained."""
    noted: list[tuple[UUID, int]] = []
    note = transitions.record_page_closed

    def spy(*, session_id: UUID, user_id: UUID, at: datetime, now: datetime) -> None:
        open_pages = Connection.objects.filter(session_id=session_id, user_id=user_id, joined=True)
        noted.append((user_id, open_pages.count()))
        note(session_id=session_id, user_id=user_id, at=at, now=now)

    monkeypatch.setattr(transitions, "record_page_closed", spy)
    return noted


def open_page(presence: Presence, session: Session, user: User, *, joined: bool = False) -> Left:
    """A page that is let in; returns how it will leave."""
    page = knock(presence, cookie(user), session.id).result(timeout=PATIENCE).connection_id
    assert page is not None
    if joined:
        presence.tell(Joined(page, 1))
        until(Connection.objects.filter(pk=page, joined=True).exists)
    return Left(page, session.id, user.id, joined=joined, at=NOW, noted_at=NOW)


def test_the_session_is_told_when_the_last_joined_page_of_a_person_closes(
    presence: Presence, session: Session, customer: User, closed: list[tuple[UUID, int]]
) -> None:
    pages = [open_page(presence, session, customer, joined=True) for _ in range(2)]
    open_page(presence, session, customer)
    presence.tell(pages[0])
    until(lambda: Connection.objects.count() == 2)
    assert closed == []
    presence.tell(pages[1])
    until(lambda: last_seen(customer) == NOW)
    assert closed == [(customer.id, 0)]
    assert Connection.objects.count() == 1


def test_the_last_two_pages_closing_at_once_in_two_processes_are_noticed(
    presence: Presence,
    session: Session,
    customer: User,
    closed: list[tuple[UUID, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each process first sees the other's page, whose row the other process deletes at that moment."""
    here = open_page(presence, session, customer, joined=True)
    there = connect(session, customer, lease.take(timezone.now()))
    look = presence_module._last

    def look_and_lose(leavers: list[Left], now: datetime) -> list[Left]:
        last = look(leavers, now)
        Connection.objects.filter(pk=there.pk).delete()
        return last

    monkeypatch.setattr(presence_module, "_last", look_and_lose)
    presence.tell(here)
    until(lambda: closed == [(customer.id, 0)])


def test_a_page_that_comes_back_within_a_moment_was_never_away(
    presence: Presence, session: Session, customer: User, closed: list[tuple[UUID, int]]
) -> None:
    leaving = open_page(presence, session, customer, joined=True)
    presence.tell(leaving._replace(at=timezone.now(), noted_at=timezone.now()))
    open_page(presence, session, customer, joined=True)
    until(lambda: Connection.objects.count() == 1)
    assert closed == []


def test_a_page_that_never_joined_closes_without_an_event_while_another_is_open(
    presence: Presence, session: Session, customer: User, closed: list[tuple[UUID, int]]
) -> None:
    first, second = (open_page(presence, session, customer) for _ in range(2))
    presence.tell(first)
    until(lambda: Connection.objects.count() == 1)
    assert closed == []
    presence.tell(second)
    until(lambda: Connection.objects.count() == 0)
    assert closed == [(customer.id, 0)]


def test_a_process_whose_lease_was_deleted_takes_a_new_one(
    presence: Presence, session: Session, customer: User
) -> None:
    (first,) = Process.objects.all()
    Process.objects.update(expires_at=NOW - timedelta(seconds=1))
    presence.tell(Renewal())
    until(lambda: Process.objects.count() == 2)
    first.delete()
    Process.objects.all().delete()  # and this one goes without a word
    assert knock(presence, cookie(customer), session.id).result(timeout=PATIENCE).place is not None
    assert Connection.objects.get().process_id == Process.objects.get().id


def test_nobody_is_missing_while_somebody_is_about_to_join_but_not_for_ever(session: Session, customer: User) -> None:
    died, next_one = lease.take(NOW), lease.take(NOW)
    connect(session, customer, died)
    lease.end(died, NOW)
    back = connect(session, customer, next_one, joined=False)
    job = Job.objects.get(kind=lease.RoomJob.LAPSE, key=str(died))
    lease.lapse(job, job.due_at)
    again = Job.objects.get(kind=lease.RoomJob.LAPSE, key=str(died))
    assert again.due_at == job.due_at + lease.LONGER
    assert last_seen(customer) is None
    Connection.objects.filter(pk=back.pk).update(opened_at=NOW + 70 * SECOND)
    lease.lapse(again, NOW + 61 * SECOND)
    assert last_seen(customer) == NOW


def test_a_process_that_is_told_to_end_lets_its_pages_come_back_all_at_once(
    presence: Presence, session: Session, customer: User, mechanic: User, closed: list[tuple[UUID, int]]
) -> None:
    for user in (customer, mechanic):
        open_page(presence, session, user, joined=True)
    presence.tell(LEASE_ENDS)
    until(lambda: Process.objects.get().awaited_until is not None)
    assert Connection.objects.count() == 2
    assert closed == []
    presence.stop()
    job = Job.objects.get(kind=lease.RoomJob.LAPSE)
    lease.lapse(job, job.due_at)
    assert {user_id for user_id, _ in closed} == {customer.id, mechanic.id}
