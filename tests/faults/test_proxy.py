"""nginx and Caddy as in `deploy/`, in front of a server: https, sockets, uploads, limits of size, headers, the log."""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import cast
from uuid import uuid4

import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from autodoctor.files.tests.samples import film
from tests.kit import caddy, nginx, scene
from tests.kit.ports import free_port
from tests.kit.proxy import Proxy
from tests.kit.scene import UNLIMITED, Talk
from tests.kit.server import Server, running
from tests.kit.waiting import until

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Site:
    proxy: Proxy
    server: Server


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def kind(request: pytest.FixtureRequest) -> ModuleType:
    if not request.param.is_installed():
        pytest.skip(f"{request.param.__name__} is not installed")
    return cast(ModuleType, request.param)


@pytest.fixture(scope="module")
def site(kind: ModuleType) -> Iterator[Site]:
    port = free_port()
    environment = {"SITE_URL": f"https://localhost:{port}", "TRUSTED_PROXIES": "1", "LIMITS": UNLIMITED}
    with running(environment=environment) as server, kind.in_front_of(server.port, port=port) as proxy:
        yield Site(proxy, server)


@pytest.fixture(scope="module")
def talk(site: Site) -> Talk:
    return scene.stage(site.server)


def share(site: Site, talk: Talk, content: bytes) -> httpx.Response:
    with site.proxy.client(talk.customer) as client:
        return client.post(f"/api/sessions/{talk.id}/files", files={"file": ("clip.mp4", content)})


def test_plain_http_leads_to_https_and_another_name_gets_no_answer(site: Site) -> None:
    plain = f"http://localhost:{site.proxy.plain_port}/book/?plan=chat"
    answer = httpx.get(plain, trust_env=False)
    assert answer.status_code == 301
    assert re.sub(r":\d+/", "/", answer.headers["Location"]) == "https://localhost/book/?plan=chat"
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(plain, headers={"Host": "evil.example"}, trust_env=False)
    with socket.create_connection(("127.0.0.1", site.proxy.port)) as line, pytest.raises(ssl.SSLError):
        site.proxy.trusting().wrap_socket(line, server_hostname="evil.example")
    with site.proxy.client() as client, pytest.raises(httpx.RemoteProtocolError):
        client.get("/", headers={"Host": "evil.example"})


def test_browsers_speak_http_2_by_tls_1_3(site: Site) -> None:
    context = site.proxy.trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", site.proxy.port)) as line,
        context.wrap_socket(line, server_hostname="localhost") as encrypted,
    ):
        assert encrypted.selected_alpn_protocol() == "h2"
        assert encrypted.version() == "TLSv1.3"


def test_the_headers_of_the_application_arrive_once_and_none_names_the_proxy_s_version(site: Site) -> None:
    with site.proxy.client() as client:
        answer = client.get("/")
    assert answer.status_code == 200
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options"):
        assert len(answer.headers.get_list(name)) == 1
    assert answer.headers.get("Server", "nginx") == "nginx"
    given = answer.headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}|[0-9a-f-]{36}", given)  # the proxy's own, as in its log
    assert {line.id for line in site.proxy.requests()} & {given, ""}


def test_pages_and_styles_are_compressed_and_a_page_tells_nothing_by_its_length(site: Site) -> None:
    with site.proxy.client() as client:
        client.headers["Accept-Encoding"] = "gzip"
        page = client.get("/")
        sheet = re.search(r'href="(/static/[^"]+\.css)"', page.text)
        assert sheet
        for answer in (page, client.get(sheet[1])):
            assert answer.headers["Content-Encoding"] == "gzip"
        lengths = {client.get("/legal/terms/").headers["Content-Length"] for _ in range(8)}
    assert len(lengths) > 2


def test_a_socket_stays_open_through_the_proxy_and_carries_messages(site: Site, talk: Talk) -> None:
    cookie = f"sessionid={talk.customer.cookies['sessionid']}"
    with connect(
        f"wss://localhost:{site.proxy.port}/ws/sessions/{talk.id}?after=0",
        ssl=site.proxy.trusting(),
        origin=Origin(site.proxy.url),
        additional_headers={"Cookie": cookie},
        proxy=None,
    ) as line:
        line.send(json.dumps({"type": "join"}))
        sent = str(uuid4())
        line.send(json.dumps({"type": "message", "client_id": sent, "text": "through the proxy"}))
        while json.loads(line.recv(timeout=30)).get("client_id") != sent:
            pass


def test_an_upload_of_ten_megabytes_passes_and_comes_back_by_its_signed_address(site: Site, talk: Talk) -> None:
    content = film(filling=10 * MEGABYTE - 2000)
    made = share(site, talk, content)
    assert made.status_code == 201, made.text
    with site.proxy.client(talk.mechanic) as client:
        answer = client.get(made.json()["url"])
    assert answer.content == content
    with site.proxy.client() as client:
        client.get("/book/")
    until(lambda: "/book/" in site.proxy.log())  # what came before stands there, too
    assert answer.url.path not in site.proxy.log()


def test_a_body_is_bounded_by_the_proxy_before_it_arrives(site: Site, talk: Talk) -> None:
    assert share(site, talk, bytes(13 * MEGABYTE)).status_code == 413
    with site.proxy.client() as client:
        for path in ("/mail/inbound/postmark/", "/help/", f"/sessions/{talk.id}/help/"):  # more is meant to come there
            assert client.post(path, content=bytes(20 * MEGABYTE)).status_code != 413


def test_the_log_of_requests_holds_no_query_and_the_true_address(site: Site) -> None:
    with site.proxy.client() as client:
        client.get("/help/open/?a-secret-of-somebody", headers={"X-Forwarded-For": "203.0.113.9"})
    until(lambda: "/help/open/" in site.proxy.log())
    line = next(line for line in site.proxy.requests() if line.path == "/help/open/")
    assert line.client == "127.0.0.1"
    assert "a-secret" not in site.proxy.log()
    assert "203.0.113.9" not in site.server.log()


def test_webhooks_of_stripe_have_a_process_of_their_own_or_come_to_the_others(site: Site, kind: ModuleType) -> None:
    with site.proxy.client() as client:
        assert client.post("/api/stripe/webhook").status_code == 400
    with kind.in_front_of(free_port(), webhooks=site.server.port) as apart, apart.client() as client:
        assert client.post("/api/stripe/webhook").status_code == 400
        assert client.get("/").status_code == 502


def test_metrics_are_not_to_be_had_through_the_proxy(site: Site) -> None:
    with site.proxy.client() as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/api/ready").status_code == 200
