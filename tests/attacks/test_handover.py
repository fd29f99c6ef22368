"""A handover against people who want in: replay, guesses, a second device, after the end, somebody else's session."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.handover import codes
from autodoctor.handover.middleware import MAY
from autodoctor.handover.models import Handover
from autodoctor.handover.tests.phones import Laptop, Phone
from autodoctor.rates.limits import HANDOVER_TRIES
from autodoctor.room.hub import authentication
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.states import State
from tests.attacks.routes import OPERATIONS, PAGES

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
ANY = "00000000-0000-4000-8000-000000000000"
NO_CODE = "no_code"


@pytest.fixture
def session(customer: User, mechanic: User) -> Session:
    return live_session(customer, mechanic, kind="video")


@pytest.fixture
def laptop(client_of: ClientOf, customer: User, session: Session) -> Laptop:
    return Laptop(client_of(customer), session)


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def connected(laptop: Laptop, phone: Phone) -> Phone:
    phone.asks(laptop.makes_code())
    laptop.answers(allow=True)
    return phone


def test_a_code_that_was_used_opens_nothing_for_another_phone(laptop: Laptop, phone: Phone, session: Session) -> None:
    code, second = laptop.makes_code(), Phone()
    phone.asks(code)
    assert second.asks(code).json()["error"] == "second_phone"
    laptop.answers(allow=True)
    assert second.asks(code).json()["error"] == "second_phone"
    laptop.disconnects()
    assert [each.asks(code).json()["error"] for each in (phone, second)] == [NO_CODE, NO_CODE]
    assert (phone.looks(session), second.looks(session)) == (302, 302)


def test_a_second_phone_cannot_have_itself_confirmed(laptop: Laptop, phone: Phone, session: Session) -> None:
    """Only the browser that asked goes on, whatever the other has read over a shoulder."""
    code, second = laptop.makes_code(), Phone()
    phone.asks(code)
    second.client.cookies["phone"] = "x" * 43
    assert second.asks(code).status_code == 409
    laptop.answers(allow=True)
    assert second.looks(session) == 302


def test_an_answer_confirms_the_phone_that_was_shown_and_no_later_one(laptop: Laptop, phone: Phone) -> None:
    phone.asks(laptop.makes_code())
    shown = Handover.objects.get(ended_at=None)
    later = Phone()
    later.asks(laptop.makes_code())
    refused = laptop.answers(allow=True, handover=shown)
    assert (refused.status_code, refused.json()["error"]) == (409, "not_waiting")
    assert not Handover.objects.filter(confirmed_at__isnull=False).exists()


def test_an_answer_is_not_given_before_a_phone_asks(laptop: Laptop) -> None:
    laptop.makes_code()
    assert laptop.answers(allow=True).json()["error"] == "not_waiting"


def test_guesses_are_limited_and_all_look_alike(laptop: Laptop) -> None:
    laptop.makes_code()
    guesser = Phone()
    answers = [guesser.asks(codes.new()) for _ in range(HANDOVER_TRIES.at_once + 5)]
    assert [answer.status_code for answer in answers] == [404] * HANDOVER_TRIES.at_once + [429] * 5
    assert len({answer.content for answer in answers[: HANDOVER_TRIES.at_once]}) == 1
    assert guesser.asks(laptop.makes_code()).status_code == 429  # even the right one
    assert "phone" not in guesser.client.cookies


def test_a_new_cookie_for_each_guess_does_not_help(laptop: Laptop) -> None:
    answers = []
    for number in range(HANDOVER_TRIES.at_once + 3):
        guesser = Phone()
        guesser.client.cookies["phone"] = f"{number:043d}"
        answers.append(guesser.asks(codes.new()).status_code)
    assert answers[-3:] == [429] * 3


def test_a_code_never_made_ended_used_or_over_is_the_same_404(laptop: Laptop, session: Session) -> None:
    made = laptop.makes_code()
    laptop.disconnects()
    ended = Phone().asks(made)
    over = laptop.makes_code()
    Handover.objects.filter(ended_at=None).update(expires_at=timezone.now() - timedelta(seconds=1))
    answers = [ended, Phone().asks(over), Phone().asks("AAAAAA"), Phone().asks("nothing"), Phone().asks("%00")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, ended.content)}


def test_the_phones_page_tells_nothing_of_a_code(laptop: Laptop) -> None:
    """Whoever looks at an address, as a program that shows previews does, uses nothing up and learns nothing."""
    code = laptop.makes_code()
    right, wrong = (Client().get(f"/handover/{each}/").content.decode() for each in (code, "AAAAAA"))
    secrets = re.compile(r'(csrfmiddlewaretoken" value=|nonce=|x-csrftoken": )"[^"]*"')
    assert secrets.sub("", right.replace(code, "C")) == secrets.sub("", wrong.replace("AAAAAA", "C"))
    assert Handover.objects.get().asked_at is None


@pytest.mark.parametrize("who", ["stranger", "mechanic2", "support"])
def test_nobody_hands_over_the_session_of_others(
    request: pytest.FixtureRequest, client_of: ClientOf, laptop: Laptop, phone: Phone, session: Session, who: str
) -> None:
    other = Laptop(client_of(request.getfixturevalue(who)), session)
    expected = 403 if who == "support" else 404
    assert other.client.post(other.address).status_code == expected
    phone.asks(laptop.makes_code())
    assert other.answers(allow=True).status_code == expected
    assert other.disconnects().status_code == expected
    assert Handover.objects.get().confirmed_at is None


def test_neither_participant_answers_for_the_other(
    client_of: ClientOf, laptop: Laptop, phone: Phone, mechanic: User, session: Session
) -> None:
    phone.asks(laptop.makes_code())
    other = Laptop(client_of(mechanic), session)
    assert other.answers(allow=True).json()["error"] == "not_waiting"
    assert other.disconnects().status_code == 204
    assert laptop.answers(allow=True).status_code == 204
    page = other.client.get(f"/sessions/{session.id}/panel/").content.decode()
    assert "A phone wants to join" not in page
    events = other.client.get(f"/api/sessions/{session.id}/events").json()["events"]
    assert not [event for event in events if event["kind"].startswith("handover.")]


def test_without_a_session_nothing_is_handed_over(laptop: Laptop, session: Session) -> None:
    assert Client().post(laptop.address).status_code == 401
    assert Client().delete(laptop.address).status_code == 401


def test_a_phone_hands_nothing_on(connected: Phone, laptop: Laptop) -> None:
    assert connected.client.post(laptop.address).status_code == 401
    answer = {"handover": str(Handover.objects.get().pk), "allow": True}
    sent = connected.client.post(f"{laptop.address}/answer", answer, content_type="application/json")
    assert sent.status_code == 401


def address_of(way: str, session_id: object) -> str:
    """Return an address of this kind, in the phone's session where it names one."""
    way = way.replace("<session_id>", str(session_id)).replace("(customer|mechanic)", "customer")
    return re.sub(r"<[^>]*_id>", ANY, way).translate(str.maketrans("", "", "<>"))


