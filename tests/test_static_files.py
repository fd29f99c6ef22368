"""Scripts and styles, as the server answers them in front of Django."""

import re
from wsgiref.headers import Headers

import httpx
import pytest
from pytest_django import Settings

from autodoctor.core.static_files import add_headers
from tests.kit.server import Server

SCRIPT = "/static/room/wire/channel.js"


@pytest.fixture
def client(server: Server) -> httpx.Client:
    return server.client()


def test_a_script_is_served_with_its_type_and_the_headers_of_every_answer(client: httpx.Client) -> None:
    answer = client.get(SCRIPT)
    assert (answer.status_code, answer.headers["content-type"]) == (200, 'text/javascript; charset="utf-8"')
    assert "class Channel" in answer.text
    page = client.get("/sign-in/")
    for name in ("x-content-type-options", "referrer-policy", "cross-origin-opener-policy"):
        assert answer.headers[name] == page.headers[name]
    assert "set-cookie" not in answer.headers


def test_an_unchanged_file_is_not_sent_again(client: httpx.Client) -> None:
    again = client.get(SCRIPT, headers={"If-None-Match": client.get(SCRIPT).headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_bundle_is_kept_for_ever_for_its_name_changes_with_it(client: httpx.Client) -> None:
    named = re.findall(r'"(/static/bundles/[^"]+\.js)"', client.get("/sign-in/").text)
    assert named
    for bundled in (client.get(path) for path in named):
        assert (bundled.status_code, bundled.headers["content-type"]) == (200, 'text/javascript; charset="utf-8"')
        assert "immutable" in bundled.headers["cache-control"]
    assert "immutable" not in client.get(SCRIPT).headers["cache-control"]


def test_a_range_of_a_static_file_is_served(client: httpx.Client) -> None:
    part = client.get(SCRIPT, headers={"Range": "bytes=2-9", "Accept-Encoding": "identity"})
    assert (part.status_code, part.content) == (206, client.get(SCRIPT).content[2:10])


def test_a_head_request_for_a_static_file_has_its_length_and_no_body(client: httpx.Client) -> None:
    head = client.head(SCRIPT)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == client.get(SCRIPT).headers["content-length"]


@pytest.mark.parametrize("path", ["/static/none.js", "/static/", "/static/../autodoctor/settings.py", "/static/%00"])
def test_an_unknown_file_is_404(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_static_file_refuses_a_post(client: httpx.Client) -> None:
    assert client.post(SCRIPT, content=b"x").status_code == 405


def test_static_files_have_the_hsts_header_where_https_is_required(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    headers = Headers([])
    add_headers(headers, "channel.js", SCRIPT)
    assert headers["Strict-Transport-Security"] == "max-age=60; includeSubDomains; preload"
