"""Every act of support is listed with whether it needs a fresh password or code, and keeps to it."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from autodoctor.accounts.models import User
from autodoctor.room.tests.live_session import live_session
from autodoctor.support.case_actions import ACTS
from tests.attacks.routes import PAGES, STAFF_ACTS
from tests.attacks.test_routes import at, patterns
from tests.kit.proof import let_proof_age

ADDRESSES: dict[str, URLPattern] = dict(patterns(get_resolver().url_patterns))
CONFIRM = "/account/reauthenticate/"
ACTION = "/support/sessions/<session_id>/<name>/"


@pytest.fixture
def session_id(customer: User, mechanic: User) -> UUID:
    return live_session(customer, mechanic).id


@pytest.fixture
def desk(support: User) -> Client:
    """Support, whose password was typed an hour ago."""
    client = Client()
    client.force_login(support)
    let_proof_age(client)
    return client


def acts(desk: Client, session_id: UUID) -> Iterator[str]:
    """Return every address for support that takes a form, each action of a session, and what needs a fresh password."""
    for address in (address for address, (access, _) in PAGES.items() if access == "support_only"):
        path, view = at(address, session_id), ADDRESSES[address].callback
        if address == ACTION:
            yield from (f"POST {address} {name}" for name in ACTS)
        elif desk.post(path).status_code != 405 and not _is_a_table_of_numbers(address):
            yield f"POST {address}"
        elif vars(view).get("freshness"):
            yield f"GET {address}"


def _is_a_table_of_numbers(address: str) -> bool:
    """These only read, whatever the method."""
    return address.startswith("/support/numbers/")


def test_every_act_of_support_is_listed(desk: Client, session_id: UUID) -> None:
    of_the_desk = {act for act in STAFF_ACTS if " /support/" in act}
    assert set(acts(desk, session_id)) == of_the_desk


@pytest.mark.parametrize("act", STAFF_ACTS)
def test_an_act_of_support_asks_for_a_fresh_password_as_listed(
    act: str, desk: Client, session_id: UUID, customer: User
) -> None:
    method, address, *name = act.split()
    path = f"/admin/accounts/user/{customer.pk}/change/" if address == "/admin/" else at(address, session_id)
    path = path.replace("/x/", f"/{name[0]}/") if name else path
    answer = desk.generic(method, path)
    asks = CONFIRM in answer.headers.get("Location", "") + (answer.content.decode() if "/api/" in path else "")
    assert asks is STAFF_ACTS[act][0], (act, answer.status_code)


@pytest.mark.parametrize("page", ["add/", "<object_id>/delete/", "<object_id>/change/", ""])
def test_every_form_of_the_admin_asks_for_a_fresh_password(page: str, desk: Client, customer: User) -> None:
    for table in ("accounts/user", "auth/group", "booking/plan", "autodoctor_sessions/ruletime", "mfa/authenticator"):
        path = f"/admin/{table}/{page}".replace("<object_id>", "1")
        assert desk.post(path).headers["Location"].startswith(CONFIRM), path
