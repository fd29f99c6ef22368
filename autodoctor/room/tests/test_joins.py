"""Joins of many pages: who knocks goes first, and a page that is gone does not join."""

import time
from concurrent.futures import Future
from datetime import timedelta

import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.room.hub.joins import PATIENCE_SECONDS, Joiner, JoinRequest, PageGone
from autodoctor.sessions.lifecycle.returns import JoiningPage, counted
from autodoctor.sessions.models import Connection, Participant, Process, Session
from tests.kit.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(session: Session, customer: User) -> JoiningPage:
    now = timezone.now()
    process = Process.objects.create(host="test", pid=1, renewed_at=now, expires_at=now + timedelta(hours=1))
    connection = Connection.objects.create(
        process=process, session=session, user=customer, role="customer", opened_at=now
    )
    return JoiningPage(connection.id, session.id, customer.id)


def joins(user: User) -> int:
    return Participant.objects.get(user=user).joins


def test_a_page_joins(page: JoiningPage, customer: User) -> None:
    joiner = Joiner(is_crowded=lambda: False)
    before = joins(customer)
    answer: Future[int] = Future()
    joiner.join(JoinRequest(page, lambda: True, answer))
    assert answer.result(PATIENCE) == before + 1
    joiner.stop()
    assert joins(customer) == before + 1


def test_joins_wait_while_many_knock_but_not_for_ever(page: JoiningPage, customer: User) -> None:
    joiner = Joiner(is_crowded=lambda: True)
    waits: Future[int] = Future()
    joins_now: Future[int] = Future()
    fresh = JoinRequest(page, lambda: True, waits)
    old = JoinRequest(page, lambda: True, joins_now, since=time.monotonic() - PATIENCE_SECONDS)
    assert joiner.work([fresh, old]) == [fresh]
    assert joins_now.result(PATIENCE) == joins(customer)
    assert not waits.done()


def test_a_page_whose_process_was_taken_for_dead_does_not_join(page: JoiningPage, customer: User) -> None:
    before = joins(customer)
    Process.objects.update(expires_at=timezone.now())
    answer: Future[int] = Future()
    assert Joiner(is_crowded=lambda: False).work([JoinRequest(page, lambda: True, answer)]) == []
    with pytest.raises(PageGone):
        answer.result(PATIENCE)
    assert joins(customer) == before


@pytest.mark.parametrize(("its_page", "counts"), [("one", False), ("another", True), ("", True)])
def test_a_join_counts_unless_its_page_is_back_with_a_newer_connection(
    page: JoiningPage, customer: User, its_page: str, counts: bool
) -> None:
    (asked,) = Connection.objects.all()
    Connection.objects.update(page=its_page and "one", attempt=1)
    Connection.objects.create(
        process=asked.process,
        session=asked.session,
        user=customer,
        role="customer",
        page=its_page,
        attempt=2,
        opened_at=asked.opened_at,
    )
    assert counted([page], timezone.now()) == ({page.connection_id} if counts else set())


def test_a_page_that_is_gone_by_its_turn_does_not_join(page: JoiningPage, customer: User) -> None:
    before = joins(customer)
    answer: Future[int] = Future()
    assert Joiner(is_crowded=lambda: False).work([JoinRequest(page, lambda: False, answer)]) == []
    assert answer.cancelled()
    assert joins(customer) == before
