"""User text is shown as text everywhere, and scripts could not run there anyway."""

import json
import re
from collections.abc import Iterator
from email import message_from_string
from email.policy import default
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.actions import apply
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.booking.models import Vehicle
from autodoctor.room.tests.live_session import live_session
from autodoctor.scheduler.loop import run_due
from autodoctor.sessions.event_data import ClockData, MessageData
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EndReason, EventKind, State
from tests.attacks.routes import PAGES

MARK = "xss1337"
PAYLOADS = [
    f"<script>{MARK}()</script>",
    f'"><img src=x onerror={MARK}()>',
    f"' autofocus onfocus={MARK}() x='",
    f"</textarea></template></title></style></script><svg onload={MARK}()>",
    f"javascript:{MARK}()",
    f"{{{{ {MARK} }}}}{{% {MARK} %}}${{{MARK}}}",
    f"&lt;script&gt;{MARK}()&lt;/script&gt;",
    f"<!--<script>{MARK}--!>",
]
ALL = " ".join(PAYLOADS)
LISTS = ("/dashboard/", "/dashboard/sessions/")
HANDLED = {"href", "src", "action", "formaction", "srcdoc", "data", "xlink:href"}


class Watchman(HTMLParser):
    """Reads a page like a browser and notes every user text that would act instead of being shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.acting: list[str] = []
        self.inline: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if MARK in tag or any(MARK in name for name in given):
            self.acting.append(f"<{tag}>")
        for name, value in given.items():
            acts = name.startswith("on") or name == "style"
            links = name in HANDLED and (value or "").strip().lower().startswith(("javascript:", "data:text"))
            if acts or links:
                self.inline.append(f"<{tag} {name}={value}>")
        loaded = given.get("src") or given.get("nonce") or given.get("type") == "application/json"
        if tag == "script" and not loaded:
            self.inline.append("<script> without a nonce")
        if tag == "style" and not given.get("nonce"):
            self.inline.append("<style>")

    def handle_data(self, data: str) -> None:
        if MARK in data:
            self.text.append(data)
            if self.cdata_elem:
                self.acting.append(f"in <{self.cdata_elem}>: {data[:80]}")


def read(content: bytes) -> Watchman:
    watchman = Watchman()
    watchman.feed(content.decode())
    watchman.close()
    return watchman


@pytest.fixture
def poisoned(customer: User, mechanic: User, stranger: User) -> Session:
    """A session whose every text is an attack."""
    for person in (customer, mechanic, stranger):
        person.name = PAYLOADS[person.email < "d"]
        person.save()
    MechanicProfile.objects.filter(user=mechanic).update(headline=PAYLOADS[1], skills=ALL, certifications=ALL)
    vehicle = {"make": PAYLOADS[0][:40], "model": PAYLOADS[1], "year": 2013, "vin": "", "mileage": 5}
    Vehicle.objects.create(owner=customer, make=PAYLOADS[0][:40], model=PAYLOADS[1], year=2013, used_at=timezone.now())
    session = live_session(customer, mechanic, concern=ALL, vehicle=vehicle, plan_name=PAYLOADS[0])
    with session_transaction(session.id, timezone.now()) as state:
        for person in (customer, mechanic):
            for payload in PAYLOADS:
                who = event_log.actor(person, state.session)
                data = MessageData(text=payload)
                event_log.append_event(
                    state.session, EventKind.MESSAGE_POSTED, at=timezone.now(), by=who, data=data, client_id=uuid4()
                )
        event_log.append_event(state.session, EventKind.SESSION_PAUSED, at=timezone.now(), data=ClockData(why=ALL))
    return Session.objects.get(pk=session.id)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def pages_of(session: Session) -> list[str]:
    return [f"/sessions/{session.id}/{page}" for page in ("", "panel/", "transcript/")]


@pytest.mark.parametrize("state", [State.REQUESTED, State.LIVE, State.COMPLETED])
def test_pages_show_typed_markup_as_text(poisoned: Session, mechanic: User, support: User, state: State) -> None:
    end_reason = EndReason.TIME_UP if state == State.COMPLETED else ""
    Session.objects.filter(pk=poisoned.id).update(state=state, end_reason=end_reason)
    shown = 0
    for person in (poisoned.customer, mechanic, support):
        client = signed_in(person)
        for path in [
            *pages_of(poisoned),
            "/dashboard/",
            "/dashboard/sessions/",
            "/account/",
            "/mechanics/apply/",
            "/book/",
        ]:
            watchman = read(client.get(path).content)
            assert (path, watchman.acting, watchman.inline) == (path, [], [])
            shown += len(watchman.text)
    assert shown > 20


def test_the_queue_shows_typed_markup_as_text(poisoned: Session, mechanic2: User, support: User) -> None:
    Session.objects.filter(pk=poisoned.id).update(state=State.REQUESTED, mechanic=None, requested_at=timezone.now())
    offered = [*pages_of(poisoned)[:2], "/dashboard/", "/dashboard/queue/"]
    for person, path in [*((mechanic2, path) for path in offered), (support, "/support/open/")]:
        watchman = read(signed_in(person).get(path).content)
        assert watchman.text, path
        assert (path, watchman.acting, watchman.inline) == (path, [], [])


def test_markup_in_refused_input_is_shown_as_text(client: Client, customer: User) -> None:
    for path, form in [
        ("/book/", {"concern": ALL, "make": ALL, "model": ALL, "vin": ALL, "year": ALL, "plan": ALL, "token": ALL}),
        ("/sign-in/", {"login": ALL, "password": ALL}),
        ("/sign-up/", {"email": ALL, "name": ALL, "password1": "x"}),
        ("/account/password/reset/", {"email": ALL}),
    ]:
        watchman = read(client.post(path, form).content)
        assert (path, watchman.acting, watchman.inline) == (path, [], [])
    for path in (f"/book/vin/?vin={PAYLOADS[0]}", f"/book/?plan={PAYLOADS[1]}", f"/sign-in/?next={PAYLOADS[4]}"):
        watchman = read(client.get(path).content)
        assert (path, watchman.acting, watchman.inline) == (path, [], [])
    answer = client.get(f"/nowhere/{PAYLOADS[0]}")
    assert answer.status_code == 404
    assert read(answer.content).acting == []


def test_the_admin_shows_typed_markup_as_text(poisoned: Session, mechanic: User, stranger: User, support: User) -> None:
    now = timezone.now()
    apply(
        user=stranger, name=PAYLOADS[0], headline=PAYLOADS[1], years_experience=1, skills=ALL, certifications=ALL,
        time_zone="", now=now,
    )  # fmt: skip
    client = signed_in(support)
    profile = MechanicProfile.objects.get(user=stranger)
    vehicle = Vehicle.objects.get(owner=poisoned.customer)
    for path in (
        "accounts/user/",
        f"accounts/user/{stranger.pk}/change/",
        "accounts/mechanicprofile/",
        f"accounts/mechanicprofile/{profile.pk}/change/",
        "booking/vehicle/",
        f"booking/vehicle/{vehicle.pk}/change/",
        "scheduler/job/",
    ):
        answer = client.get(f"/admin/{path}")
        watchman = read(answer.content)
        assert (path, answer.status_code, watchman.acting) == (path, 200, [])


def test_mails_show_typed_markup_as_text_and_keep_headers_on_one_line(
    customer: User, mechanic: User, settings: Any
) -> None:
    customer.name = "Eve\r\nBcc: everybody@example.org"
    customer.save()
    mechanic.name = f"{PAYLOADS[0]}\nSubject: free"
    mechanic.save()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    session = live_session(customer, None, state=State.REQUESTED, requested_at=timezone.now(), started_at=None)
    transitions.accept_request(session_id=session.id, mechanic=mechanic, now=timezone.now())
    run_due(timezone.now())
    (letter,) = [letter for letter in mail.outbox if letter.to == [customer.email] or customer.email in letter.to[0]]
    parsed = message_from_string(letter.message().as_string(), policy=default)
    assert "Bcc" not in parsed
    assert len(parsed.get_all("Subject", [])) == 1
    text, html = parsed.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert PAYLOADS[0] in text.get_content()
    assert read(html.get_content().encode()).acting == []
    assert customer.email in parsed["To"]
    assert "everybody@example.org" not in str(letter.recipients())


def test_the_api_answers_as_json_that_no_browser_reads_as_a_page(poisoned: Session) -> None:
    client = signed_in(poisoned.customer)
    for path in (f"/api/sessions/{poisoned.id}", f"/api/sessions/{poisoned.id}/events", "/api/sessions"):
        answer = client.get(path)
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert MARK in json.dumps(answer.json())


# The policy that would stop what got through


def plain_addresses(session: Session) -> Iterator[str]:
    """Return every page that needs nothing but a sign-in."""
    for address, (_, statuses) in PAGES.items():
        if {200, 404} & set(statuses):
            yield address.replace("<session_id>", str(session.id)).replace("<name>", "x")
    yield from ("/admin/", "/admin/accounts/user/", "/api/docs", "/nowhere/", "/api/nowhere")


def policy_of(answer: Any) -> dict[str, list[str]]:
    directives = (part.split() for part in answer.headers["Content-Security-Policy"].split(";") if part.strip())
    return {name: values for name, *values in directives}


def test_the_content_security_policy_is_strict_on_every_page(customer: User, mechanic: User, support: User) -> None:
    session = live_session(customer, mechanic)
    visitors = [Client(), signed_in(customer), signed_in(support)]
    for path in plain_addresses(session):
        for client in visitors:
            answer = client.get(path)
            policy = policy_of(answer)
            assert "unsafe" not in answer.headers["Content-Security-Policy"], path
            assert "*" not in str(policy), path
            assert policy["default-src"] == ["'self'"], path
            assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"], path
            assert {source for source in policy["script-src"] if "nonce" not in source} == {"'self'"}, path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Frame-Options"] == "DENY"


def test_no_page_needs_what_the_content_security_policy_forbids(customer: User, mechanic: User, support: User) -> None:
    session = live_session(customer, mechanic)
    opened = set()
    for person in (customer, mechanic, support):
        client = signed_in(person)
        for path in plain_addresses(session):
            if not path.startswith("/admin/"):
                answer = client.get(path)
                html = answer.headers.get("Content-Type", "").startswith("text/html")
                assert (path, read(answer.content).inline if html else []) == (path, [])
                opened |= {path} if html and answer.status_code == 200 else set()
    assert {"/", f"/sessions/{session.id}/", "/dashboard/", "/support/", "/account/"} <= opened


def test_every_response_has_a_nonce_of_its_own(customer: User) -> None:
    client = signed_in(customer)
    nonces = []
    for _ in range(5):
        answer = client.get("/book/")
        in_header = re.findall(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        in_page = set(re.findall(r'nonce="([^"]+)"', answer.content.decode()))
        assert in_page <= set(in_header)
        assert len(in_header[0]) >= 16
        nonces += in_header
    assert len(set(nonces)) == 5
