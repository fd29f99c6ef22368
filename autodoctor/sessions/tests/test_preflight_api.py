"""The device check over HTTP."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.models import Session, SessionEvent

ClientOf = Callable[[User], Client]
CHECKS = {"camera": "failed", "microphone": "passed", "speaker": "passed", "network": "passed"}
NETWORK = {"rtt_ms": 41.234, "jitter_ms": 2, "loss_percent": None, "up_kbit": 4000, "relay_kbit": 1200}
BODY: dict[str, Any] = {"mode": "audio", "checks": CHECKS, "network": NETWORK}


@pytest.fixture
def session(customer: User, mechanic: User) -> Session:
    return live_session(customer, mechanic, kind="video", state="accepted", started_at=None, ends_at=None)


def post(client: Client, session: Session, body: object) -> Any:
    content = body if isinstance(body, str) else json.dumps(body)
    return client.post(f"/api/sessions/{session.id}/preflight", content, content_type="application/json")


def test_a_preflight_report_goes_into_the_log(session: Session, customer: User, client_of: ClientOf) -> None:
    answer = post(client_of(customer), session, BODY)
    assert (answer.status_code, answer.json()["kind"]) == (200, "video")
    event = SessionEvent.objects.get(kind="preflight.reported")
    assert event.data == {
        "mode": "audio",
        "checks": CHECKS,
        "network": NETWORK | {"rtt_ms": 41.2},
        "passed": False,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "telepathy"},
        {"checks": CHECKS | {"camera": "maybe"}},
        {"checks": {"camera": "passed"}},
        {"network": NETWORK | {"rtt_ms": -1}},
        {"network": NETWORK | {"up_kbit": 10**12}},
        {"network": NETWORK | {"loss_percent": 101}},
    ],
)
def test_an_invalid_preflight_report_is_refused(
    session: Session, customer: User, client_of: ClientOf, change: Any
) -> None:
    assert post(client_of(customer), session, BODY | change).status_code == 422
    assert not SessionEvent.objects.exists()


def test_preflight_figures_that_are_no_numbers_are_refused(
    session: Session, customer: User, client_of: ClientOf
) -> None:
    for figure in ("NaN", "Infinity", "1e999"):
        body = json.dumps(BODY).replace("41.234", figure)
        assert post(client_of(customer), session, body).status_code in {400, 422}
    assert not SessionEvent.objects.exists()


def test_a_price_sent_with_a_preflight_report_is_ignored(session: Session, customer: User, client_of: ClientOf) -> None:
    Session.objects.update(price_cents=2999, chat_price_cents=999)
    answer = post(client_of(customer), session, BODY | {"mode": "chat", "chat_price_cents": 1, "price_cents": 1})
    assert (answer.json()["kind"], answer.json()["price_cents"]) == ("chat", 999)


def test_anybody_may_measure_an_upload_which_is_not_stored(db: None, customer: User, client_of: ClientOf) -> None:
    for client in (Client(), client_of(customer)):
        for kind in ("application/octet-stream", "multipart/form-data; boundary=x", "text/plain"):
            answer = client.post("/api/check/upload", b"x" * 1000, content_type=kind)
            assert (answer.status_code, answer.content) == (204, b"")


def test_an_upload_to_measure_needs_a_csrf_token(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/api/check/upload", b"x", content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