def opened(session: Session) -> set[tuple[str, str]]:
    """Return what `MAY` lets a phone do, as addresses."""
    return {
        (method, "/" + re.sub(r"<uuid(str)?:\w+>", ANY, re.sub(r"<uuid(str)?:session_id>", str(session.id), route)))
        for route, methods in MAY.items()
        for method in methods
    }


def test_a_phone_is_a_visitor_at_every_other_address(connected: Phone, session: Session) -> None:
    """Listed by hand in `MAY`: whatever is new is closed to phones until somebody opens it."""
    ways = {("GET", address_of(way, session.id)) for way in PAGES}
    ways |= {("POST", address) for _, address in ways}
    ways |= {(method, address_of(way, session.id)) for method, way in (each.split(" ", 1) for each in OPERATIONS)}
    may = opened(session)
    assert may - {("HEAD", address) for _, address in may} <= ways | {("GET", address) for _, address in may}
    for method, address in sorted(ways - may):
        with mock.patch("autodoctor.handover.passes.find") as find:
            connected.client.generic(method, address)
        assert not find.called, (method, address)


MONEY: list[tuple[str, dict[str, Any]]] = [
    ("end", {}),
    ("cancel", {}),
    ("release", {"reason": "other"}),
    ("solved", {"solved": True}),
    ("extensions", {"option": ANY}),
    ("allowance", {"seconds": 600}),
    ("help", {"reason": "other", "text": "hello"}),
]


@pytest.mark.parametrize(("way", "body"), MONEY, ids=[way for way, _ in MONEY])
def test_a_phone_moves_no_money(connected: Phone, session: Session, way: str, body: dict[str, Any]) -> None:
    sent = connected.client.post(f"/api/sessions/{session.id}/{way}", body, content_type="application/json")
    assert sent.status_code == 401
    assert connected.client.post(f"/sessions/{session.id}/{way}/", body).status_code in (302, 404)
    session.refresh_from_db()
    assert session.state == State.LIVE


