"""The waiting list: only addresses that are somebody's own, and mails in batches."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from autodoctor.accounts import actions, jobs, waiting_list
from autodoctor.accounts.models import Notify, User
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job

pytestmark = pytest.mark.django_db
Letters = Callable[[], list[EmailMessage]]
ClientOf = Callable[[User], Client]
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def ask(client: Client, email: str) -> str:
    return client.post("/tell-me-when/", {"email": email}, follow=True).content.decode()


def wait_for_a_mechanic(*emails: str, at: datetime = NOW) -> None:
    Notify.objects.bulk_create(Notify(email=email, asked_at=at) for email in emails)


def subjects(letters: list[EmailMessage]) -> list[tuple[str, str]]:
    return sorted((letter.to[0], str(letter.subject)) for letter in letters)


def link_in(letter: Any) -> str:
    return str(re.findall(r"https?://[^/]+(/tell-me-when/confirm/\S+)", letter.body)[0])


def test_an_address_joins_the_waiting_list_once_its_link_is_followed(
    client: Client, mechanic: User, letters: Letters
) -> None:
    actions.set_taking_sessions(mechanic=mechanic, taking=False, now=NOW)
    assert "Check your inbox" in ask(client, "Waiting@Example.org")
    (letter,) = letters()
    assert (letter.to, letter.subject) == (["waiting@example.org"], "Confirm your address")
    assert "waiting@example.org" in client.get(link_in(letter)).content.decode()
    assert not Notify.objects.exists()  # programs that check mails open links, too

    client.post(link_in(letter))

    assert [asked.email for asked in Notify.objects.all()] == ["waiting@example.org"]
    actions.set_taking_sessions(mechanic=mechanic, taking=True, now=timezone.now())
    assert subjects(letters()) == [("waiting@example.org", "A mechanic is available now")]


def test_an_unconfirmed_address_of_the_waiting_list_is_not_notified(
    client: Client, mechanic: User, letters: Letters
) -> None:
    actions.set_taking_sessions(mechanic=mechanic, taking=False, now=NOW)
    ask(client, "victim@example.org")
    letters()
    actions.set_taking_sessions(mechanic=mechanic, taking=True, now=NOW)
    assert letters() == []


def test_a_persons_own_verified_address_joins_the_waiting_list_without_a_link(
    customer: User, client_of: ClientOf, letters: Letters
) -> None:
    assert "We will email you" in ask(client_of(customer), "Customer@example.com")
    assert Notify.objects.get().email == "customer@example.com"
    assert letters() == []


def test_an_unverified_or_foreign_address_joins_the_waiting_list_only_by_its_link(
    customer: User, stranger: User, client_of: ClientOf, letters: Letters
) -> None:
    EmailAddress.objects.create(user=customer, email="new@example.com", verified=False)
    for email in ("stranger@example.com", "new@example.com"):
        assert "Check your inbox" in ask(client_of(customer), email)
    assert not Notify.objects.exists()
    assert len(letters()) == 2


def test_a_mailbox_gets_few_links_of_the_waiting_list_whoever_asks(letters: Letters) -> None:
    for minute in range(9):
        email = f"victim+{minute}@example.org"  # all of one mailbox
        assert not waiting_list.ask(email=email, person=None, now=NOW + timedelta(minutes=minute))
    assert len(letters()) == 2


@pytest.mark.parametrize("token", ["", "x", "ImEi:1:x", "\0"])
def test_a_forged_link_of_the_waiting_list_confirms_nothing(client: Client, token: str) -> None:
    assert client.get("/tell-me-when/confirm/", {"token": token}).status_code == 410
    assert client.post("/tell-me-when/confirm/", {"token": token}).status_code == 410
    assert not Notify.objects.exists()


def test_visitors_who_asked_in_the_last_day_are_notified_once_of_a_mechanic(mechanic: User, letters: Letters) -> None:
    actions.set_taking_sessions(mechanic=mechanic, taking=False, now=NOW)
    wait_for_a_mechanic("early@example.org", at=NOW - timedelta(hours=25))
    wait_for_a_mechanic("waiting@example.org", at=NOW - timedelta(hours=1))
    for taking in (True, True, False, True):
        actions.set_taking_sessions(mechanic=mechanic, taking=taking, now=NOW)
    waiting_list.tell_some(Job(kind="", key=""), NOW)
    assert subjects(letters()) == [("waiting@example.org", "A mechanic is available now")]


def test_a_long_waiting_list_is_notified_in_batches_by_jobs(mechanic: User) -> None:
    actions.set_taking_sessions(mechanic=mechanic, taking=False, now=NOW)
    wait_for_a_mechanic(*(f"waiting{n}@example.org" for n in range(waiting_list.BATCH * 2 + 1)))

    actions.set_taking_sessions(mechanic=mechanic, taking=True, now=NOW)
    assert Notify.objects.count() == waiting_list.BATCH * 2 + 1

    told = []
    for batch in range(3):
        mail.outbox.clear()
        run_due(NOW + batch * waiting_list.BATCH_EVERY)
        told.append(len(mail.outbox))
    assert told == [waiting_list.BATCH, waiting_list.BATCH, 1]
    assert not Notify.objects.exists()


def test_the_waiting_list_is_not_notified_when_the_mechanic_has_stopped_again(mechanic: User, letters: Letters) -> None:
    actions.set_taking_sessions(mechanic=mechanic, taking=False, now=NOW)
    wait_for_a_mechanic("waiting@example.org", at=timezone.now())
    for taking in (True, False):
        actions.set_taking_sessions(mechanic=mechanic, taking=taking, now=timezone.now())
    assert letters() == []
    assert Notify.objects.exists()


def test_expired_entries_of_the_waiting_list_are_deleted() -> None:
    wait_for_a_mechanic("early@example.org", at=NOW - timedelta(hours=25))
    wait_for_a_mechanic("waiting@example.org")
    jobs.delete_expired(Job(kind="accounts.tidy", key=""), NOW)
    assert [asked.email for asked in Notify.objects.all()] == ["waiting@example.org"]


@pytest.mark.django_db(transaction=True)
def test_the_waiting_list_is_told_outside_of_a_transaction(mechanic: User) -> None:
    """As the scheduler runs it: rows are locked in a transaction of its own."""
    actions.set_taking_sessions(mechanic=mechanic, taking=False, now=NOW)
    wait_for_a_mechanic("one@example.org")
    actions.set_taking_sessions(mechanic=mechanic, taking=True, now=NOW)
    run_due(NOW)
    assert [letter.to for letter in mail.outbox] == [["one@example.org"]]
    assert not Notify.objects.exists()
    assert not Job.objects.filter(kind="accounts.tell_waiting").exists()
