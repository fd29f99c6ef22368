"""A running session between two mechanics: who reads what of it, and two who take it at once."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from autodoctor.accounts.models import User
from autodoctor.files.models import StoredFile
from autodoctor.payments.models import Earning, Payment
from autodoctor.sessions.lifecycle import closing, help_requests, substitutes
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import Story
from tests.attacks.test_claims import client_of as http_of
from tests.attacks.test_claims import grab
from tests.attacks.test_strangers import farewell
from tests.kit import scene
from tests.kit.server import Server
from tests.kit.sockets import room

Client = Any
ClientOf = Callable[[User], Client]
NOTE = "Look at the coil next"
SECRET = "the customer shouts at me"
WORDS = "only for those who have it"


@pytest.fixture
def handed_over(customer: User, mechanic: User) -> Story:
    """A session that its mechanic left, with a chat, a thread with support, and a file of each of the two."""
    story = Story(customer, mechanic)
    story.now = timezone.now() - timedelta(minutes=1)
    story.live().say(customer, WORDS)
    help_requests.ask_support(session_id=story.id, by=mechanic, reason="behaviour", text=SECRET, now=story.now)
    for person in (customer, mechanic):
        share(story.id, person, story.now)
    substitutes.ask_for_substitute(session_id=story.id, by=mechanic, note=NOTE, now=story.now)
    return story


def share(session_id: UUID, by: User, now: datetime) -> None:
    StoredFile.objects.create(
        owner_id=session_id, uploader=by, name=f"{by.email}.jpg", kind="image",
        content_type="image/jpeg", size=3, key=f"key-{by.email}", created_at=now,
    )  # fmt: skip


def closed_to(client: Client, session_id: UUID) -> list[int]:
    """Return the answers to everything that only participants may read or do."""
    base = f"/api/sessions/{session_id}"
    reads = [
        client.get(f"{base}{path}") for path in ("", "/events", "/help", "/summary", "/ice-servers", "/extensions")
    ]
    does = [client.post(f"{base}/{act}") for act in ("end", "start", "cancel")]
    says = client.post(f"{base}/messages", {"client_id": "0" * 32, "text": "hi"}, content_type="application/json")
    pages = [client.get(f"/sessions/{session_id}/{page}") for page in ("transcript/", "summary/", "help/")]
    return [answer.status_code for answer in [*reads, *does, says, *pages]]


@pytest.mark.django_db
def test_a_mechanic_who_may_take_it_over_reads_its_note_and_nothing_of_the_talk(
    handed_over: Story, mechanic2: User, customer: User, client_of: ClientOf
) -> None:
    client = client_of(mechanic2)
    assert set(closed_to(client, handed_over.id)) == {404}
    page = client.get(f"/sessions/{handed_over.id}/").content.decode()
    assert NOTE in page
    assert WORDS not in page
    assert SECRET not in page
    names = [file["name"] for file in client.get(f"/api/sessions/{handed_over.id}/files").json()["files"]]
    assert names == [f"{customer.email}.jpg"]


@pytest.mark.django_db
def test_whoever_left_reads_nothing_of_it_any_more(
    handed_over: Story, mechanic: User, mechanic2: User, client_of: ClientOf
) -> None:
    client = client_of(mechanic)
    for _ in ("while another one is looked for", "and afterwards"):
        assert set(closed_to(client, handed_over.id)) == {404}
        assert client.get(f"/api/sessions/{handed_over.id}/files").status_code == 404
        handed_over.accept(mechanic2) if Session.objects.get(pk=handed_over.id).mechanic_id is None else None
    assert client.get(f"/sessions/{handed_over.id}/").status_code == 410
    assert str(handed_over.id) not in client.get("/dashboard/").content.decode()


@pytest.mark.on_postgres
@pytest.mark.django_db
def test_whoever_left_reads_what_they_earned_and_no_more_of_it(
    handed_over: Story, mechanic: User, mechanic2: User, customer: User, client_of: ClientOf
) -> None:
    handed_over.accept(mechanic2).join(mechanic2).end(customer)
    Payment.objects.filter(owner_id=handed_over.id).update(state="captured", captured_cents=999)
    closing.credit_earning(session_id=handed_over.id, now=handed_over.now)
    earned = Earning.objects.get(mechanic=mechanic2)  # nothing had run with the first one
    Earning.objects.filter(pk=earned.pk).update(mechanic=mechanic)
    page = client_of(mechanic).get("/dashboard/earnings/").content.decode()
    assert "Another mechanic went on" in page
    assert "$9.99 charged" in page
    assert str(handed_over.id) not in page
    assert customer.name not in page


@pytest.mark.django_db
def test_the_next_mechanic_reads_the_talk_and_never_the_thread_of_the_one_before(
    handed_over: Story, mechanic2: User, client_of: ClientOf
) -> None:
    handed_over.accept(mechanic2)
    client = client_of(mechanic2)
    events = client.get(f"/api/sessions/{handed_over.id}/events").json()["events"]
    assert WORDS in str(events)
    assert SECRET not in str(events)
    assert not [event for event in events if event["kind"].startswith(("help.", "handover.", "support.", "alert."))]
    assert client.get(f"/api/sessions/{handed_over.id}/help").json()["events"] == []
    assert NOTE in client.get(f"/sessions/{handed_over.id}/").content.decode()


@pytest.mark.django_db
def test_the_customer_never_reads_the_note(handed_over: Story, customer: User, client_of: ClientOf) -> None:
    client = client_of(customer)
    for path in (f"/sessions/{handed_over.id}/", f"/sessions/{handed_over.id}/transcript/", "/dashboard/"):
        assert NOTE not in client.get(path).content.decode()
    for path in ("", "/events"):
        assert NOTE not in client.get(f"/api/sessions/{handed_over.id}{path}").content.decode()


@pytest.mark.django_db
def test_a_note_cannot_be_long_or_hold_what_cannot_be_stored(
    customer: User, mechanic: User, client_of: ClientOf
) -> None:
    story = Story(customer, mechanic)
    story.now = timezone.now()
    story.live()
    client = client_of(mechanic)
    for note in ("x" * 501, "\u0000", "", "\u200b", ["no"], {"no": 1}):
        given = {"note": note}
        answer = client.post(f"/api/sessions/{story.id}/substitute", given, content_type="application/json")
        assert answer.status_code == 422, note
    assert Session.objects.get(pk=story.id).state == "live"


@pytest.mark.django_db
def test_nobody_but_who_took_it_over_gives_it_back(
    handed_over: Story, mechanic: User, mechanic2: User, mechanic3: User, stranger: User, client_of: ClientOf
) -> None:
    handed_over.accept(mechanic2)
    for address in (f"/api/sessions/{handed_over.id}/release", f"/sessions/{handed_over.id}/release/"):
        for person in (mechanic, mechanic3, stranger):
            assert client_of(person).post(address, {"reason": "given_back"}).status_code == 404
    assert Session.objects.get(pk=handed_over.id).mechanic_id == mechanic2.id


@pytest.mark.django_db
def test_who_gave_it_back_reads_nothing_of_the_talk_any_more(
    handed_over: Story, mechanic2: User, client_of: ClientOf
) -> None:
    handed_over.accept(mechanic2)
    client = client_of(mechanic2)
    for _ in range(2):
        answer = client.post(f"/api/sessions/{handed_over.id}/release")
        assert (answer.status_code, answer.json()["state"]) == (200, "handing_over")
    assert set(closed_to(client, handed_over.id)) == {404}
    assert client.post(f"/api/sessions/{handed_over.id}/accept").json()["error"] == "released_before"


def test_ten_mechanics_take_it_over_at_once_and_one_gets_it(server: Server) -> None:
    talk = scene.stage(server)
    crowd = server.enroll(10, "substitute-", mechanics=True)
    with talk.open(talk.customer), talk.open(talk.mechanic) as left:
        assert asyncio.run(leave(server, talk)) == 200
        with pytest.raises(ConnectionClosed) as closed:
            left.expect("nothing more")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4404
        answers = asyncio.run(grab(server, crowd, f"/api/sessions/{talk.id}/accept"))
    won = {email for email, answer in answers if answer.status_code == 200}
    lost = [answer for email, answer in answers if email not in won]
    assert len(won) == 1
    assert {answer.status_code for answer in lost} == {409}
    assert {answer.json()["error"] for answer in lost} == {"already_taken"}
    for person in (talk.mechanic, *(one for one in crowd if one.email not in won)):
        assert farewell(server, room(talk.id), person) == (4404, "")


async def leave(server: Server, talk: scene.Talk) -> int:
    async with http_of(server, talk.mechanic) as client:
        answer = await client.post(f"/api/sessions/{talk.id}/substitute", json={"note": NOTE})
        return answer.status_code
