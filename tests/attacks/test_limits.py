"""The table of limits in `docs/security.md`: complete, as the code is, and one beyond each limit is refused."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts import waiting_list
from autodoctor.accounts.models import User
from autodoctor.booking import extensions
from autodoctor.core.request_limits import LIMITS, USUAL, BodyLimits
from autodoctor.core.request_limits import Limit as Size
from autodoctor.payments import checkout
from autodoctor.payments.models import Payment
from autodoctor.rates.in_process import Counts
from autodoctor.rates.limits import EVERY_LIMIT, Limit, Who
from autodoctor.room.tests.live_session import live_session
from autodoctor.room.wire import protocol
from autodoctor.scheduler.loop import run_due
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import Story
from tests.attacks import limits_table
from tests.attacks.routes import ADMIN_PAGES, FRAMEWORK, OPERATIONS, PAGES
from tests.test_project import ROOT

pytestmark = pytest.mark.django_db
SOCKETS = {"/ws/sessions/<session_id>", "/ws/feed"}
FRAMES = {f"frame {name}" for name in protocol._READERS} | {"frame anything else"}
INSIDE = {"looks", "kept_words"}  # counted for a part of what an address does, which is then left out
REQUESTS = {limit.name for limit in EVERY_LIMIT.values() if limit.who in (Who.PERSON, Who.SIGNED_IN)} - INSIDE
# A request that each limit counts. Most of these requests are refused for another reason, too, and count all the same.
WAYS: dict[str, list[tuple[str, str]]] = {
    "changes": [("POST", "/account/"), ("POST", "/sessions/{id}/end/"), ("POST", "/api/sessions/{id}/end")],
    "stills": [("POST", "/api/sessions/{id}/stills")],
    "checkouts": [
        ("POST", "/book/"),
        ("POST", "/sessions/{id}/checkout/"),
        ("POST", "/api/sessions"),
        ("POST", "/api/sessions/{id}/extensions"),
    ],
    "documents": [
        ("GET", "/sessions/{id}/receipt.pdf"),
        ("GET", "/sessions/{id}/summary/summary.pdf"),
        ("GET", "/sessions/{id}/documents/{other}.pdf"),
    ],
    "shared_links": [("GET", "/garage/shared/x/"), ("GET", "/garage/shared/x/files/{other}/")],
    "handover_codes": [("POST", "/api/sessions/{id}/handover")],
    "handover_tries": [("POST", "/api/handover/AAAAAA")],
    "uploads": [("POST", "/api/sessions/{id}/files"), ("POST", "/api/sessions/{id}/uploads")],
    "upload_pieces": [("PATCH", "/api/sessions/{id}/uploads/{other}")],
    "measurements": [("POST", "/api/check/upload")],
    "barcodes": [("POST", "/api/vin")],
    "voices": [("POST", "/api/sessions/{id}/voice")],
    "proposals": [("POST", "/sessions/{id}/summary/proposals/")],
    "device_checks": [("POST", "/api/sessions/{id}/preflight")],
    "help": [("POST", "/sessions/{id}/help/"), ("POST", "/api/sessions/{id}/help")],
    "questions": [("POST", "/help/"), ("POST", "/api/help")],
    "messages": [("POST", "/api/sessions/{id}/messages")],
    "waiting_list": [("POST", "/tell-me-when/"), ("POST", "/tell-me-when/confirm/")],
}
Ask = Callable[[str, str], Any]


@pytest.fixture
def session(customer: User, mechanic: User) -> Session:
    return live_session(customer, mechanic)


@pytest.fixture
def ask(session: Session, customer: User) -> Ask:
    client = Client()
    client.force_login(customer)

    def send(method: str, way: str) -> Any:
        path = way.format(id=session.id, other=uuid4())
        if method == "GET":
            return client.get(path)
        if not path.startswith("/api/"):
            return client.post(path)
        body = {"client_id": str(uuid4()), "text": "hello"} if path.endswith("/messages") else {}
        return client.generic(method, path, json.dumps(body), content_type="application/json")

    return send


def test_the_table_of_limits_in_the_document_is_as_the_code_declares() -> None:
    assert limits_table.written() == limits_table.table()


def test_every_address_and_frame_has_a_row_in_the_table_of_limits() -> None:
    found = {row.way for row in limits_table.rows()}
    of_the_admin = {f"/admin/{page}" for page in ADMIN_PAGES} | {way for way in found if "<table>" in way}
    assert found == set(PAGES) | set(OPERATIONS) | set(FRAMEWORK) | of_the_admin | SOCKETS | FRAMES
    assert len([way for way in found if "<table>" in way]) == 6


def test_every_address_and_frame_that_takes_input_is_limited() -> None:
    """Only secrets that machines know open anything without a limit."""
    free = {row.way for row in limits_table.rows() if not row.rates}
    assert {way for way in free if not way.startswith("GET /api/")} == set()
    by_secret = {row.way for row in limits_table.rows() if "a secret opens it" in row.rates}
    machines = {"/mail/inbound/postmark/", "/mail/events/postmark/", "/mail/events/resend/"}
    assert by_secret == machines | {"/api/stripe/webhook"}


def test_limits_named_by_hand_belong_to_existing_addresses() -> None:
    ways = {row.way for row in limits_table.rows()}
    named = set(limits_table.LIBRARY) | set(limits_table.inside()) | set(limits_table.bounds())
    assert named <= ways


def test_every_other_bound_names_an_existing_test() -> None:
    for bound in limits_table.bounds().values():
        path, name = bound.test.split("::")
        assert f"def {name}(" in (ROOT / path).read_text(), bound


def test_every_declared_limit_is_exceeded_by_a_test() -> None:
    """Here or, opening sockets, in `room/tests/test_handshake.py`, or, files to support, in
    `conversations/tests/test_files.py`, or, words that are kept, in `accounts/tests/test_kept_words.py`.
    """
    assert set(WAYS) == REQUESTS
    frames = {limit.name for limit in EVERY_LIMIT.values() if limit.who is Who.PAGE}
    assert set(EVERY_LIMIT) == REQUESTS | frames | INSIDE | {"confirmations", "help_files", "sockets"}


@pytest.mark.parametrize(("name", "method", "way"), [(name, *way) for name, ways in WAYS.items() for way in ways])
def test_one_request_beyond_a_limit_is_refused(name: str, method: str, way: str, ask: Ask, settings: Settings) -> None:
    settings.LIMITS = {name: [2, 40]}
    answers = [ask(method, way) for _ in range(3)]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True], [a.status_code for a in answers]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    said = answers[-1].content.decode()
    assert "Wait " in said
    assert ("too_fast" in said) is way.startswith("/api/")


@pytest.mark.parametrize("name", [name for name, ways in WAYS.items() if len(ways) > 1])
def test_addresses_of_one_limit_count_together(name: str, ask: Ask, settings: Settings) -> None:
    settings.LIMITS = {name: [len(WAYS[name]) - 1, 40]}
    answers = [ask(method, way) for method, way in WAYS[name]]
    assert [answer.status_code == 429 for answer in answers] == [False] * (len(answers) - 1) + [True]


@pytest.mark.parametrize(
    "limit", [limit for limit in EVERY_LIMIT.values() if limit.who is Who.PAGE], ids=lambda one: one.name
)
def test_one_frame_beyond_a_limit_is_refused(limit: Limit) -> None:
    assert limit in protocol.LIMITS.values()
    counts = Counts()
    assert [counts.allows(limit, 5.0) for _ in range(limit.at_once + 1)] == [True] * limit.at_once + [False]


def test_a_mailbox_gets_no_mail_beyond_the_limit() -> None:
    most = EVERY_LIMIT["confirmations"].at_once
    now = timezone.now()
    for number in range(most + 2):
        waiting_list.ask(email="victim@example.org", person=None, now=now + number * timedelta(seconds=1))
    run_due(now + timedelta(minutes=1))
    assert len(mail.outbox) == most


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The payments that Stripe was asked about."""
    found: list[UUID] = []

    def look(*, payment: Payment, now: datetime) -> Payment:
        found.append(payment.id)
        return payment

    monkeypatch.setattr(checkout, "refresh", look)
    monkeypatch.setattr(extensions, "go_on", lambda payment, now: payment)
    return found


