"""A request that was asked of one mechanic: for every other mechanic it is the same as one that does not exist."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import Favorite, User
from autodoctor.files.models import StoredFile
from autodoctor.push.models import PushSubscription
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.tests.story import NOON, Story
from tests.attacks.test_strangers import everything, look

ClientOf = Callable[[User], Client]
Step = Callable[[Story], object]
pytestmark = pytest.mark.django_db
# From the payment to each end that a private request can have without ever being open to all.
LIVES: dict[str, Step] = {
    "requested": lambda story: story,
    "accepted": lambda story: story.accept(),
    "waiting": lambda story: story.accept().join(),
    "completed": lambda story: story.accept().join().connect().start().end(story.customer),
    "cancelled": lambda story: story.cancels(),
    "expired": lambda story: story.wait(minutes=30),
    "never joined": lambda story: story.accept().wait(minutes=5),
}


@pytest.fixture(autouse=True)
def only_the_deadlines_run(settings: Settings) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"


@pytest.fixture
def private(customer: User, mechanic: User, mechanic2: User) -> Story:
    return Story(customer, mechanic).asks_for(mechanic, only=True).pay()


@pytest.mark.parametrize("life", LIVES)
def test_another_mechanic_finds_nothing_where_a_private_request_is_or_was(
    life: str, private: Story, mechanic2: User, client_of: ClientOf
) -> None:
    LIVES[life](private)
    before = private.session.seq
    theirs, none = (everything(client_of(mechanic2), id_) for id_ in (private.id, uuid.uuid4()))
    assert theirs == none
    assert {status for status, _, _ in theirs.values()} == {404}
    assert private.session.seq == before


def test_the_mechanic_who_was_asked_finds_it(private: Story, mechanic: User, client_of: ClientOf) -> None:
    client = client_of(mechanic)
    assert client.get(f"/sessions/{private.id}/").status_code == 200
    assert [one["id"] for one in client.get("/api/queue").json()] == [str(private.id)]
    assert "Asked for you" in client.get("/dashboard/queue/").content.decode()


def test_files_of_a_private_request_are_for_its_mechanic(
    private: Story, mechanic: User, mechanic2: User, client_of: ClientOf
) -> None:
    file = StoredFile.objects.create(
        owner_id=private.id, uploader=private.customer, name="a.pdf", kind="pdf", size=1, key="k", created_at=NOON
    )

    def looks(person: User, session_id: UUID, file_id: UUID) -> list[tuple[int, list[str], str]]:
        client = client_of(person)
        pages = (f"/sessions/{session_id}/files/{file_id}/", f"/api/sessions/{session_id}/files")
        return [look(client.get(page), session_id) for page in pages]

    assert [status for status, _, _ in looks(mechanic, private.id, file.id)] == [302, 200]
    theirs = looks(mechanic2, private.id, file.id)
    assert [status for status, _, _ in theirs] == [404, 404]
    assert theirs == looks(mechanic2, uuid.uuid4(), file.id)


def test_lists_and_numbers_of_others_are_as_without_a_private_request(
    customer: User, mechanic: User, mechanic2: User, stranger: User, client_of: ClientOf
) -> None:
    """The queue of another mechanic, the API's, the place of another customer, what the landing page says."""
    other = Story(stranger, mechanic).pay()

    def seen() -> list[object]:
        mechanics, customers = client_of(mechanic2), client_of(stranger)
        return [
            mechanics.get("/api/queue").json(),
            [row.session.id for row in mechanics.get("/dashboard/queue/").context["requests"]],
            customers.get(f"/sessions/{other.id}/").context["page"].waiting.place,
            Client().get("/").context["mechanics"],
        ]

    before = seen()
    Story(customer, mechanic).asks_for(mechanic, minutes=20).pay()
    assert seen() == before
    assert len(client_of(mechanic).get("/api/queue").json()) == 2


def test_push_and_mail_of_a_private_request_go_to_its_mechanic_alone(private: Story, mechanic2: User) -> None:
    devices = {
        person: PushSubscription.objects.create(
            user=person, endpoint=f"https://push.example/{person.id}", p256dh="", auth="", browser="", created_at=NOON
        )
        for person in (private.mechanic, mechanic2)
    }
    again = Story(private.customer, private.mechanic).asks_for(private.mechanic, only=True).pay()
    run_due(again.now)
    again.cancels()
    run_due(again.now)
    pushed = {key.partition(":")[0] for key in Job.objects.filter(kind="push.send").values_list("key", flat=True)}
    assert pushed == {str(devices[private.mechanic].id)}
    mailed = {job.payload.get("user_id") for job in Job.objects.filter(kind="mail.send")}
    assert mailed == {str(private.customer.id), str(private.mechanic.id)}


def test_a_stale_press_of_another_mechanic_takes_nothing(private: Story, mechanic2: User, client_of: ClientOf) -> None:
    client = client_of(mechanic2)
    for reason in ("passed", "asked_everybody", "other"):
        assert client.post(f"/sessions/{private.id}/release/", {"reason": reason}).status_code == 404
        answer = client.post(f"/api/sessions/{private.id}/release", {"reason": reason}, content_type="application/json")
        assert answer.status_code == 404
    assert (private.session.state, private.session.is_private) == ("requested", True)


def test_nobody_opens_or_closes_the_request_of_another_customer(
    private: Story, stranger: User, client_of: ClientOf
) -> None:
    answer = client_of(stranger).post(f"/sessions/{private.id}/release/", {"reason": "asked_everybody"})
    assert answer.status_code == 404
    assert private.session.is_private


@pytest.mark.parametrize("act", ["keep", "tell"])
@pytest.mark.parametrize("gone", [{"is_active": False}, {"is_staff": True}])
def test_favorites_tell_nothing_of_who_works_here(
    act: str, gone: dict[str, bool], customer: User, stranger: User, mechanic: User, client_of: ClientOf
) -> None:
    """Of somebody who is shut out, is no mechanic, or does not exist: the same answers."""
    User.objects.filter(pk=mechanic.pk).update(**gone)
    client = client_of(customer)
    answers = {
        look(client.post(f"/mechanics/{id_}/favorite/", {"act": act}), id_)[0::2]
        for id_ in (mechanic.id, stranger.id, uuid.uuid4())
    }
    pages = {look(client.get(f"/mechanics/{id_}/"), id_)[0] for id_ in (mechanic.id, stranger.id, uuid.uuid4())}
    assert {status for status, _ in answers} == pages == {404}
    assert client.post(f"/mechanics/{customer.id}/favorite/", {"act": act}).status_code == 404
    assert len(answers) == 1
    assert not Favorite.objects.exists()


def test_a_favorite_of_another_customer_is_not_removed(
    customer: User, stranger: User, mechanic: User, client_of: ClientOf
) -> None:
    Favorite.objects.create(customer=customer, mechanic=mechanic, added_at=NOON, tell_until=NOON + timedelta(days=1))
    for act in ("remove", "hush", "keep", "nonsense", ""):
        client_of(stranger).post(f"/mechanics/{mechanic.id}/favorite/", {"act": act})
    favorite = Favorite.objects.get(customer=customer)
    assert favorite.tell_until


def test_a_mechanics_page_holds_nothing_private(mechanic: User, customer: User, client_of: ClientOf) -> None:
    page = client_of(customer).get(f"/mechanics/{mechanic.id}/").content.decode()
    assert mechanic.email not in page
    assert mechanic.time_zone not in page
    assert "missed" not in page.lower()
