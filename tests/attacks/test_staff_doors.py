"""A password of support alone opens nothing of a running server, through none of its doors."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from autodoctor.room.tests.channel import closing_code
from tests.kit import scene
from tests.kit.server import Person, Server, running
from tests.kit.sockets import Socket, room

SET_UP = "/account/two-factor/"
SUPPORT = "support@example.com"
WITH_FACTOR = """
from allauth.mfa.totp.internal.auth import TOTP
from autodoctor.accounts.models import User
TOTP.activate(User.objects.get(email="support@example.com"), "JBSWY3DPEHPK3PXP")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that demands a second factor of support, as in production."""
    with running(environment={"STAFF_SECOND_FACTOR": "1"}) as started:
        yield started


@pytest.fixture(scope="module")
def thief(server: Server) -> Person:
    """Somebody who knows the password of support, which has no second factor yet."""
    return server.sign_in_by_form(SUPPORT)


@pytest.mark.parametrize("path", ["/support/", "/admin/", "/dashboard/", "/account/", "/support/open/"])
def test_pages_redirect_support_without_a_second_factor_to_its_set_up(server: Server, thief: Person, path: str) -> None:
    answer = server.client(thief).get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, SET_UP)


def test_the_api_refuses_support_without_a_second_factor(server: Server, thief: Person) -> None:
    talk = scene.stage(server)
    client = server.client(thief)
    for answer in (client.get("/api/sessions"), client.post(f"/api/sessions/{talk.id}/end", json={"reason": "So"})):
        assert (answer.status_code, answer.json()["error"]) == (403, "second_factor_needed")
    assert scene.state_of(server, talk.id) in {"live", "reconnecting"}


def test_no_socket_opens_for_support_without_a_second_factor(server: Server, thief: Person) -> None:
    talk = scene.stage(server)
    for address in (room(talk.id), "/ws/feed"):
        assert closing_code(Socket(server, address, thief)) == 4401


def test_no_file_is_taken_from_support_without_a_second_factor(server: Server, thief: Person) -> None:
    talk = scene.stage(server)
    file = {"file": ("scan.txt", b"P0301 misfire", "text/plain")}
    answer = server.client(thief).post(f"/api/sessions/{talk.id}/files", files=file)
    assert answer.status_code in {401, 403, 404}


def test_an_authorization_header_does_not_sign_in(server: Server) -> None:
    for words in ("Bearer demo", f"Bearer {uuid4().hex}", "Basic c3VwcG9ydEBleGFtcGxlLmNvbTpkZW1v", "Token demo"):
        answer = httpx.get(f"{server.url}/api/sessions", headers={"Authorization": words}, trust_env=False)
        assert answer.status_code == 401


def test_the_password_alone_does_not_sign_in_support_with_a_second_factor(server: Server, thief: Person) -> None:
    server.shell(WITH_FACTOR)
    assert server.client(thief).get("/support/").headers["Location"].startswith("/sign-in/")
    client = server.client()
    answer = client.post("/sign-in/", data={"login": SUPPORT, "password": "demo"})
    assert answer.headers["Location"].startswith("/account/two-factor/authenticate/")
    half = Person("", SUPPORT, {cookie.name: str(cookie.value) for cookie in client.cookies.jar})
    assert client.get("/support/").headers["Location"].startswith("/sign-in/")
    assert client.get("/api/sessions").status_code == 401
    assert closing_code(Socket(server, "/ws/feed", half)) == 4401
