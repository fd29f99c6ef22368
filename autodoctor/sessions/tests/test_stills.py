"""Photos on demand: the customer's consent, the mechanic's request, and the photo that answers it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.files.models import StoredFile
from autodoctor.files.tests.samples import photo, upload
from autodoctor.sessions.lifecycle import attachments, stills
from autodoctor.sessions.lifecycle.attachments import Answers
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.tests.story import Story


@pytest.fixture
def call(story: Story) -> Story:
    """A running video session, in which the customer has not been asked yet."""
    story.pay().accept().join().start()
    Session.objects.filter(pk=story.id).update(kind="video")
    return story


def answer(story: Story, *, allowed: bool, by: User | None = None) -> Session:
    return stills.answer_camera(session_id=story.id, by=by or story.customer, allowed=allowed, now=story.now)


def ask(story: Story, by: User | None = None, still_id: UUID | None = None) -> UUID:
    still_id = still_id or uuid4()
    stills.request_still(session_id=story.id, by=by or story.mechanic, still_id=still_id, now=story.now)
    return still_id


def send(story: Story, still_id: UUID, by: User | None = None, **more: Any) -> StoredFile:
    return attachments.share_file(
        session_id=story.id,
        by=by or story.customer,
        upload=upload("Photo.jpg", photo()),
        now=story.now,
        answers=Answers(still=still_id),
        **more,
    )


def fail(story: Story, still_id: UUID, by: User | None = None) -> None:
    stills.report_failure(
        session_id=story.id,
        by=by or story.customer,
        still_id=still_id,
        why=stills.StillFailure.NO_CAMERA,
        now=story.now,
    )


def refusal(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.status, refused.value.code


def test_the_customer_allows_and_takes_it_back_and_the_log_says_both(call: Story) -> None:
    assert call.session.camera_allowed is None
    assert answer(call, allowed=True).camera_allowed is True
    answer(call, allowed=True)
    answer(call, allowed=False)
    events = call.events("camera.allowed", "camera.refused")
    assert [(event.kind, event.actor_role, event.data["session"]["camera_allowed"]) for event in events] == [
        ("camera.allowed", "customer", True),
        ("camera.refused", "customer", False),
    ]


def test_only_the_customer_can_allow_it(call: Story) -> None:
    assert refusal(lambda: answer(call, allowed=True, by=call.mechanic)) == (403, "not_the_customer")
    assert call.session.camera_allowed is None


def test_consent_is_given_to_one_mechanic_alone(story: Story, mechanic2: User) -> None:
    story.pay().accept()
    answer(story, allowed=True)
    story.releases(story.mechanic)
    assert refusal(lambda: answer(story, allowed=True)) == (409, "session_closed")
    story.accept(mechanic2)
    assert story.session.camera_allowed is None


def test_nobody_allows_anything_after_the_end(call: Story) -> None:
    answer(call, allowed=True)
    call.end(call.customer)
    assert refusal(lambda: answer(call, allowed=False)) == (409, "session_closed")


def test_to_allow_is_limited_and_to_refuse_is_not(call: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "MOST_ALLOWED", 2)
    for allowed in (True, False, True, False):
        answer(call, allowed=allowed)
    assert refusal(lambda: answer(call, allowed=True)) == (409, "too_many")
    monkeypatch.setattr(stills, "MOST_ALLOWED", 3)
    answer(call, allowed=True)
    monkeypatch.setattr(stills, "MOST_ALLOWED", 2)
    assert answer(call, allowed=False).camera_allowed is False


def test_a_request_says_who_asks_and_until_when(call: Story) -> None:
    answer(call, allowed=True)
    still_id = ask(call)
    (event,) = call.events("still.requested")
    assert (event.actor_id, event.client_id, event.audience) == (call.mechanic.id, still_id, "both")
    assert event.data == {"still_id": str(still_id), "expires_at": "2026-03-02T12:00:15.000Z"}


@pytest.mark.parametrize("allowed", [None, False])
def test_without_consent_no_photo_can_be_asked_for(call: Story, allowed: bool | None) -> None:
    if allowed is not None:
        answer(call, allowed=True)
        answer(call, allowed=False)
    assert refusal(lambda: ask(call)) == (403, "not_allowed")
    assert call.events("still.requested") == []


def test_only_the_mechanic_can_ask_and_only_in_a_call(call: Story) -> None:
    answer(call, allowed=True)
    assert refusal(lambda: ask(call, call.customer)) == (403, "not_the_mechanic")
    Session.objects.filter(pk=call.id).update(kind="chat")
    assert refusal(lambda: ask(call)) == (409, "no_call")
    Session.objects.filter(pk=call.id).update(kind="video")
    call.end(call.customer)
    assert refusal(lambda: ask(call)) == (409, "session_closed")


def test_an_absent_customer_cannot_be_asked(call: Story) -> None:
    answer(call, allowed=True)
    call.leave(call.customer).wait(seconds=6)
    assert refusal(lambda: ask(call)) == (409, "customer_away")


def test_one_photo_is_awaited_at_a_time_and_not_for_ever(call: Story) -> None:
    answer(call, allowed=True)
    still_id = ask(call)
    assert ask(call, still_id=still_id) == still_id
    assert len(call.events("still.requested")) == 1
    assert refusal(lambda: ask(call)) == (409, "still_open")
    call.wait(seconds=15)
    ask(call)


def test_an_id_that_stands_for_something_else_is_refused(call: Story) -> None:
    answer(call, allowed=True)
    client_id = uuid4()
    shared = upload("notes.txt", b"clicks once")
    attachments.share_file(session_id=call.id, by=call.mechanic, upload=shared, now=call.now, client_id=client_id)
    assert refusal(lambda: ask(call, still_id=client_id)) == (409, "client_id_reused")


def test_the_photo_is_a_file_that_says_who_asked_for_it(call: Story) -> None:
    answer(call, allowed=True)
    still_id = ask(call)
    file = send(call, still_id)
    (event,) = call.events("file.shared")
    assert event.data["still"] == {"id": str(still_id), "by": call.mechanic.name, "at": "2026-03-02T12:00:00.000Z"}
    assert event.actor_id == call.customer.id
    assert StoredFile.objects.get(pk=file.id).asked_by_name == call.mechanic.name
    ask(call)  # the first one has come


def test_a_request_has_one_photo_however_often_it_is_sent(call: Story) -> None:
    answer(call, allowed=True)
    still_id, client_id = ask(call), uuid4()
    first = send(call, still_id, client_id=client_id)
    assert send(call, still_id, client_id=client_id).id == first.id
    assert refusal(lambda: send(call, still_id)) == (409, "still_answered")


def test_a_photo_that_comes_late_is_kept(call: Story) -> None:
    answer(call, allowed=True)
    still_id = ask(call)
    call.wait(seconds=40)
    send(call, still_id)
    assert len(call.events("file.shared")) == 1


def test_a_photo_answers_only_what_was_asked_and_is_allowed(call: Story) -> None:
    answer(call, allowed=True)
    still_id = ask(call)
    with pytest.raises(SessionEvent.DoesNotExist):
        send(call, uuid4())
    assert refusal(lambda: send(call, still_id, by=call.mechanic)) == (403, "not_the_customer")
    answer(call, allowed=False)
    assert refusal(lambda: send(call, still_id)) == (403, "not_allowed")
    assert call.events("file.shared") == []


def test_a_camera_that_gives_no_photo_frees_the_way_for_the_next_request(call: Story) -> None:
    answer(call, allowed=True)
    still_id = ask(call)
    assert refusal(lambda: fail(call, still_id, by=call.mechanic)) == (403, "not_the_customer")
    fail(call, still_id)
    fail(call, still_id)
    (event,) = call.events("still.failed")
    assert event.data == {"still_id": str(still_id), "why": "no_camera"}
    ask(call)
    fail(call, still_id)  # the one before
    assert len(call.events("still.failed")) == 1


def test_the_number_of_photos_of_a_session_is_limited(call: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "MOST_ASKED", 1)
    answer(call, allowed=True)
    send(call, ask(call))
    assert refusal(lambda: ask(call)) == (409, "too_many")
