"""A whole story with failures leaves no user text, no secret and no signed address in the log."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from autodoctor.core.encryption import key_from
from autodoctor.files.tests.samples import PDF
from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import PASSWORD, PLAIN, Server, running
from tests.kit.sockets import Socket
from tests.kit.waiting import until

MAIL_PASSWORD, CRON, METRICS = "hunter2-of-the-mail", "the-cron-secret-0815", "the-metrics-token-0816"
CONCERN, WORDS, UNLUCKY = "It smells of burnt-almonds", "My number is 555-0199-secret", "an unlucky-sentence"
FILE_NAME, WRONG_PASSWORD = "my-licence-plate.pdf", "not-my-password-77"
NAMED = "request-named-by-a-proxy"
ENVIRONMENT = {
    "LOG_LEVEL": "DEBUG",
    "LOG_JSON": "1",
    "EMAIL_URL": f"smtp://postbox:{MAIL_PASSWORD}@127.0.0.1:9",  # no server listens on this port: every mail fails
    "CRON_SECRET": CRON,
    "METRICS_TOKEN": METRICS,
    "TRUSTED_PROXIES": "1",
}
REFUSE_UNLUCKY = """
CREATE TRIGGER unlucky BEFORE INSERT ON autodoctor_sessions_sessionevent WHEN NEW.data LIKE '%unlucky%'
BEGIN SELECT RAISE(ABORT, 'an unlucky-sentence cannot be stored'); END
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(environment=ENVIRONMENT) as started:
        yield started


def lines(server: Server) -> list[dict[str, Any]]:
    """Return the server's log lines, without its greeting."""
    return [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]


def book(server: Server) -> str:
    """Create a paid request of the demo customer."""
    intake = {
        "plan": "chat",
        "vehicle": {"year": 2013, "make": "Ford", "model": "F-150"},
        "concern": CONCERN,
        "safe": True,
        "waiver": True,
    }
    answer = server.client(server.sign_in("customer@example.com")).post("/api/sessions", json=intake)
    assert answer.status_code == 201, answer.text
    checkout = answer.json()["checkout_url"]
    httpx.post(checkout, data={"action": "pay", "card": "pm_card_visa"}, timeout=20, **PLAIN)
    return str(answer.json()["session"]["id"])


def chat(talk: Talk) -> None:
    talk.server.sql(REFUSE_UNLUCKY)
    with talk.open(talk.customer) as mine, talk.open(talk.mechanic):
        mine.expect("event", client_id=mine.say(WORDS))
        mine.expect("error", client_id=mine.say(UNLUCKY), code="unavailable")
        mine.send_text(WORDS + " which is no frame")
        mine.expect("error", code="invalid_frame")


def share(talk: Talk) -> str:
    """Share a file; return the signature of its address."""
    client = talk.server.client(talk.customer)
    answer = client.post(f"/api/sessions/{talk.id}/files", files={"file": (FILE_NAME, PDF)})
    assert answer.status_code == 201, answer.text
    url = answer.json()["url"]
    assert client.get(url).status_code == 200
    assert client.get(url.replace("seal=", "seal=0")).status_code == 403
    client.post(f"/api/sessions/{talk.id}/files", files={"file": (FILE_NAME, b"MZ" + WORDS.encode())})
    return str(re.findall(r"seal=(\w+)", url)[0])


def go_wrong(server: Server) -> None:
    """Send the requests of strangers and mistaken people."""
    client = server.client()
    client.post("/sign-in/", data={"login": "customer@example.com", "password": WRONG_PASSWORD})
    client.post("/api/stripe/webhook", content=WORDS, headers={"Stripe-Signature": "t=1,v1=forged-signature"})
    for headers in ({"Authorization": f"Bearer {CRON}"}, {"Authorization": f"Bearer {METRICS}"}):
        client.get("/api/cron/monitor-sessions", headers=headers)
        client.get("/metrics", headers=headers)
    client.get("/api/health", params={"token": WRONG_PASSWORD}, headers={"X-Request-ID": NAMED})
    client.get("/book/", params={"next": WORDS})
    client.post("/api/sessions", content=WORDS)


