"""A session on a second device: once, for ten minutes, bound to the person, confirmed, and ended."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.core.model_settings import Transcriber
from autodoctor.handover import actions, calls, codes, devices, passes
from autodoctor.handover.jobs import delete_old
from autodoctor.handover.models import KEPT_AFTER_END, Handover, Stage
from autodoctor.handover.tests.phones import PIXEL, Laptop, Phone
from autodoctor.room.hub import authentication
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import endings
from autodoctor.sessions.models import Connection, Participant, Process, Session, SessionEvent
from autodoctor.sessions.states import Kind, State
from autodoctor.transcripts import consent
from autodoctor.transcripts.models import Piece
from autodoctor.transcripts.tests import sounds

pytestmark = pytest.mark.django_db


def kinds(session: Session) -> list[tuple[str, str, str]]:
    events = SessionEvent.objects.filter(session=session, kind__startswith="handover.").order_by("seq")
    return [(event.kind, event.audience, event.data["device"]) for event in events]


def test_a_phone_joins_once_its_person_has_let_it_in(laptop: Laptop, phone: Phone, session: Session) -> None:
    code = laptop.makes_code()
    asked = phone.asks(code).json()
    assert (asked["state"], asked["page"]) == ("asked", "")
    assert 10 <= asked["number"] < 100
    assert phone.looks(session) == 302
    assert laptop.answers(allow=True).status_code == 204
    assert phone.asks(code).json() | {"expires_at": ""} == {
        "state": "open",
        "number": asked["number"],
        "expires_at": "",
        "page": f"/sessions/{session.id}/",
    }
    assert phone.looks(session) == 200
    assert kinds(session) == [
        ("handover.asked", "customer", "Chrome on Android"),
        ("handover.confirmed", "customer", "Chrome on Android"),
    ]


def test_a_phone_that_is_turned_away_sees_nothing(laptop: Laptop, phone: Phone, session: Session) -> None:
    code = laptop.makes_code()
    phone.asks(code)
    assert laptop.answers(allow=False).status_code == 204
    assert phone.asks(code).status_code == 404
    assert phone.looks(session) == 302
    assert [kind for kind, _, _ in kinds(session)] == ["handover.asked", "handover.refused"]


def test_the_laptop_and_the_phone_show_the_same_number(laptop: Laptop, phone: Phone, session: Session) -> None:
    asked = phone.asks(laptop.makes_code()).json()
    page = laptop.client.get(f"/sessions/{session.id}/panel/").content.decode()
    assert f'<b class="handover-number">{asked["number"]}</b>' in page
    assert "Chrome on Android" in page


def test_a_new_code_takes_the_place_of_the_one_before(laptop: Laptop, phone: Phone) -> None:
    first, second = laptop.makes_code(), laptop.makes_code()
    assert phone.asks(first).status_code == 404
    assert phone.asks(second).status_code == 200
    assert Handover.objects.filter(ended_at=None).count() == 1


def test_a_code_lasts_ten_minutes(customer: User, session: Session) -> None:
    now = timezone.now()
    _, code = actions.make(session_id=session.id, user=customer, now=now)
    late, in_time = now + timedelta(minutes=10), now + timedelta(minutes=9, seconds=59)
    with pytest.raises(Handover.DoesNotExist):
        actions.ask(code=code, phone=actions.Phone("", ""), now=late)
    handover, token = actions.ask(code=code, phone=actions.Phone("", ""), now=in_time)
    assert handover.stage(in_time) is Stage.ASKED
    assert handover.stage(late) is Stage.OVER
    with pytest.raises(Refused):
        actions.answer(session_id=session.id, handover_id=handover.pk, user=customer, allow=True, now=late)
    assert passes.find(token, in_time) is None


@pytest.mark.parametrize("state", [State.DRAFT, State.COMPLETED, State.CANCELLED, State.EXPIRED])
def test_a_phone_joins_from_the_payment_to_the_end(laptop: Laptop, session: Session, state: State) -> None:
    Session.objects.filter(pk=session.pk).update(state=state, ended_at=timezone.now())
    assert laptop.client.post(laptop.address).json()["error"] == "session_closed"


def test_one_phone_is_connected_at_a_time(laptop: Laptop, connected: Phone, session: Session) -> None:
    assert laptop.client.post(laptop.address).json()["error"] == "phone_connected"
    assert laptop.disconnects().status_code == 204
    assert connected.looks(session) == 302
    laptop.makes_code()
    assert kinds(session)[-1] == ("handover.ended", "customer", "Chrome on Android")


def test_the_phone_can_go_by_itself(laptop: Laptop, connected: Phone, session: Session) -> None:
    assert connected.client.delete(laptop.address).status_code == 204
    assert connected.looks(session) == 302
    assert Session.objects.get(pk=session.pk).state == State.LIVE


def test_after_the_end_a_phone_reads_for_a_while(
    laptop: Laptop, connected: Phone, session: Session, customer: User
) -> None:
    now = timezone.now()
    endings.end_session(session_id=session.id, by=customer, now=now, shown_cents=None)
    assert connected.looks(session) == 200
    message = {"client_id": str(uuid4()), "text": "hello"}
    sent = connected.client.post(f"/api/sessions/{session.id}/messages", message, content_type="application/json")
    assert sent.status_code == 401
    token = connected.client.cookies["phone"].value
    assert passes.find(token, now + KEPT_AFTER_END - timedelta(seconds=1))
    assert passes.find(token, now + KEPT_AFTER_END) is None


def test_the_last_words_of_a_phone_arrive_after_the_end(
    connected: Phone, session: Session, customer: User, mechanic: User, settings: Settings
) -> None:
    settings.TRANSCRIBER = Transcriber("pocketsphinx")
    Session.objects.filter(pk=session.pk).update(kind=Kind.VIDEO)
    began = timezone.now()
    for person in (customer, mechanic):
        consent.agree(session_id=session.id, by=person, now=began)
    endings.end_session(session_id=session.id, by=mechanic, now=began + timedelta(seconds=1))
    said = {"take": str(uuid4()), "number": "0", "began_at": began.isoformat(), "seconds": "1"}
    with sounds.WEBM.open("rb") as sound:
        sent = connected.client.post(f"/api/sessions/{session.id}/voice", {**said, "sound": sound})
    assert sent.status_code == 201
    stopped = connected.client.post(f"/sessions/{session.id}/transcript/agreement/", {"act": "erase"})
    assert stopped.headers["Location"] == f"/sessions/{session.id}/"
    assert not Piece.objects.exists()


@pytest.mark.parametrize("how", ["everywhere", "password", "banned", "staff"])
def test_what_signs_the_person_out_signs_the_phone_out(
    connected: Phone, session: Session, customer: User, how: str
) -> None:
    match how:
        case "everywhere":
            customer.end_sessions()
        case "password":
            customer.set_password("another long password")
            customer.save()
        case "banned":
            User.objects.filter(pk=customer.pk).update(is_active=False)
        case "staff":
            User.objects.filter(pk=customer.pk).update(is_staff=True)
    assert connected.looks(session) == 302
    assert phone_socket(connected, session) is None


@pytest.mark.parametrize("how", ["everywhere", "password"])
def test_a_phone_that_was_signed_out_is_not_connected_for_its_person(
    client_of: Callable[[User], Client], connected: Phone, session: Session, customer: User, how: str
) -> None:
    """A lost phone is signed out everywhere: signed in again, its person makes a code for another one."""
    Handover.objects.update(has_call=True)
    if how == "everywhere":
        customer.end_sessions()
    else:
        customer.set_password("another long password")
        customer.save()
    laptop = Laptop(client_of(customer), session)
    assert "Your phone has the camera." not in laptop.client.get(f"/sessions/{session.id}/").content.decode()
    assert calls.filming([session.id], timezone.now()) == set()
    phone = Phone()
    phone.asks(laptop.makes_code())
    assert laptop.answers(allow=True).status_code == 204
    assert phone.looks(session) == 200


def test_a_mechanic_who_gave_the_session_back_is_gone_with_their_phone(
    client_of: Callable[[User], Client], mechanic: User, session: Session, phone: Phone
) -> None:
    laptop = Laptop(client_of(mechanic), session)
    phone.asks(laptop.makes_code())
    laptop.answers(allow=True)
    assert phone.looks(session) == 200
    Session.objects.filter(pk=session.pk).update(mechanic=None)
    assert phone.looks(session) == 302


def phone_socket(phone: Phone, session: Session, key: str = "") -> authentication.ConnectedUser | None:
    """Return who knocks at the live channel of a session with the phone's cookie."""
    shown = f"{key}:{phone.client.cookies['phone'].value}"
    return authentication.authenticate([(shown, session.id)], timezone.now())[0].guest