def test_a_phone_does_not_lower_the_price(connected: Phone, session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(state=State.WAITING)
    checks = dict.fromkeys(("camera", "microphone", "speaker", "network"), "failed")
    network = dict.fromkeys(("rtt_ms", "jitter_ms", "loss_percent", "up_kbit", "relay_kbit"))
    body: dict[str, Any] = {"mode": "chat", "checks": checks, "network": network}
    sent = connected.client.post(f"/api/sessions/{session.id}/preflight", body, content_type="application/json")
    assert (sent.status_code, sent.json()["error"]) == (403, "not_on_a_phone")
    session.refresh_from_db()
    assert session.kind == "video"
    sent = connected.client.post(
        f"/api/sessions/{session.id}/preflight", body | {"mode": "audio"}, content_type="application/json"
    )
    assert sent.status_code == 200


def test_the_pass_opens_no_other_session_of_the_same_person(
    connected: Phone, session: Session, customer: User, mechanic2: User
) -> None:
    other = live_session(customer, mechanic2)
    assert connected.looks(session) == 200
    assert connected.looks(other) == 302
    shown = f":{connected.client.cookies['phone'].value}"
    assert authentication.authenticate([(shown, other.id)], timezone.now())[0].guest is None


def test_after_the_end_nothing_can_be_sent(connected: Phone, laptop: Laptop, session: Session) -> None:
    code_of_before = connected.client.cookies["phone"].value
    Session.objects.filter(pk=session.pk).update(state=State.COMPLETED, ended_at=timezone.now())
    assert connected.looks(session) == 200
    assert connected.client.post(f"/api/sessions/{session.id}/files").status_code == 401
    Session.objects.filter(pk=session.pk).update(ended_at=timezone.now() - timedelta(minutes=11))
    assert connected.looks(session) == 302
    assert laptop.client.post(laptop.address).json()["error"] == "session_closed"
    assert connected.client.cookies["phone"].value == code_of_before


def test_a_code_of_a_session_that_ended_meanwhile_opens_nothing(laptop: Laptop, phone: Phone, session: Session) -> None:
    code = laptop.makes_code()
    Session.objects.filter(pk=session.pk).update(state=State.COMPLETED, ended_at=timezone.now())
    assert phone.asks(code).status_code == 404


def test_the_pages_of_a_phone_are_kept_by_nobody(connected: Phone, session: Session) -> None:
    answer = connected.client.get(f"/api/sessions/{session.id}")
    assert "no-store" in answer["Cache-Control"]
    page = connected.client.get(f"/sessions/{session.id}/").content.decode()
    for words in ("End Session", "Extend Session", "Sign out", "Get help", "$"):
        assert words not in re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL), words


def test_the_code_of_the_address_is_told_to_no_other_site(laptop: Laptop) -> None:
    answer = Client().get(f"/handover/{laptop.makes_code()}/")
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow, noarchive")
    assert "no-store" in answer["Cache-Control"]


def test_other_sites_cannot_ask_in_the_name_of_a_phone(laptop: Laptop) -> None:
    code, careful = laptop.makes_code(), Client(enforce_csrf_checks=True)
    assert careful.post(f"/api/handover/{code}").status_code == 403
    assert Handover.objects.get().asked_at is None


def test_a_participant_who_was_released_hands_nothing_over(
    client_of: ClientOf, mechanic: User, session: Session
) -> None:
    laptop = Laptop(client_of(mechanic), session)
    laptop.makes_code()
    Session.objects.filter(pk=session.pk).update(mechanic=None)
    Participant.objects.filter(user=mechanic).update(released_at=timezone.now())
    assert laptop.client.post(laptop.address).status_code == 404


@pytest.mark.parametrize("before", ["made", "asked", "open"])
def test_the_code_of_a_mechanic_who_gave_the_session_back_is_the_same_404(
    client_of: ClientOf, mechanic: User, session: Session, before: str
) -> None:
    laptop, phone = Laptop(client_of(mechanic), session), Phone()
    code = laptop.makes_code()
    if before != "made":
        phone.asks(code)
    if before == "open":
        laptop.answers(allow=True)
    Session.objects.filter(pk=session.pk).update(mechanic=None)
    answer, unknown = phone.asks(code), Phone().asks("AAAAAA")
    assert (answer.status_code, answer.content) == (404, unknown.content)
