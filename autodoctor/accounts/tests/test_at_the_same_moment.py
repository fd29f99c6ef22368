"""What support does to a person at the moment at which that person changes something: it stands, whoever was faster."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session as BrowserSession
from django.db import connection
from django.test import Client
from django.utils import timezone

from autodoctor.accounts import actions
from autodoctor.accounts.models import MechanicProfile, User
from tests.kit.authenticator_app import code_of
from tests.kit.meanwhile import at_every_moment
from tests.kit.proof import confirm_again

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.on_postgres]
NEW = "ratchet-and-torque"
APPLICATION = {"name": "Casey", "headline": "Engines", "years_experience": 3, "skills": "All", "time_zone": "UTC"}


def ban(person: User) -> None:
    actions.ban_user(user=User.objects.get(pk=person.pk), now=timezone.now())


def sign_out(person: User) -> None:
    User.objects.get(pk=person.pk).end_sessions()


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def change_password(client: Client) -> Any:
    form = {"oldpassword": "demo", "password1": NEW, "password2": NEW}
    return client.post("/account/password/change/", form)


def test_a_ban_stands_when_the_person_changes_the_password_at_that_moment(
    customer: User, client_of: Callable[[User], Client]
) -> None:
    def begun() -> Client:
        customer.is_active, customer.banned_at = True, None
        customer.set_password("demo")
        customer.save()
        return client_of(customer)

    moments = at_every_moment(User, prepare=begun, act=change_password, other=lambda _client: ban(customer))
    *during, _after = [User.objects.get(pk=customer.pk) for _answer in moments]
    assert during
    assert not any(person.is_active or person.banned_at is None for person in during)


def test_a_ban_stands_when_a_superuser_changes_the_role_at_that_moment(
    customer: User, support: User, client_of: Callable[[User], Client]
) -> None:
    User.objects.filter(pk=support.pk).update(is_superuser=True)
    desk = client_of(User.objects.get(pk=support.pk))

    def begun() -> User:
        User.objects.filter(pk=customer.pk).update(is_active=True, banned_at=None, is_staff=False)
        return customer

    def promote(person: User) -> User:
        desk.post(f"/admin/accounts/user/{person.pk}/change/", {"is_staff": "on", "_save": ""})
        return person

    moments = at_every_moment(User, prepare=begun, act=promote, other=ban)
    *during, _after = [(now.is_staff, now.is_active) for now in (User.objects.get(pk=one.pk) for one in moments)]
    assert during or connection.vendor == "sqlite"  # which lets the two come one after the other
    assert set(during) <= {(True, False)}


def end_other_sessions(client: Client) -> None:
    client.post("/account/sign-out-elsewhere/")


def add_an_app(client: Client) -> None:
    page = client.get("/account/two-factor/totp/activate/").context["form"]
    client.post("/account/two-factor/totp/activate/", {"code": code_of(page.secret)})


@pytest.mark.parametrize("act", [end_other_sessions, add_an_app, change_password])
def test_who_is_signed_out_by_support_does_not_stay_by_an_act_of_that_moment(
    customer: User, client_of: Callable[[User], Client], act: Callable[[Client], object]
) -> None:
    def begun() -> Client:
        Authenticator.objects.filter(user=customer).delete()
        customer.set_password("demo")
        customer.save(update_fields=["password"])
        customer.refresh_from_db()
        client = client_of(customer)
        confirm_again(client)
        return client

    def acted(client: Client) -> Client:
        act(client)
        return client

    moments = at_every_moment(User, prepare=begun, act=acted, other=lambda _client: sign_out(customer))
    *during, after = map(is_signed_in, moments)
    assert during
    assert (any(during), after) == (False, True)


def test_support_signs_out_who_ends_their_other_sessions_at_that_moment(
    customer: User, support: User, client_of: Callable[[User], Client]
) -> None:
    desk = client_of(support)
    desk.raise_request_exception = False  # Django's client would raise what the other one's request has met

    def begun() -> Client:
        customer.refresh_from_db()
        client = client_of(customer)
        confirm_again(client)
        return client

    def signed_out(client: Client) -> Client:
        desk.post(f"/support/people/{customer.pk}/", {"act": "sign_out", "reason": "The phone was stolen"})
        return client

    assert not any(map(is_signed_in, at_every_moment(User, prepare=begun, act=signed_out, other=end_other_sessions)))


def test_an_act_is_answered_whose_browser_is_signed_out_in_another_tab_at_that_moment(
    customer: User, client_of: Callable[[User], Client]
) -> None:
    """It is done, or it asks to sign in: only what the session would have kept, such as a notice, is lost."""

    def begun() -> Client:
        MechanicProfile.objects.all().delete()
        client = client_of(customer)
        client.raise_request_exception = False
        return client

    def apply(client: Client) -> tuple[str, bool]:
        answer = client.post("/mechanics/apply/", APPLICATION)
        return answer.headers.get("Location", str(answer.status_code)), MechanicProfile.objects.exists()

    def end(client: Client) -> None:
        BrowserSession.objects.filter(pk=client.cookies["sessionid"].value).delete()

    for answer in at_every_moment(BrowserSession, MechanicProfile, prepare=begun, act=apply, other=end):
        assert answer == ("/mechanics/apply/", True)


def test_who_wants_no_more_mails_gets_none_by_an_application_of_that_moment(
    customer: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(customer)

    def begun() -> None:
        MechanicProfile.objects.all().delete()
        User.objects.filter(pk=customer.pk).update(wants_follow_ups=True)

    moments = at_every_moment(
        User,
        prepare=begun,
        act=lambda _: client.post("/mechanics/apply/", APPLICATION),
        other=lambda _: actions.stop_follow_ups(customer),
    )
    *during, _after = [User.objects.get(pk=customer.pk).wants_follow_ups for _answer in moments]
    assert during
    assert not any(during)


def test_support_finds_a_person_by_the_address_that_changes_while_the_name_does(customer: User) -> None:
    def begun() -> User:
        customer.name, customer.email = "Casey", "customer@example.com"
        customer.save(update_fields=["name", "email"])
        return User.objects.get(pk=customer.pk)

    def rename(person: User) -> str:
        actions.save_account(user=person, name="Nova", time_zone="")
        return str(User.objects.get(pk=customer.pk).search_words)

    def move(_person: User) -> None:
        now = User.objects.get(pk=customer.pk)
        now.email = "nova@example.org"
        now.save(update_fields=["email"])

    *during, _after = at_every_moment(User, prepare=begun, act=rename, other=move)
    assert set(during) <= {"nova nova@example.org"}
    move(begun())
    assert rename(customer) == "nova nova@example.org"
