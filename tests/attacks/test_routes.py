"""Every address is listed with its access, declares that access, and keeps it."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.api import api
from autodoctor.room.tests.live_session import live_session
from tests.attacks.routes import ADMIN_PAGES, ADMIN_PAGES_OF_A_TABLE, ADMIN_TABLES, FRAMEWORK, OPERATIONS, PAGES, ROLES

NOBODY = "00000000-0000-4000-8000-000000000000"
SAMPLES = {
    "<conversation_id>": NOBODY,
    "<mechanic_id>": NOBODY,
    "<user_id>": NOBODY,
    "<vehicle_id>": NOBODY,
    "<link_id>": NOBODY,
    "<token>": "x",
    "<file_id>": NOBODY,
    "<upload_id>": NOBODY,
    "<subscription_id>": NOBODY,
    "<payment_id>": NOBODY,
    "<still_id>": NOBODY,
    "<document_id>": NOBODY,
    "<rendition>": "view",
    "<pk>": "1",
    "<name>": "x",
    "<slug>": "terms",
    "(customer|mechanic)": "customer",
    "<content_type_id>": "1",
}
Visitors = dict[str, Client]


def patterns(below: Sequence[URLPattern | URLResolver], start: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Return every address with its view; `<uuid:session_id>` is shown as `<session_id>`."""
    for one in below:
        address = start + plain(str(one.pattern))
        if isinstance(one, URLPattern):
            yield address, one
        else:
            yield from patterns(one.url_patterns, address)


def plain(pattern: str) -> str:
    pattern = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", pattern)
    return re.sub(r"<\w+:", "<", pattern).strip("^$").removesuffix("/?").replace("(?:", "(")


ADDRESSES = list(patterns(get_resolver().url_patterns))
OF_THE_SITE = {address: view for address, view in ADDRESSES if not address.startswith("/admin/")}
OF_THE_ADMIN = sorted({address.removeprefix("/admin/") for address, _ in ADDRESSES if address.startswith("/admin/")})


def operations() -> dict[str, set[str]]:
    """Return every API operation with its guard's `access`."""
    found = {}
    for prefix, router in api._routers:  # the framework has no public list of them
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    address = "/api" + prefix + re.sub(r"\{\w+:(\w+)\}", r"<\1>", path)
                    found[f"{method} {address}"] = {
                        getattr(guard, "access", "unknown") for guard in operation.auth_callbacks
                    }
    return found


def test_every_page_is_listed_and_says_who_may_call_it() -> None:
    by_api = {entry.split()[1] for entry in OPERATIONS} | set(FRAMEWORK)
    found = {address: vars(view.callback).get("access") for address, view in OF_THE_SITE.items()}
    assert {address: found[address] for address in set(found) - by_api} == {
        address: access for address, (access, _) in PAGES.items()
    }
    assert by_api <= set(found)


def test_every_operation_is_listed_and_says_who_may_call_it() -> None:
    assert operations() == {entry: {access} - {""} for entry, (access, _) in OPERATIONS.items()}


def test_every_page_of_the_admin_is_listed() -> None:
    of_tables = {f"{table}/{page}" for table in ADMIN_TABLES for page in ADMIN_PAGES_OF_A_TABLE}
    assert set(OF_THE_ADMIN) == ADMIN_PAGES | of_tables


@pytest.fixture(autouse=True)
def unhurried(settings: Settings) -> None:
    """Nobody but a test sends a form to every address at once."""
    settings.LIMITS = {"changes": [10_000, 1]}


@pytest.fixture
def session_id(customer: User, mechanic: User) -> UUID:
    return live_session(customer, mechanic).id


@pytest.fixture
def visitors(customer: User, mechanic: User, stranger: User, support: User) -> Visitors:
    return {"nobody": Client()} | {
        role: signed_in(person) for role, person in zip(ROLES[1:], (customer, mechanic, stranger, support), strict=True)
    }