def test_the_live_channel_knows_the_phone_in_its_session_only(
    connected: Phone, session: Session, mechanic2: User, customer: User, laptop: Laptop
) -> None:
    guest = phone_socket(connected, session)
    assert guest
    assert (guest.user, guest.only) == (customer, session.id)
    shown = f":{connected.client.cookies['phone'].value}"
    feed, unknown = authentication.authenticate([(shown, None), (shown, uuid4())], timezone.now())
    assert (feed.guest, unknown.guest) == (None, None)
    seals, people = {guest.session_key: guest.seal}, {guest.session_key: customer.pk}
    assert authentication.still_welcome(seals, people, timezone.now()) == {guest.session_key}
    laptop.disconnects()
    assert authentication.still_welcome(seals, people, timezone.now()) == set()


def test_a_phone_sends_its_films_in_pieces_and_answers_for_its_camera(connected: Phone, session: Session) -> None:
    base = f"/api/sessions/{session.id}"
    film = {"client_id": str(uuid4()), "name": "brake.mp4", "size": 4_000_000, "content_type": "video/mp4"}
    begun = connected.client.post(f"{base}/uploads", film, content_type="application/json")
    assert (begun.status_code, begun.json()["offset"]) == (201, 0)
    place = f"{base}/uploads/{begun.json()['id']}"
    assert connected.client.get(place).status_code == 200
    assert connected.client.delete(place).status_code == 204
    consent = connected.client.post(f"{base}/stills/consent", {"allowed": True}, content_type="application/json")
    assert (consent.status_code, consent.json()["camera_allowed"]) == (200, True)


