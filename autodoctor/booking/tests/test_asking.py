"""The intake that asks for one mechanic: what it says, what it takes, and the request made from it."""

import html
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts import actions as accounts
from autodoctor.accounts.models import User
from autodoctor.booking.forms import IntakeForm
from autodoctor.booking.tests.intakes import send
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.private_requests import Ask
from autodoctor.sessions.tests.story import Story
from tests.kit.stripe_sandbox import RunningSandbox

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture
def form_of(customer: User, filled_in: dict[str, str]) -> Callable[..., IntakeForm]:
    return lambda **changes: IntakeForm(filled_in | changes, user=customer)


def text(answer: Any) -> str:
    return " ".join(html.unescape(answer.content.decode()).split())


def go_away(mechanic: User) -> None:
    accounts.set_taking_sessions(mechanic=mechanic, taking=False, now=timezone.now())


def ahead(minutes: float) -> datetime:
    return timezone.now() + timedelta(minutes=minutes)


# What it takes


def test_an_intake_asks_for_a_mechanic(form_of: Callable[..., IntakeForm], mechanic: User) -> None:
    until = ahead(20)
    form = form_of(ask_for=str(mechanic.id), ask_only="only", ask_until=until.isoformat())
    assert form.is_valid(), form.errors
    assert form.intake().ask == Ask(mechanic, only=True, until=until)


def test_an_intake_asks_for_nobody_by_itself(form_of: Callable[..., IntakeForm]) -> None:
    form = form_of(ask_only="only", ask_until=ahead(-3).isoformat())
    assert form.is_valid(), form.errors
    assert form.intake().ask is None


def test_a_visitor_is_asked_again_once_they_are_known(filled_in: dict[str, str], mechanic: User) -> None:
    form = IntakeForm(filled_in | {"ask_for": str(mechanic.id)}, user=None)
    assert form.is_valid(), form.errors
    assert form.intake().ask is None


@pytest.mark.parametrize("who", ["nobody", "a customer", "oneself", "not approved", "banned", "support"])
def test_an_intake_asks_for_mechanics_only(
    who: str, form_of: Callable[..., IntakeForm], customer: User, stranger: User, mechanic: User, support: User
) -> None:
    match who:
        case "not approved":
            accounts.decline(profile=mechanic.mechanic_profile, by=support, now=timezone.now())
        case "banned":
            accounts.ban_user(user=mechanic, now=timezone.now())
        case "support":
            User.objects.filter(pk=mechanic.pk).update(is_staff=True)
    asked = {"nobody": uuid4(), "a customer": stranger.id, "oneself": customer.id}.get(who, mechanic.id)
    assert form_of(ask_for=str(asked)).errors == {
        "ask_for": ["This mechanic cannot be asked now. You can ask every mechanic instead."]
    }


@pytest.mark.parametrize(
    "until", ["yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-13-01", "\0", "x" * 5000]
)
def test_a_time_that_is_none_or_out_of_reach_is_refused(
    until: str, form_of: Callable[..., IntakeForm], mechanic: User
) -> None:
    assert set(form_of(ask_for=str(mechanic.id), ask_until=until).errors) == {"ask_until"}


@pytest.mark.parametrize(("minutes", "is_taken"), [(-1, False), (0.5, True), (29, True), (31, False)])
def test_a_request_is_private_for_half_an_hour_at_most(
    minutes: float, is_taken: bool, form_of: Callable[..., IntakeForm], mechanic: User
) -> None:
    assert form_of(ask_for=str(mechanic.id), ask_until=ahead(minutes).isoformat()).is_valid() == is_taken


def test_a_mechanic_who_left_while_the_form_was_filled_in_is_said(
    form_of: Callable[..., IntakeForm], mechanic: User
) -> None:
    go_away(mechanic)
    seen = {"ask_for": str(mechanic.id), "ask_seen": "free"}
    assert "stopped taking sessions" in str(form_of(**seen).errors["ask_until"])
    assert form_of(**seen, ask_until=ahead(10).isoformat()).is_valid()


def test_the_same_intake_for_another_mechanic_is_another_booking(
    intake: Callable[..., Any], mechanic: User, mechanic2: User
) -> None:
    token = uuid4()
    keys = {
        intake(token=token, ask=ask).key
        for ask in (None, Ask(mechanic), Ask(mechanic2), Ask(mechanic, only=True), Ask(mechanic, until=ahead(5)))
    }
    assert len(keys) == 5


