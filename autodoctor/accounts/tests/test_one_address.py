"""One address that two requests take at the same moment: it becomes one account's, and everybody is told so."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.scheduler.models import Job
from tests.kit.meanwhile import at_every_moment
from tests.kit.proof import confirm_again

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.on_postgres]
WANTED = "wanted@example.org"
Case = tuple[Client, str]


def mails() -> list[dict[str, Any]]:
    return [job.payload["context"] for job in Job.objects.filter(kind="mail.send").order_by("id")]


def sign_up(client: Client, password: str) -> int:
    form = {"name": "Nora New", "email": WANTED, "password1": password}
    return client.post("/sign-up/", form).status_code


def calm(client: Client) -> Client:
    """Django's client would raise what the other one's request has met."""
    client.raise_request_exception = False
    return client


def begun() -> None:
    User.objects.filter(email=WANTED).delete()
    Job.objects.all().delete()
    cache.clear()


def test_of_two_sign_ups_at_once_with_one_address_one_goes_on_and_gets_its_code(db: None) -> None:
    moments = at_every_moment(
        User,
        prepare=begun,
        act=lambda _: sign_up(calm(Client()), "ratchet-and-torque"),
        other=lambda _: sign_up(Client(), "socket-and-spanner"),
    )
    for answer in moments:
        assert answer in {302, 429}
        assert User.objects.filter(email=WANTED).count() == 1
        assert ["code" in mail for mail in mails()] == [True]


def asks_anew(client_of: Callable[[User], Client], person: User, before: str) -> Case:
    """Somebody with this address, who has yet to enter the code that was mailed to the new one."""
    EmailAddress.objects.filter(user=person).delete()
    person.email = before
    person.save(update_fields=["email"])
    EmailAddress.objects.create(user=person, email=before, verified=True, primary=True)
    client = client_of(person)
    confirm_again(client)
    cache.clear()
    Job.objects.all().delete()
    client.post("/account/email/", {"email": WANTED, "action_add": ""})
    return client, mails()[0]["code"]


def enter(client: Client, code: str) -> Any:
    return client.post("/account/confirm-email/", {"code": code}, follow=True)


def test_who_signs_up_with_an_address_that_another_one_confirms_at_that_moment_is_told_of_an_account(
    customer: User, client_of: Callable[[User], Client]
) -> None:
    before = customer.email

    def asked() -> Case:
        User.objects.filter(email=WANTED).exclude(pk=customer.pk).delete()
        case = asks_anew(client_of, customer, before)
        cache.clear()
        return case

    moments = at_every_moment(
        User,
        prepare=asked,
        act=lambda _: sign_up(calm(Client()), "ratchet-and-torque"),
        other=lambda case: enter(*case),
    )
    for answer in moments:
        assert answer == 302
        assert User.objects.filter(email=WANTED).count() == 1


def addresses(*people: User) -> list[list[tuple[str, bool, bool]]]:
    mine = EmailAddress.objects.order_by("pk")
    return [list(mine.filter(user=person).values_list("email", "verified", "primary")) for person in people]


def test_an_address_that_two_people_confirm_at_once_becomes_one_of_theirs(
    customer: User, stranger: User, client_of: Callable[[User], Client]
) -> None:
    people = {customer.pk: customer.email, stranger.pk: stranger.email}

    def both() -> tuple[Case, Case]:
        for person in (customer, stranger):  # neither has it
            EmailAddress.objects.filter(user=person).delete()
            person.email = people[person.pk]
            person.save(update_fields=["email"])
        first, second = (asks_anew(client_of, person, people[person.pk]) for person in (customer, stranger))
        return first, second

    moments = at_every_moment(
        EmailAddress,
        prepare=both,
        act=lambda case: enter(calm(case[0][0]), case[0][1]),
        other=lambda case: enter(*case[1]),
    )
    for answer in moments:
        assert answer.status_code == 200
        has = addresses(customer, stranger)
        assert [(WANTED, True, True)] in has
        assert all(len(one) == 1 and one[0][1:] == (True, True) for one in has)
        assert {person.email for person in User.objects.filter(pk__in=people)} == {one[0][0] for one in has}


def test_a_code_that_is_sent_twice_at_once_changes_the_address_once(
    customer: User, client_of: Callable[[User], Client]
) -> None:
    before = customer.email

    def asked() -> Case:
        return asks_anew(client_of, customer, before)

    def once(case: Case) -> Any:
        return enter(calm(case[0]), case[1])

    def again(case: Case) -> Any:
        other_tab = Client()
        other_tab.cookies["sessionid"] = case[0].cookies["sessionid"].value
        return enter(other_tab, case[1])

    for answer in at_every_moment(EmailAddress, User, prepare=asked, act=once, other=again):
        assert answer.status_code == 200
        assert addresses(customer) == [[(WANTED, True, True)]]