def test_a_sign_in_counts_before_the_pass(connected: Phone, session: Session, laptop: Laptop) -> None:
    guest = phone_socket(connected, session, laptop.client.cookies["sessionid"].value)
    assert guest
    assert guest.only is None


def test_the_device_that_joined_last_has_the_call(connected: Phone, session: Session, customer: User) -> None:
    now = timezone.now()
    process = Process.objects.create(host="", pid=1, renewed_at=now, expires_at=now + timedelta(minutes=1))
    common: dict[str, Any] = {"process": process, "session": session, "user": customer, "role": "customer"}
    desk = Connection.objects.create(**common, opened_at=now)
    hand = Connection.objects.create(**common, opened_at=now, is_phone=True)
    assert calls.filming([session.id], now) == set()
    calls.note_joins({desk.pk: 1, hand.pk: 2})
    assert calls.filming([session.id], now) == {(session.id, customer.pk)}
    desk.refresh_from_db()
    assert desk.joined
    calls.note_joins({desk.pk: 3})
    assert calls.filming([session.id], now) == set()


def test_a_join_that_is_noted_late_takes_the_call_from_no_later_one(
    connected: Phone, session: Session, customer: User
) -> None:
    """Each server notes the joins of its own pages, when it comes to it."""
    now = timezone.now()
    process = Process.objects.create(host="", pid=1, renewed_at=now, expires_at=now + timedelta(minutes=1))
    common: dict[str, Any] = {"process": process, "session": session, "user": customer, "role": "customer"}
    desk = Connection.objects.create(**common, opened_at=now)
    hand = Connection.objects.create(**common, opened_at=now, is_phone=True)
    Participant.objects.update_or_create(session=session, user=customer, role="customer", defaults={"joins": 2})
    calls.note_joins({desk.pk: 2})
    calls.note_joins({hand.pk: 1})
    assert calls.filming([session.id], now) == set()


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("7KQ2MX", "7KQ2MX"),
        (" 7kq 2mx ", "7KQ2MX"),
        ("7kq-2mx", "7KQ2MX"),
        ("7KQ2M", ""),
        ("7KQ2MXX", ""),
        ("7KQ2M0", ""),
        ("7KQ2Mß", ""),
        ("", ""),
        ("x" * 10_000, ""),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, code: str) -> None:
    assert codes.normal(typed) == code


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PIXEL, "Chrome on Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "Firefox on Android"),
        ("<script>alert(1)</script>", "An unknown browser"),
    ],
)
def test_a_phone_is_named_in_our_own_words(agent: str, words: str) -> None:
    assert devices.in_words(agent) == words


def test_a_phone_whose_part_is_over_is_told_so_and_not_asked_to_sign_in(
    laptop: Laptop, connected: Phone, session: Session
) -> None:
    laptop.disconnects()
    answer = connected.client.get(f"/sessions/{session.id}/")
    assert answer["Location"] == "/handover/?over"
    assert "This phone is disconnected" in connected.client.get(answer["Location"]).content.decode()


def test_whoever_is_signed_in_on_the_phone_needs_no_confirmation(
    laptop: Laptop, session: Session, customer: User, stranger: User
) -> None:
    code, own, other = laptop.makes_code(), Phone(), Phone()
    own.client.force_login(customer)
    other.client.force_login(stranger)
    assert own.asks(code).json()["page"] == f"/sessions/{session.id}/"
    assert other.asks(code).json()["error"] == "another_account"
    assert Handover.objects.get().stage(timezone.now()) is Stage.OFFERED


def test_neither_code_nor_token_is_stored(laptop: Laptop, connected: Phone) -> None:
    stored = str(Handover.objects.values().get())
    assert connected.client.cookies["phone"].value not in stored
    assert codes.hash_of("A") != codes.hash_of("B")


def test_old_codes_are_deleted(laptop: Laptop, customer: User, session: Session) -> None:
    laptop.makes_code()
    now = timezone.now()
    delete_old(Job(), now + timedelta(hours=23))
    assert Handover.objects.exists()
    delete_old(Job(), now + timedelta(hours=25))
    assert not Handover.objects.exists()