@pytest.mark.parametrize("way", ["/sessions/{id}/?checkout=success", "/sessions/{id}/extension/"])
def test_returns_from_checkout_ask_stripe_a_limited_number_of_times(
    way: str, customer: User, mechanic: User, settings: Settings, asked: list[UUID]
) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"
    at_once = EVERY_LIMIT["looks"].at_once
    settings.LIMITS = {"looks": [at_once, 24 * 60 * 60]}  # nothing is given back while a busy machine asks
    story = Story(customer, mechanic)
    if "extension" in way:
        story.live().ask()
    client = Client()
    client.force_login(customer)
    assert {client.get(way.format(id=story.id)).status_code for _ in range(30)} == {200}
    assert len(asked) == at_once


def sizes() -> Iterator[tuple[str, Size]]:
    yield "/book/", USUAL
    for pattern, limit in LIMITS.items():
        path = pattern.pattern.replace("[0-9a-f-]{36}", limits_table.ID).replace("[a-z]+", "postmark")
        assert pattern.fullmatch(path)
        yield path, limit


@pytest.mark.parametrize(("path", "limit"), list(sizes()))
def test_a_body_one_byte_beyond_its_limit_is_refused(path: str, limit: Size) -> None:
    assert status_of(path, limit.octets) == 200
    assert status_of(path, limit.octets + 1) == 413


@async_to_sync
async def status_of(path: str, octets: int) -> int:
    """Return the answer to a request that announces so many bytes."""
    answered: list[int] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: Any) -> None:
        if event["type"] == "http.response.start":
            answered.append(event["status"])

    headers = [(b"content-length", str(octets).encode())]
    scope: Any = {"type": "http", "method": "POST", "path": path, "headers": headers}
    await BodyLimits(application)(scope, receive, send)
    return answered[0]