def test_the_log_contains_no_secret_and_no_typed_words(server: Server) -> None:
    paid = book(server)
    talk = scene.stage(server)
    chat(talk)
    seal = share(talk)
    go_wrong(server)
    with (
        pytest.raises(Exception, match=r".*"),
        Socket(server, f"/ws/sessions/{uuid4()}?page={WRONG_PASSWORD}", None) as gone,
    ):
        gone.receive()
    scene.end(server, talk.id, talk.customer.email)
    written = server.log()
    cookies = [value for person in (*server.enrolled, *server._signed_in.values()) for value in person.cookies.values()]
    secrets = [
        *(CONCERN, WORDS, UNLUCKY, "burnt-almonds", "unlucky-sentence", "555-0199", FILE_NAME, "licence-plate"),
        *(WRONG_PASSWORD, MAIL_PASSWORD, CRON, METRICS, "forged-signature", seal, "seal="),
        (server.data / "secret-key").read_text(),
        key_from((server.data / "secret-key").read_text()),
        *("sk_test_sandbox", "whsec_sandbox", *cookies),
    ]
    assert [secret for secret in secrets if secret in written] == []
    assert f'"password": "{PASSWORD}"' not in written
    until(lambda: any(line.get("session_id") == paid and line.get("job") == "mail.send" for line in lines(server)))


def test_every_log_line_about_a_request_has_its_request_id(server: Server) -> None:
    go_wrong(server)
    talk = scene.stage(server)
    with talk.open(talk.customer) as mine:
        mine.expect("event", client_id=mine.say("hello"))
    found = lines(server)
    access = [line for line in found if line["logger"] == "uvicorn.access"]
    assert access
    assert all(line["request_id"] for line in access)
    assert {"event", "level", "logger", "timestamp"} <= set.intersection(*map(set, found))
    sockets = [line for line in found if "WebSocket" in line["event"] and str(talk.id) in line["event"]]
    assert sockets
    assert all(line["session_id"] == str(talk.id) and line["request_id"] for line in sockets)


def test_a_refused_message_is_logged_with_its_session_and_without_its_text(server: Server) -> None:
    (told, *_) = [line for line in lines(server) if line["event"] == "A message was refused by the database"]
    assert told["error"] == "IntegrityError"
    assert any("writer.py" in place for place in told["at"])


def test_a_failed_job_is_logged_with_its_kind(server: Server) -> None:
    failed = [line for line in lines(server) if line.get("job") == "mail.send"]
    assert failed
    assert all(line["job_key"] and line["level"] == "warning" for line in failed)


def test_a_response_names_its_request_id(server: Server) -> None:
    with httpx.Client(base_url=server.url, **PLAIN) as client:
        made = client.get("/api/health").headers["X-Request-ID"]
        assert re.fullmatch(r"[0-9a-f]{16}", made)
        assert client.get("/api/health", headers={"X-Request-ID": NAMED}).headers["X-Request-ID"] == NAMED
        for unfit in ("short", "x" * 65, 'with "quotes" in it', ""):
            given = client.get("/api/health", headers={"X-Request-ID": unfit}).headers["X-Request-ID"]
            assert re.fullmatch(r"[0-9a-f]{16}", given)
        assert client.get("/files/x/y/").headers["X-Request-ID"]
        assert client.get("/static/autodoctor.css").headers["X-Request-ID"]


def test_addresses_are_logged_without_their_query(server: Server) -> None:
    token = str(uuid4())
    httpx.get(f"{server.url}/api/health?token={token}", **PLAIN)
    assert token not in server.log()
    assert not [line for line in lines(server) if "?" in line["event"]]