def signed_in(person: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def at(address: str, session_id: UUID) -> str:
    for gap, sample in {"<session_id>": str(session_id), **SAMPLES}.items():
        address = address.replace(gap, sample)
    return re.sub(r"<\w+>", "1", address)


def statuses(visitors: Visitors, ask: Callable[[Client], Any]) -> tuple[int, ...]:
    return tuple(ask(visitors[role]).status_code for role in ROLES)


def test_every_page_answers_the_roles_it_is_for_only(visitors: Visitors, session_id: UUID) -> None:
    found = {}
    for address, (access, _) in PAGES.items():
        path = at(address, session_id)
        found[address] = (access, statuses(visitors, lambda client: client.get(path)))  # noqa: B023 called at once
        if access != "anyone":
            assert visitors["nobody"].get(path).headers["Location"].startswith("/sign-in/?next=")
    assert found == PAGES


def test_no_response_to_a_signed_in_person_is_cached(visitors: Visitors, session_id: UUID) -> None:
    kept = {}
    for address in {*PAGES, *(entry.split()[1] for entry in OPERATIONS)}:
        answer = visitors["customer"].get(at(address, session_id))
        kept[address] = answer.headers.get("Cache-Control", "nothing said")
    open_to_all = {"/service-worker.js": "no-cache"}  # the same for everybody
    assert {address: said for address, said in kept.items() if "no-store" not in said} == open_to_all


def test_every_form_refuses_the_roles_it_is_not_for(visitors: Visitors, session_id: UUID) -> None:
    for address, (access, expected) in PAGES.items():
        path = at(address, session_id)
        found = dict(zip(ROLES, statuses(visitors, lambda client: client.post(path)), strict=True))  # noqa: B023
        assert max(found.values()) < 500, address
        if access != "anyone":
            assert found["nobody"] == 302, address
        if access in {"mechanic_only", "support_only"}:
            hidden = {role for role, status in zip(ROLES, expected, strict=True) if status == 404}
            assert {found[role] for role in hidden} == {404}, address


def test_every_operation_answers_the_roles_it_is_for_only(visitors: Visitors, session_id: UUID) -> None:
    found = {}
    for entry, (access, _) in OPERATIONS.items():
        method, address = entry.split()
        path = at(address, session_id)
        ask = ASK[method]
        found[entry] = (access, statuses(visitors, partial(ask, path=path)))
    assert found == OPERATIONS


def post_nothing(client: Client, *, path: str) -> Any:
    body = "{}" if path.endswith(("/sessions", "/messages", "/solved", "/summary", "/preflight")) else ""
    return client.post(path, body, content_type="application/json")


ASK: dict[str, Callable[..., Any]] = {
    "GET": Client.get,
    "POST": post_nothing,
    "PATCH": Client.patch,
    "DELETE": Client.delete,
}


def test_routes_of_the_framework_show_the_description_only(visitors: Visitors) -> None:
    assert {address: statuses(visitors, partial(Client.get, path=address)) for address in FRAMEWORK} == FRAMEWORK


def test_the_admin_is_for_support(visitors: Visitors, session_id: UUID) -> None:
    for below in OF_THE_ADMIN:
        if below in {"login/", "logout/"}:
            continue
        path = at("/admin/" + below, session_id).replace("/admin/1/", "/admin/accounts/")
        for answer in (visitors["nobody"].get(path), visitors["customer"].get(path), visitors["mechanic"].post(path)):
            assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/login/?next={path}")
        assert visitors["support"].get(path).status_code in {200, 302, 403, 404}, path


def test_the_way_into_the_admin_is_the_sites_own(visitors: Visitors) -> None:
    assert visitors["nobody"].get("/admin/login/").headers["Location"].startswith("/sign-in/")
    for role in ("customer", "mechanic", "stranger"):
        assert visitors[role].get("/admin/login/").status_code == 404
