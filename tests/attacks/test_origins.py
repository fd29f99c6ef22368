"""Another site cannot open a websocket with a visitor's cookie."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Server
from tests.kit.sockets import Socket, room

# `{port}` is the server's own: the site is http://localhost:{port}.
FOREIGN = [
    "https://evil.example",
    "null",
    "file://",
    "http://localhost:{port}.evil.example",  # suffix
    "http://localhost.evil.example:{port}",
    "http://evil-localhost:{port}",  # prefix
    "http://evil.example/http://localhost:{port}",
    "http://localhost:{port}@evil.example",
    "http://evil.example#http://localhost:{port}",
    "HTTP://LOCALHOST:{port}",  # browsers send it in lower case
    "http://Localhost:{port}",
    "https://localhost:{port}",  # scheme
    "ws://localhost:{port}",
    "http://localhost",  # port
    "http://localhost:1",
    "http://localhost:0{port}",
    "http://localhost:{port}/",
    "http://localhost:{port}, https://evil.example",
    "http://localhost.:{port}",
    "http://[::1]:{port}",
    "http://127.1:{port}",
]


@pytest.fixture(scope="module")
def talk(server: Server) -> Talk:
    return scene.stage(server)


@pytest.mark.parametrize("origin", [*FOREIGN, "", None])
def test_a_socket_from_a_foreign_origin_with_a_valid_cookie_is_refused(talk: Talk, origin: str | None) -> None:
    header = {} if origin is None else {"Origin": origin.format(port=talk.server.port)}
    for path in (room(talk.id), "/ws/feed"):
        with pytest.raises(InvalidStatus) as refused:
            Socket(talk.server, path, talk.customer, origin=None, headers=header)
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("own", ["http://localhost:{port}", "http://127.0.0.1:{port}"])
def test_a_socket_from_the_sites_own_origin_is_opened(talk: Talk, own: str) -> None:
    origin = own.format(port=talk.server.port)
    with Socket(talk.server, room(talk.id), talk.customer, origin=origin) as socket:
        assert socket.expect("welcome")["you"]["role"] == "customer"
    with Socket(talk.server, "/ws/feed", talk.customer, origin=origin) as feed:
        feed.send("ping")
        assert feed.expect("pong")


def test_a_socket_request_with_two_origins_is_refused(talk: Talk) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Socket(talk.server, room(talk.id), talk.customer, headers={"origin": "https://evil.example"})
    assert refused.value.response.status_code in {400, 403}  # the server's own check of the header may come first
