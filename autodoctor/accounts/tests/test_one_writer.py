"""Two acts on one application at once: one after the other, whichever process they come to."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from autodoctor.accounts import actions
from autodoctor.accounts.models import MechanicProfile, User
from tests.kit.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def apply(user: User, *, seen: str | None, skills: str = "Volvo") -> MechanicProfile:
    return actions.apply(
        user=user,
        name=user.name,
        headline="Brakes",
        years_experience=11,
        skills=skills,
        certifications="",
        time_zone="UTC",
        now=NOW,
        seen=seen,
    )


def in_a_thread(act: Callable[[], Any], threads: ThreadPoolExecutor) -> "Future[Any]":
    def run() -> Any:
        try:
            return act()
        finally:
            connection.close()

    return threads.submit(run)


def is_waiting_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("decide", [actions.decline, actions.approve])
def test_application_sent_while_support_decides_waits_and_is_refused(
    customer: User, support: User, decide: Callable[..., MechanicProfile]
) -> None:
    profile = apply(customer, seen=None)
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            actions.lock_person(customer)
            sent = in_a_thread(lambda: apply(customer, seen="applied", skills="Rotary"), threads)
            until(is_waiting_for_a_lock)
            decide(profile=profile, by=support, now=NOW)
        with pytest.raises(actions.Overtaken, match="meanwhile"):
            sent.result(timeout=10)
    profile.refresh_from_db()
    assert (profile.skills, profile.decided_by) == ("Volvo", support)


def test_two_first_applications_of_a_person_at_once_create_one_application(customer: User) -> None:
    together = Barrier(2)

    def send(skills: str) -> MechanicProfile:
        person = User.objects.get(pk=customer.pk)
        together.wait(timeout=10)
        return apply(person, seen="", skills=skills)

    with ThreadPoolExecutor(2) as threads:
        sent = [in_a_thread(partial(send, skills), threads) for skills in ("Volvo", "Saab")]
        assert {each.result(timeout=10).state for each in sent} == {"applied"}
    assert MechanicProfile.objects.get(user=customer).skills in {"Volvo", "Saab"}
