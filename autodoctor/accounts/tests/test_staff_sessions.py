"""Staff signs in with a second factor, for a working day, and is signed out when nothing happens."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.models import Session as BrowserSession
from django.core import signing
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.kit.authenticator_app import code_of
from tests.kit.proof import change_session

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

SignIn = Callable[..., Any]
ClientOf = Callable[["User"], Client]
SET_UP = "/account/two-factor/"
HOUR = 60 * 60


@pytest.fixture
def demanded(settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR = True


def set_up(client: Client) -> str:
    """Add an authenticator app on the page; return its secret."""
    page = client.get(f"{SET_UP}totp/activate/").content.decode()
    found = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page)
    assert found, page
    answer = client.post(f"{SET_UP}totp/activate/", {"code": code_of(found[1])})
    assert answer.status_code == 302
    return found[1]


def confirm(client: Client, password: str = "demo") -> None:
    client.post("/account/reauthenticate/", {"password": password})


def ago(seconds: float) -> float:
    return (timezone.now() - timedelta(seconds=seconds)).timestamp()


def socket_admits(client: Client) -> bool:
    from autodoctor.room.hub import authentication

    (answer,) = authentication.authenticate([(client.cookies["sessionid"].value, None)], timezone.now())
    return answer.guest is not None


@pytest.mark.parametrize(
    "path",
    [
        *("/support/", "/support/search/?q=x", "/support/numbers/numbers.csv", "/admin/", "/admin/accounts/user/"),
        *("/account/", "/account/email/", "/dashboard/", "/", "/admin/login/", "/not-there/"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_support_without_a_second_factor_is_redirected_to_its_set_up(
    path: str, demanded: None, support: "User", client: Client, sign_in: SignIn
) -> None:
    sign_in(support.email)
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, SET_UP)
    assert client.post(path).headers["Location"] == SET_UP
    assert "needs a second step" in client.get(SET_UP).content.decode()


def test_support_without_a_second_factor_reaches_neither_api_nor_websocket(
    demanded: None, support: "User", client: Client, sign_in: SignIn
) -> None:
    sign_in(support.email)
    answer = client.get("/api/sessions")
    assert (answer.status_code, answer.json()["error"]) == (403, "second_factor_needed")
    assert not socket_admits(client)
    fragment = client.get("/support/open/", headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == SET_UP


@pytest.mark.django_db(transaction=True)
def test_support_reaches_every_page_once_the_second_factor_is_set_up(
    demanded: None, support: "User", client: Client, sign_in: SignIn
) -> None:
    sign_in(support.email)
    confirm(client)
    secret = set_up(client)
    assert client.get("/support/").status_code == 200
    assert client.get("/account/two-factor/recovery-codes/").status_code == 200
    assert socket_admits(client)

    client.post("/sign-out/")
    assert sign_in(support.email).headers["Location"].startswith("/account/two-factor/authenticate/")
    assert client.get("/support/").headers["Location"].startswith("/sign-in/")
    client.post("/account/two-factor/authenticate/", {"code": code_of(secret)})
    assert client.get("/support/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_thief_with_the_password_stays_out_when_the_owner_sets_up_the_second_factor(
    demanded: None, support: "User", client_of: ClientOf
) -> None:
    thief, owner = client_of(support), client_of(support)
    confirm(owner)
    set_up(owner)
    assert owner.get("/support/").status_code == 200
    for path in ("/support/", SET_UP):
        assert thief.get(path).headers["Location"].startswith("/sign-in/")
    assert not socket_admits(thief)


@pytest.mark.django_db(transaction=True)
def test_support_who_removes_the_last_factor_is_redirected_to_its_set_up(
    demanded: None, support: "User", client: Client, sign_in: SignIn
) -> None:
    sign_in(support.email)
    confirm(client)
    set_up(client)
    client.post(f"{SET_UP}totp/deactivate/")
    assert client.get("/support/").headers["Location"] == SET_UP


@pytest.mark.django_db(transaction=True)
def test_the_first_support_person_proves_the_address_then_sets_the_factor_up(
    demanded: None, client: Client, sign_in: SignIn, code: Callable[[], str]
) -> None:
    from autodoctor.accounts.models import User

    User.objects.create_superuser("boss@example.com", "ratchet-and-torque", name="Bo Boss")
    assert sign_in("boss@example.com", "ratchet-and-torque").headers["Location"] == "/account/confirm-email/"
    client.post("/account/confirm-email/", {"code": code()})
    assert client.get("/support/").headers["Location"] == SET_UP
    confirm(client, "ratchet-and-torque")
    set_up(client)
    assert client.get("/support/").status_code == 200
    assert client.get("/admin/").status_code == 200


def test_an_expired_sign_in_of_support_closes_its_websockets(support: "User", client: Client, sign_in: SignIn) -> None:
    from autodoctor.room.hub import authentication

    sign_in(support.email)
    client.get("/support/")
    key, now = client.cookies["sessionid"].value, timezone.now()
    (answer,) = authentication.authenticate([(key, None)], now)
    assert answer.guest
    seals, people = {key: answer.guest.seal}, {key: support.id}
    assert authentication.still_welcome(seals, people, now) == {key}
    assert authentication.still_welcome(seals, people, now + timedelta(seconds=2 * HOUR + 1)) == set()


def test_recovery_codes_alone_are_no_factor(demanded: None, support: "User", client_of: ClientOf) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    RecoveryCodes.activate(support)
    assert client_of(support).get("/support/").headers["Location"] == SET_UP


@pytest.mark.django_db(transaction=True)
def test_resetting_a_password_does_not_skip_the_second_factor(
    demanded: None, support: "User", client: Client, sign_in: SignIn, code: Callable[[], str]
) -> None:
    sign_in(support.email)
    confirm(client)
    set_up(client)
    code_of("A" * 32)
    stranger = Client()
    from autodoctor.scheduler.models import Job

    Job.objects.all().delete()  # the mail about the new app
    stranger.post("/account/password/reset/", {"email": support.email})
    stranger.post("/account/password/reset/confirm/", {"code": code()})
    new = "ratchet-and-torque"
    stranger.post("/account/password/reset/complete/", {"password1": new, "password2": new})
    assert stranger.get("/support/").headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("who", ["customer", "mechanic"])
def test_customers_and_mechanics_are_not_asked_for_a_second_factor(
    who: str, demanded: None, request: pytest.FixtureRequest, client: Client, sign_in: SignIn
) -> None:
    person = request.getfixturevalue(who)
    sign_in(person.email)
    assert client.get("/dashboard/").status_code == 200
    assert client.session.get_expiry_age() > 13 * 24 * HOUR


def test_a_sign_in_of_support_ends_after_two_idle_hours_and_after_twelve_in_all(
    support: "User", client: Client, sign_in: SignIn
) -> None:
    answer = sign_in(support.email)
    assert int(answer.cookies["sessionid"]["max-age"]) <= 2 * HOUR
    change_session(client, signed_in_at=ago(11 * HOUR), active_at=ago(HOUR))
    assert client.get("/support/").status_code == 200
    assert 0 < client.session.get_expiry_age() <= HOUR
    assert socket_admits(client)

    for changes in ({"active_at": ago(2 * HOUR + 1)}, {"signed_in_at": ago(12 * HOUR + 1), "active_at": ago(60)}):
        sign_in(support.email)
        change_session(client, **changes)
        assert not socket_admits(client)
        away = client.get("/support/").headers["Location"]
        assert away.startswith("/sign-in/?next=/support/")
        assert "Your session is over" in client.get(away).content.decode()
        assert client.get("/api/sessions").status_code == 401


def test_a_board_that_fetches_itself_keeps_nobody_signed_in(support: "User", client: Client, sign_in: SignIn) -> None:
    sign_in(support.email)
    change_session(client, active_at=ago(HOUR))
    client.get("/support/open/")
    assert client.session["active_at"] < ago(HOUR - 10)
    client.get("/support/")
    assert client.session["active_at"] > ago(10)


def test_a_person_who_becomes_support_signs_in_anew(
    support: "User", customer: "User", client: Client, client_of: ClientOf, sign_in: SignIn
) -> None:
    sign_in(customer.email)
    form = {"is_staff": "on", "_save": ""}
    assert client_of(support).post(f"/admin/accounts/user/{customer.pk}/change/", form).status_code == 302
    customer.refresh_from_db()
    assert customer.is_staff
    assert client.get("/support/").headers["Location"].startswith("/sign-in/")
    assert not socket_admits(client)


def test_an_older_sign_in_of_a_person_made_support_in_the_database_is_over(
    customer: "User", client: Client, sign_in: SignIn
) -> None:
    sign_in(customer.email)
    change_session(client, signed_in_at=ago(13 * HOUR))
    assert client.get("/dashboard/").status_code == 200
    customer.is_staff = True
    customer.save()
    assert client.get("/support/").headers["Location"].startswith("/sign-in/")


@pytest.mark.django_db(transaction=True)
def test_no_secret_of_a_factor_is_in_the_database(support: "User", client: Client, sign_in: SignIn) -> None:
    from allauth.mfa.models import Authenticator

    def everything() -> str:
        with connection.cursor() as cursor:
            rows = []
            for table in ("mfa_authenticator", "django_session"):
                cursor.execute(f"SELECT * FROM {table}")
                rows += cursor.fetchall()
        return json.dumps(rows, default=str)

    sign_in(support.email)
    confirm(client)
    client.get(f"{SET_UP}totp/activate/")
    assert "mfa.totp.secret" in client.session  # until the first code has been typed
    with pytest.raises(signing.BadSignature):
        signing.loads(BrowserSession.objects.get().session_data, salt="django.contrib.sessions.SessionStore")
    secret = set_up(client)
    assert secret not in everything()
    codes = Authenticator.objects.get(user=support, type="recovery_codes").wrap()
    assert codes.get_unused_codes()
    assert codes.get_unused_codes()[0] not in everything()


def test_the_admin_shows_who_has_a_factor_and_no_secret(support: "User", client_of: ClientOf) -> None:
    from allauth.mfa.totp.internal.auth import TOTP

    made = TOTP.activate(support, "JBSWY3DPEHPK3PXP").instance
    page = client_of(support).get(f"/admin/mfa/authenticator/{made.pk}/change/").content.decode()
    assert "support@example.com" in page or "Sandy Support" in page
    assert made.data["secret"][:20] not in page


def test_a_lost_factor_is_removed_by_a_superuser_or_on_the_command_line(
    support: "User", mechanic: "User", client_of: ClientOf, capsys: pytest.CaptureFixture[str]
) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP
    from django.core.management import CommandError, call_command

    made, theirs = TOTP.activate(mechanic, "JBSWY3DPEHPK3PXP").instance, client_of(mechanic)
    client_of(support).post(f"/admin/mfa/authenticator/{made.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()
    assert theirs.get("/dashboard/").status_code == 302

    TOTP.activate(mechanic, "JBSWY3DPEHPK3PXP")
    theirs = client_of(type(mechanic).objects.get(pk=mechanic.pk))
    call_command("reset_second_factor", mechanic.email)
    assert "signed out" in capsys.readouterr().out
    assert not Authenticator.objects.exists()
    assert theirs.get("/dashboard/").status_code == 302
    with pytest.raises(CommandError, match="Nobody"):
        call_command("reset_second_factor", "nobody@example.com")


def test_no_step_of_replacing_a_key_signs_anybody_out_where_processes_restart_one_after_the_other(
    customer: "User", client_of: ClientOf, settings: Settings
) -> None:
    import re
    from itertools import pairwise

    from autodoctor.core.encryption import new_key

    guide = (settings.BASE_DIR / "docs/production.md").read_text()
    keys = {"old": settings.ENCRYPTION_KEYS[0], "new": new_key()}
    steps = [["old"], *(found.split(",") for found in re.findall(r"`ENCRYPTION_KEYS=([a-z,]+)`", guide))]
    assert steps[-1] == ["new"]
    for before, after in pairwise(steps):
        for writes, reads in ((before, after), (after, before)):
            if (writes, reads) == (before, after) and after == ["new"]:
                continue  # `renew_encryption` comes in between
            settings.ENCRYPTION_KEYS = [keys[name] for name in writes]
            client = client_of(customer)
            settings.ENCRYPTION_KEYS = [keys[name] for name in reads]
            assert client.get("/account/").status_code == 200, (writes, reads)


def test_rotating_the_encryption_key_keeps_second_factors_working(
    support: "User", client_of: ClientOf, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP
    from django.core.management import CommandError, call_command

    from autodoctor.core.encryption import new_key

    older, newer = settings.ENCRYPTION_KEYS[0], new_key()
    totp, codes = TOTP.activate(support, "JBSWY3DPEHPK3PXP"), RecoveryCodes.activate(support)
    kept, client = codes.get_unused_codes(), client_of(support)
    settings.ENCRYPTION_KEYS = [newer, older]
    call_command("renew_encryption")
    assert "3 rows" in capsys.readouterr().out

    settings.ENCRYPTION_KEYS = [newer]
    totp.instance.refresh_from_db()
    assert totp.validate_code(code_of("JBSWY3DPEHPK3PXP"))
    assert Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes() == kept
    assert client.get("/account/").status_code == 200

    settings.ENCRYPTION_KEYS = [new_key()]
    with pytest.raises(CommandError, match=r"support@example\.com"):
        call_command("renew_encryption")
    assert client.get("/account/").status_code == 302