# What it says


def test_the_intake_says_that_a_mechanic_takes_sessions_now(
    customer: User, mechanic: User, client_of: ClientOf
) -> None:
    page = text(client_of(customer).get(f"/book/?ask={mechanic.id}"))
    assert "Ask Morgan Mechanic" in page
    assert "Your request is theirs alone for 2 minutes after your payment." in page
    assert 'name="ask_until"' not in page
    assert "Only Morgan Mechanic" in page


def test_the_intake_lets_pick_a_time_while_a_mechanic_is_away(
    customer: User, mechanic: User, client_of: ClientOf
) -> None:
    go_away(mechanic)
    answer = client_of(customer).get(f"/book/?ask={mechanic.id}")
    page = text(answer)
    assert "Morgan Mechanic is not taking sessions now." in page
    assert "Pay nothing now, and hear when Morgan Mechanic is back" in page
    choices = answer.context["asking"].choices
    assert [choice.selected for choice in choices].count(True) == 1
    assert all(f'value="{choice.value}"' in page for choice in choices)


def test_the_intake_says_that_a_mechanic_is_busy(
    customer: User, stranger: User, mechanic: User, client_of: ClientOf
) -> None:
    Story(stranger, mechanic).pay().accept()
    assert "Morgan Mechanic is in a session now." in text(client_of(customer).get(f"/book/?ask={mechanic.id}"))


@pytest.mark.parametrize("asked", ["nonsense", "\0", "00000000-0000-4000-8000-000000000000", "1" * 400])
def test_the_intake_says_that_somebody_cannot_be_asked(asked: str, customer: User, client_of: ClientOf) -> None:
    answer = client_of(customer).get("/book/", {"ask": asked})
    assert answer.status_code == 200
    assert "This mechanic cannot be asked now." in text(answer)
    assert "cannot be asked" not in text(client_of(customer).get("/book/?ask="))


def test_a_visitor_learns_of_nobody(mechanic: User) -> None:
    assert "Morgan" not in text(Client().get(f"/book/?ask={mechanic.id}"))


def test_what_a_visitor_asked_for_is_there_after_signing_in(
    customer: User, mechanic: User, filled_in: dict[str, str]
) -> None:
    client = Client()
    client.post("/book/", filled_in | {"ask_for": str(mechanic.id)})
    client.force_login(customer)
    assert "Ask Morgan Mechanic" in text(client.get("/book/"))


# The API


def test_the_api_asks_for_a_mechanic(
    customer: User, mechanic: User, client_of: ClientOf, body: dict[str, Any], stripe_sandbox: RunningSandbox
) -> None:
    answer = send(client_of(customer), body | {"ask_for": str(mechanic.id), "ask_only": True})
    assert answer.status_code == 201, answer.content
    session = Session.objects.get()
    assert (session.asked_for, session.asked_only, session.asked_until) == (mechanic, True, None)
    assert (answer.json()["session"]["private_to"], answer.json()["session"]["private_until"]) == (None, None)
    Session.objects.update(state="requested", private_until=timezone.now())
    waiting = client_of(customer).get(f"/api/sessions/{session.id}").json()
    assert waiting["private_to"] == {"id": str(mechanic.id), "name": "Morgan Mechanic"}
    assert waiting["private_until"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ask_for": str(uuid4())}, "ask_for"),
        ({"ask_for": "x"}, "ask_for"),
        ({"ask_for": 7}, "ask_for"),
        ({"ask_until": "2026-01-01T10:00"}, "ask_until"),  # without a zone
        ({"ask_only": "perhaps"}, "ask_only"),
    ],
)
def test_the_api_names_the_field_of_an_invalid_ask(
    change: dict[str, Any], field: str, customer: User, client_of: ClientOf, body: dict[str, Any]
) -> None:
    answer = send(client_of(customer), body | change)
    assert answer.status_code == 422
    assert field in answer.json()["fields"]
    assert not Session.objects.exists()


def test_the_api_refuses_a_time_out_of_reach(
    customer: User, mechanic: User, client_of: ClientOf, body: dict[str, Any]
) -> None:
    for minutes in (-1, 31):
        asked = {"ask_for": str(mechanic.id), "ask_until": ahead(minutes).isoformat()}
        answer = send(client_of(customer), body | asked)
        assert (answer.status_code, set(answer.json()["fields"])) == (422, {"ask_until"})
