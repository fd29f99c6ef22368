"""Cross-site requests change nothing."""

import re
import uuid

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.models import Session
from tests.attacks.routes import OPERATIONS, PAGES

FORMS = [
    "/tell-me-when/",
    "/help/",
    "/help/<conversation_id>/",
    "/help/<conversation_id>/confirm/",
    "/book/",
    "/sign-in/",
    "/sign-up/",
    "/sign-out/",
    "/account/password/reset/",
    "/account/password/reset/confirm/",
    "/account/password/reset/complete/",
    "/account/two-factor/authenticate/",
    "/account/two-factor/webauthn/login/",
    "/account/confirm-email/",
    "/follow-up/",
    *[address for address, (access, _) in PAGES.items() if access != "anyone"],
]
# Each proves itself by something that a browser does not send by itself.
PROVEN_OTHERWISE = {
    "/api/stripe/webhook",
    "/api/cron/monitor-sessions",
    "/mail/inbound/postmark/",
    "/mail/events/postmark/",
    "/mail/events/resend/",
}
MUTATIONS = [entry.split() for entry in OPERATIONS if not entry.startswith("GET")]
ELSEWHERE = {"Origin": "https://evil.example", "Referer": "https://evil.example/"}


@pytest.fixture
def session(customer: User, mechanic: User) -> Session:
    return live_session(customer, mechanic)


def at(address: str, session: Session) -> str:
    samples = {
        "<session_id>": str(session.id),
        "<mechanic_id>": str(session.mechanic_id),
        "<conversation_id>": str(session.id),
        "<pk>": "1",
        "<code>": "AAAAAA",
        "<file_id>": str(session.id),
        "<document_id>": str(session.id),
        "<payment_id>": str(session.id),
        "<still_id>": str(session.id),
        "<upload_id>": str(session.id),
        "<user_id>": str(session.mechanic_id),
        "<job_id>": "1",
        "<profile_id>": "1",
        "<seq>": "1",
        "<position>": "0",
        "<name>": "end",
        "<subscription_id>": str(session.id),
        "<vehicle_id>": str(session.id),
        "<link_id>": str(session.id),
        "<token>": "x",
    }
    return re.sub(r"<\w+>", lambda gap: samples[gap[0]], address)


def strict(user: User | None) -> Client:
    client = Client(enforce_csrf_checks=True)
    if user:
        client.force_login(user)
    return client


def test_every_form_needs_a_csrf_token(session: Session, customer: User, mechanic: User, support: User) -> None:
    by = {"mechanic_only": mechanic, "support_only": support}
    for address in FORMS:
        visitor = strict(by.get(PAGES[address][0], customer))
        for headers in ({}, {"X-CSRFToken": "a" * 32}, ELSEWHERE):
            answer = visitor.post(at(address, session), {"name": "Mallory"}, headers=headers)
            assert answer.status_code == 403, address


def test_every_operation_of_the_api_needs_a_csrf_token(session: Session, customer: User) -> None:
    visitor = strict(customer)
    for method, address in MUTATIONS:
        for headers in ({}, {"X-CSRFToken": "a" * 32}, ELSEWHERE) if address not in PROVEN_OTHERWISE else ():
            path = at(address, session)
            answer = visitor.generic(method, path, "{}", content_type="application/json", headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (403, "forbidden"), address
    for disguise in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert visitor.post(f"/api/sessions/{session.id}/end", "", content_type=disguise).status_code == 403
    session.refresh_from_db()
    assert session.state == "live"


def test_the_forms_of_the_support_desk_need_a_csrf_token(support: User, customer: User) -> None:
    form = {"act": "ban", "reason": "rude"}
    assert strict(support).post(f"/support/people/{customer.id}/", form).status_code == 403
    customer.refresh_from_db()
    assert customer.is_active


def test_the_csrf_token_of_another_person_is_refused(session: Session, customer: User, stranger: User) -> None:
    visitor, other = strict(customer), strict(stranger)
    theirs = token_on(other)
    visitor.get("/account/")
    refused = visitor.post("/account/", {"name": "Mallory", "csrfmiddlewaretoken": theirs})
    assert refused.status_code == 403


def test_a_form_with_the_csrf_token_of_its_page_is_accepted(session: Session, customer: User) -> None:
    """Shows that the refusals above do not come from a site that refuses everything."""
    visitor = strict(customer)
    token = token_on(visitor)
    assert visitor.post(f"/sessions/{session.id}/end/", headers={"X-CSRFToken": token}).status_code == 303
    answer = visitor.post(f"/api/sessions/{session.id}/end", headers={"X-CSRFToken": token})
    assert (answer.status_code, answer.json()["state"]) == (200, "completed")


def test_no_get_changes_anything(session: Session, customer: User, mechanic: User) -> None:
    for person in (customer, mechanic):
        visitor = strict(person)
        for action in ("accept", "release", "start", "end", "cancel", "substitute", "solved", "rating", "checkout"):
            for method in (visitor.get, visitor.head, visitor.put, visitor.patch, visitor.delete):
                assert method(f"/sessions/{session.id}/{action}/").status_code in {403, 405}
                assert method(f"/api/sessions/{session.id}/{action}").status_code in {404, 405}
        visitor.get("/sign-out/")
        assert visitor.get("/dashboard/").status_code == 200
    session.refresh_from_db()
    assert (session.state, session.seq) == ("live", 0)


def test_signing_in_changes_the_session_and_the_token(customer: User) -> None:
    visitor = strict(None)
    before = token_on(visitor, "/sign-in/")
    visitor.post("/book/", {"concern": "It rattles", "csrfmiddlewaretoken": before})
    fixed, cookie = visitor.cookies["sessionid"].value, visitor.cookies["csrftoken"].value
    form = {"login": customer.email, "password": "demo", "csrfmiddlewaretoken": before}
    assert visitor.post("/sign-in/", form).status_code == 302
    assert visitor.cookies["sessionid"].value != fixed
    assert visitor.cookies["csrftoken"].value != cookie
    hijacker = Client()
    hijacker.cookies["sessionid"] = fixed
    assert hijacker.get("/dashboard/").status_code == 302


def test_a_sign_in_session_id_chosen_by_an_attacker_is_not_used(customer: User) -> None:
    visitor = Client()
    chosen = uuid.uuid4().hex
    visitor.cookies["sessionid"] = chosen
    visitor.post("/sign-in/", {"login": customer.email, "password": "demo"})
    assert visitor.cookies["sessionid"].value != chosen


def test_the_cookie_of_a_session_is_kept_from_scripts_and_other_sites(customer: User) -> None:
    visitor = Client()
    visitor.post("/sign-in/", {"login": customer.email, "password": "demo"})
    cookie = visitor.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["domain"]) == (True, "Lax", "")


def token_on(visitor: Client, path: str = "/account/") -> str:
    found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', visitor.get(path).content.decode())
    assert found
    return found[1]
