"""Attachments: who may share, see and remove files of a session, and when."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.files import errors, listing
from autodoctor.files.models import StoredFile
from autodoctor.files.tests.samples import PDF, photo, upload
from autodoctor.sessions.lifecycle import attachments, endings
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.tests.story import Story

ClientOf = Callable[[User], Client]


def share(story: Story, by: User, name: str = "report.pdf", **more: Any) -> StoredFile:
    return attachments.share_file(session_id=story.id, by=by, upload=upload(name, PDF), now=story.now, **more)


def unshare(story: Story, file: StoredFile, by: User) -> None:
    attachments.remove_file(session_id=story.id, file_id=file.id, by=by, now=story.now)


def refusal(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.status, refused.value.code


def test_a_shared_file_is_an_event_without_an_address(story: Story) -> None:
    story.pay()
    file = share(story, story.customer)
    (event,) = story.events("file.shared")
    assert event.data == {"file": file.facts()}
    assert (event.actor_id, event.actor_role, event.audience) == (story.customer.id, "customer", "both")
    assert file.facts() == {
        "id": str(file.id),
        "name": "report.pdf",
        "kind": "pdf",
        "content_type": "application/pdf",
        "size": len(PDF),
        "width": None,
        "height": None,
    }


def test_the_customer_shares_from_the_payment_to_the_end(story: Story) -> None:
    assert refusal(lambda: share(story, story.customer)) == (409, "session_closed")
    story.pay()
    share(story, story.customer)
    story.accept().join().start()
    share(story, story.customer)
    story.end(story.customer)
    assert refusal(lambda: share(story, story.customer)) == (409, "session_closed")


def test_the_mechanic_shares_from_accepting_until_the_summary_is_in(story: Story) -> None:
    story.pay()
    with pytest.raises(Session.DoesNotExist):
        share(story, story.mechanic)
    story.accept()
    share(story, story.mechanic)
    story.join().start().end(story.mechanic)
    share(story, story.mechanic)
    Session.objects.filter(pk=story.id).update(summarized_at=story.now)
    assert refusal(lambda: share(story, story.mechanic)) == (409, "session_closed")


def test_a_session_that_did_not_take_place_takes_no_files(story: Story, customer: User) -> None:
    story.pay().accept()
    endings.cancel_session(session_id=story.id, by=customer, now=story.now)
    for person in (story.customer, story.mechanic):
        assert refusal(lambda: share(story, person)) == (409, "session_closed")  # noqa: B023 called at once


def test_strangers_and_support_share_nothing(story: Story, stranger: User, mechanic2: User, support: User) -> None:
    story.live()
    for person in (stranger, mechanic2):
        with pytest.raises(Session.DoesNotExist):
            share(story, person)
    assert refusal(lambda: share(story, support)) == (403, "not_a_party")
    assert not StoredFile.objects.exists()


def test_only_the_participant_who_shared_a_file_can_remove_it(story: Story) -> None:
    story.live()
    file = share(story, story.customer)
    assert refusal(lambda: unshare(story, file, story.mechanic)) == (403, "not_the_uploader")
    unshare(story, file, story.customer)
    (event,) = story.events("file.removed")
    assert event.data == {"file": file.facts()}
    with pytest.raises(StoredFile.DoesNotExist):
        unshare(story, file, story.customer)


def test_a_file_kept_by_a_summary_or_of_an_ended_session_cannot_be_removed(story: Story) -> None:
    story.live()
    file, kept = share(story, story.customer), share(story, story.customer)
    listing.keep(story.id, [kept.id])
    assert refusal(lambda: unshare(story, kept, story.customer)) == (409, "file_kept")
    story.end(story.customer)
    assert refusal(lambda: unshare(story, file, story.customer)) == (409, "session_closed")


def test_an_upload_repeated_with_its_client_id_is_the_same_file(story: Story) -> None:
    story.live()
    client_id = uuid4()
    first = share(story, story.customer, client_id=client_id)
    assert share(story, story.customer, client_id=client_id) == first
    assert StoredFile.objects.count() == len(story.events("file.shared")) == 1
    assert refusal(lambda: share(story, story.mechanic, client_id=client_id)) == (409, "client_id_reused")
    unshare(story, first, story.customer)
    assert refusal(lambda: share(story, story.customer, client_id=client_id)) == (409, "client_id_reused")


def test_the_number_of_files_of_a_session_is_limited(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "MAX_FILES", 2)
    monkeypatch.setattr(attachments, "MAX_EVER", 3)
    story.live()
    first, _ = share(story, story.customer), share(story, story.mechanic)
    assert refusal(lambda: share(story, story.mechanic)) == (409, "too_many")
    unshare(story, first, story.customer)
    last = share(story, story.customer)
    unshare(story, last, story.customer)
    assert refusal(lambda: share(story, story.customer)) == (409, "too_many")


def test_a_mechanic_sees_the_files_of_a_request_in_the_queue(
    story: Story, mechanic2: User, stranger: User, client_of: ClientOf
) -> None:
    story.pay()
    share(story, story.customer)
    attachments.session_with_files(mechanic2, story.id)
    with pytest.raises(Session.DoesNotExist):
        attachments.session_with_files(stranger, story.id)
    story.accept()
    with pytest.raises(Session.DoesNotExist):
        attachments.session_with_files(mechanic2, story.id)


def test_files_are_shared_and_removed_by_the_api(story: Story, client_of: ClientOf) -> None:
    story.live()
    customer, mechanic = client_of(story.customer), client_of(story.mechanic)
    address, client_id = f"/api/sessions/{story.id}/files", str(uuid4())
    answer = customer.post(address, {"file": upload("Brake Disc.JPG", photo()), "client_id": client_id, "shot": "tyre"})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert {name: made[name] for name in ("name", "kind", "content_type", "width", "height", "removable", "shot")} == {
        "shot": "tyre",
        "name": "Brake Disc.jpg",
        "kind": "image",
        "content_type": "image/jpeg",
        "width": 640,
        "height": 480,
        "removable": True,
    }
    assert made["by"] == {"id": str(story.customer.id), "role": "customer", "name": "Casey Customer"}
    (seen,) = mechanic.get(address).json()["files"]
    assert seen == made | {"removable": False}
    event = SessionEvent.objects.get(session_id=story.id, kind="file.shared")
    assert str(event.client_id) == client_id
    for name in ("url", "thumbnail_url"):
        shown = customer.get(made[name])
        assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert customer.delete(f"{address}/{made['id']}").status_code == 204
    assert customer.delete(f"{address}/{made['id']}").status_code == 404
    assert customer.get(made["url"]).status_code == 404
    assert mechanic.get(address).json() == {"files": []}


def test_a_refused_file_is_explained_in_a_sentence(story: Story, client_of: ClientOf) -> None:
    story.live()
    customer, address = client_of(story.customer), f"/api/sessions/{story.id}/files"
    for name, content, status, code in (
        ("a.exe", b"MZ" + bytes(100), 415, "wrong_type"),
        ("a.txt", b"", 415, "wrong_type"),
        ("a.pdf", b"%PDF-" + bytes(errors.MAX_BYTES), 413, "too_large"),
    ):
        answer = customer.post(address, {"file": upload(name, content)})
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert answer.json()["detail"].endswith(".")
    assert customer.post(address, {"file": "not a file"}).status_code == 422
    for field in ({"client_id": "x"}, {"shot": "No such thing!"}):
        assert customer.post(address, {"file": upload("a.pdf", PDF), **field}).status_code == 422


def test_the_permanent_address_of_a_file_redirects_to_one_that_expires(
    story: Story, client_of: ClientOf, stranger: User, support: User
) -> None:
    story.live()
    file = share(story, story.customer)
    address = f"/sessions/{story.id}/files/{file.id}/"
    for person in (story.customer, story.mechanic, support):
        answer = client_of(person).get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith(f"/files/{file.id}/view/?until=")
        assert client_of(person).get(address + "?download=1")["Location"].startswith(f"/files/{file.id}/download/")
    assert client_of(story.customer).get(address + "thumbnail/").status_code == 404
    assert client_of(stranger).get(address).status_code == 404
    assert client_of(story.customer).get(f"/sessions/{uuid4()}/files/{file.id}/").status_code == 404
    unshare(story, file, story.customer)
    assert client_of(story.customer).get(address).status_code == 404
