"""A passkey, or an app with codes, that its person removes in another window at the moment at which it is used."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection
from django.test import Client

from autodoctor.accounts.models import User
from tests.kit.authenticator_app import code_of
from tests.kit.meanwhile import at_every_moment
from tests.kit.proof import confirm_again

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.on_postgres]
SECRET = "JBSWY3DPEHPK3PXP"


def remove(factor: Authenticator) -> None:
    Authenticator.objects.filter(pk=factor.pk).delete()


def test_a_passkey_that_is_removed_while_it_is_renamed_stays_removed(
    customer: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(customer)
    confirm_again(client)

    def kept() -> Authenticator:
        data = {"name": "Phone", "credential": {}}
        return Authenticator.objects.create(user=customer, type=Authenticator.Type.WEBAUTHN, data=data)

    def rename(passkey: Authenticator) -> tuple[int, list[str]]:
        answer = client.post(f"/account/two-factor/webauthn/keys/{passkey.pk}/edit/", {"name": "Old phone"})
        return answer.status_code, [str(there) for there in Authenticator.objects.filter(pk=passkey.pk)]

    *before, last = at_every_moment(Authenticator, prepare=kept, act=rename, other=remove)
    assert last == (302, ["Old phone"])
    assert all(answer == (404, []) for answer in before)
    assert before or connection.vendor == "sqlite"  # which lets the two come one after the other


def test_nobody_signs_in_by_an_app_that_is_removed_meanwhile(customer: User) -> None:
    def begun() -> tuple[Authenticator, Client, str]:
        Authenticator.objects.filter(user=customer).delete()
        app, client = TOTP.activate(customer, SECRET).instance, Client()
        client.post("/sign-in/", {"login": customer.email, "password": "demo"})
        return app, client, code_of(SECRET)

    def enter(case: tuple[Authenticator, Client, str]) -> bool:
        _app, client, code = case
        client.post("/account/two-factor/authenticate/", {"code": code})
        return client.get("/account/").status_code == 200

    *before, last = at_every_moment(Authenticator, prepare=begun, act=enter, other=lambda case: remove(case[0]))
    assert (any(before), last) == (False, True)


def test_recovery_codes_that_are_removed_while_one_is_entered_are_refused_in_words(customer: User) -> None:
    def begun() -> tuple[Authenticator, Client, str]:
        Authenticator.objects.filter(user=customer).delete()
        TOTP.activate(customer, SECRET)
        codes, client = RecoveryCodes.activate(customer), Client()
        client.post("/sign-in/", {"login": customer.email, "password": "demo"})
        return codes.instance, client, codes.get_unused_codes()[0]

    def enter(case: tuple[Authenticator, Client, str]) -> int:
        _codes, client, code = case
        return client.post("/account/two-factor/authenticate/", {"code": code}).status_code

    *before, last = at_every_moment(Authenticator, prepare=begun, act=enter, other=lambda case: remove(case[0]))
    assert (set(before) <= {200, 404}, last) == (True, 302)
