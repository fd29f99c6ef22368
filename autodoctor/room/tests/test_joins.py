"""Joins of many pages: who knocks goes first, and a page that is gone does not join."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.room.hub.joins import PATIENCE_SECONDS, Joiner, JoinRequest
from autodoctor.sessions.lifecycle.returns import JoiningPage
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
    assert joiner.join(page, is_open=lambda: True).result(PATIENCE) == before + 1
    joiner.stop()
    assert joins(customer) == before + 1


def test_joins_wait_while_many_knock_but_not_for_ever(page: JoiningPage, customer: User) -> None:
    joiner = Joiner(is_crowded=lambda: True)
    fresh = JoinRequest(page, is_open=lambda: True)
    old = JoinRequest(page, is_open=lambda: True, since=time.monotonic() - PATIENCE_SECONDS)
    assert joiner.work([fresh, old]) == [fresh]
    assert old.answer.result(PATIENCE) == joins(customer)
    assert not fresh.answer.done()


def test_a_page_that_is_gone_by_its_turn_does_not_join(page: JoiningPage, customer: User) -> None:
    before = joins(customer)
    request = JoinRequest(page, is_open=lambda: False)
    assert Joiner(is_crowded=lambda: False).work([request]) == []
    assert request.answer.cancelled()
    assert joins(customer) == before
