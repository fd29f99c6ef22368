"""Attachments that come piece by piece: where they stand, who goes on with them, and how many there are."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused, TooFast
from autodoctor.files import errors, partial_uploads, storage
from autodoctor.files.jobs import JOBS, sweep
from autodoctor.files.models import PartialUpload, StoredFile
from autodoctor.files.partial_uploads import LIFETIME, MOST_OPEN, SILENT, Announced
from autodoctor.files.tests.samples import film
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import run_due
from autodoctor.sessions.lifecycle import attachments, resumable_uploads
from autodoctor.sessions.lifecycle.resumable_uploads import Piece
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import HANDLERS as OF_SESSIONS
from autodoctor.sessions.tests.story import Story
from tests.kit.meanwhile import at_every_moment

ClientOf = Callable[[User], Client]
FILM = film(filling=300_000)
CUT = 100_000
HANDLERS = OF_SESSIONS | JOBS
OCTETS = "application/offset+octet-stream"


@pytest.fixture(autouse=True)
def empty_store(settings: Settings, tmp_path: Path) -> None:
    settings.CLOCK_HANDLERS = f"{__name__}.HANDLERS"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.STORAGES = settings.STORAGES | {
        "files": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "stored"},
        }
    }


def begin(story: Story, by: User, size: int = len(FILM), client_id: UUID | None = None) -> Any:
    announced = Announced(client_id or uuid4(), "brake.mp4", size, "video/mp4", "leak")
    return resumable_uploads.begin_upload(session_id=story.id, by=by, announced=announced, now=story.now)


def add(story: Story, upload: PartialUpload, start: int, content: bytes, by: User | None = None) -> Any:
    path = storage.incoming() / uuid4().hex
    path.write_bytes(content)
    return resumable_uploads.add_piece(
        session_id=story.id,
        upload_id=upload.id,
        by=by or story.customer,
        piece=Piece(path, start),
        now=story.now,
    )


def refusal(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.status, refused.value.code


def objects() -> set[str]:
    return {key for hour in storage.hours() for key in storage.keys_of(hour)}


def tidy(story: Story) -> None:
    """Run what is due for files."""
    run_due(story.now, lanes=[Lane.FILES])


def test_a_file_that_came_in_pieces_is_one_attachment_byte_for_byte(story: Story) -> None:
    story.live()
    upload = begin(story, story.customer)
    assert add(story, upload, 0, FILM[:CUT]).received == CUT
    file = add(story, upload, CUT, FILM[CUT:])
    assert (file.name, file.kind, file.size, file.shot) == ("brake.mp4", "video", len(FILM), "leak")
    assert b"".join(storage.bytes_of([file.key])) == FILM
    (event,) = story.events("file.shared")
    assert event.data == {"file": file.facts()}
    tidy(story)
    assert objects() == {file.key}
    assert not PartialUpload.objects.exists()
    assert not list(storage.incoming().iterdir())


def test_a_piece_that_begins_elsewhere_changes_nothing_and_the_server_says_where_it_stands(story: Story) -> None:
    story.live()
    upload = begin(story, story.customer)
    add(story, upload, 0, FILM[:CUT])
    for start, content in ((0, FILM[:CUT]), (CUT + 1, FILM[CUT + 1 :]), (CUT - 1, FILM[CUT - 1 :])):
        assert refusal(lambda: add(story, upload, start, content)) == (409, "wrong_offset")  # noqa: B023 called at once
    stands = resumable_uploads.find_upload(session_id=story.id, upload_id=upload.id, by=story.customer, now=story.now)
    assert (stands.received, len(objects())) == (CUT, 1)


def test_of_two_pieces_at_the_same_place_one_counts(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.live()
    upload = begin(story, story.customer)
    put = storage.put

    def another_comes_first(path: Path, key: str) -> None:
        monkeypatch.setattr(storage, "put", put)
        add(story, upload, 0, FILM[:CUT])
        put(path, key)

    monkeypatch.setattr(storage, "put", another_comes_first)
    assert refusal(lambda: add(story, upload, 0, FILM[: CUT * 2])) == (409, "wrong_offset")
    upload.refresh_from_db()
    assert (upload.received, len(objects())) == (CUT, 1)
    assert add(story, upload, CUT, FILM[CUT:]).size == len(FILM)


def test_an_upload_begun_again_under_its_id_goes_on_where_it_was(story: Story) -> None:
    story.live()
    client_id = uuid4()
    upload = begin(story, story.customer, client_id=client_id)
    add(story, upload, 0, FILM[:CUT])
    again = begin(story, story.customer, client_id=client_id)
    assert (again.id, again.received) == (upload.id, CUT)
    assert refusal(lambda: begin(story, story.customer, 77_777, client_id)) == (409, "client_id_reused")


def test_a_lost_answer_to_the_last_piece_gives_the_file_once(story: Story) -> None:
    story.live()
    client_id = uuid4()
    upload = begin(story, story.customer, client_id=client_id)
    file = add(story, upload, 0, FILM)
    assert begin(story, story.customer, client_id=client_id) == file
    assert StoredFile.objects.count() == len(story.events("file.shared")) == 1
    with pytest.raises(PartialUpload.DoesNotExist):
        add(story, upload, len(FILM), b"")


def test_a_whole_upload_that_could_not_be_shared_is_shared_by_an_empty_piece(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live()
    upload = begin(story, story.customer)
    share = attachments.share_file

    def is_busy(**_: Any) -> None:
        raise errors.busy()

    monkeypatch.setattr(attachments, "share_file", is_busy)
    assert refusal(lambda: add(story, upload, 0, FILM)) == (503, "busy")
    monkeypatch.setattr(attachments, "share_file", share)
    assert add(story, upload, len(FILM), b"").size == len(FILM)
    assert len(story.events("file.shared")) == 1


def test_a_file_of_a_wrong_type_is_refused_once_it_is_whole_and_its_pieces_go(story: Story) -> None:
    story.live()
    upload = begin(story, story.customer, size=20_000)
    assert refusal(lambda: add(story, upload, 0, b"<html>" + bytes(19_994))) == (415, "wrong_type")
    tidy(story)
    assert (objects(), PartialUpload.objects.count(), story.events("file.shared")) == (set(), 0, [])


@pytest.mark.parametrize(
    ("start", "size"),
    [(0, 1), (0, partial_uploads.PIECE_LEAST_BYTES - 1), (0, 0), (0, len(FILM) + 1)],
)
def test_a_piece_that_does_not_fit_is_refused(story: Story, start: int, size: int) -> None:
    story.live()
    upload = begin(story, story.customer)
    assert refusal(lambda: add(story, upload, start, bytes(size))) == (422, "invalid")
    assert not objects()


@pytest.mark.parametrize(("size", "answer"), [(errors.MAX_BYTES + 1, (413, "too_large")), (0, (415, "wrong_type"))])
def test_a_file_too_large_or_empty_is_refused_before_its_first_piece(
    story: Story, size: int, answer: tuple[int, str]
) -> None:
    story.live()
    assert refusal(lambda: begin(story, story.customer, size)) == answer


def test_uploads_on_their_way_of_a_person_are_limited(story: Story) -> None:
    story.live()
    begun = []
    for _ in range(MOST_OPEN):
        begun.append(begin(story, story.customer))
        story.now += timedelta(seconds=1)
    with pytest.raises(TooFast):
        begin(story, story.customer)
    begin(story, story.mechanic)
    story.now += SILENT
    add(story, begun[0], 0, FILM[:CUT])
    begin(story, story.customer)  # the one that was silent for longest goes
    assert add(story, begun[0], CUT, FILM[CUT:]).size == len(FILM)
    with pytest.raises(PartialUpload.DoesNotExist):
        add(story, begun[1], 0, FILM)


def test_files_on_their_way_count_as_files_of_the_session(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "MAX_FILES", 2)
    story.live()
    begin(story, story.customer)
    upload = begin(story, story.mechanic)
    assert refusal(lambda: begin(story, story.customer)) == (409, "too_many")
    resumable_uploads.drop_upload(session_id=story.id, upload_id=upload.id, by=story.mechanic, now=story.now)
    begin(story, story.customer)


def test_the_last_file_that_has_room_goes_on_after_a_cut_line(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "MAX_FILES", 2)
    story.live()
    begin(story, story.mechanic)
    client_id = uuid4()
    upload = begin(story, story.customer, client_id=client_id)
    add(story, upload, 0, FILM[:CUT])
    assert begin(story, story.customer, client_id=client_id).received == CUT
    assert refusal(lambda: begin(story, story.mechanic, client_id=client_id)) == (409, "too_many")  # another file
    assert add(story, upload, CUT, FILM[CUT:]).size == len(FILM)


def test_only_the_person_who_began_an_upload_goes_on_with_it(
    story: Story, stranger: User, mechanic2: User, support: User
) -> None:
    story.live()
    upload = begin(story, story.customer)
    with pytest.raises(PartialUpload.DoesNotExist):
        add(story, upload, 0, FILM, by=story.mechanic)
    for person in (stranger, mechanic2):
        with pytest.raises(Session.DoesNotExist):
            add(story, upload, 0, FILM, by=person)
    assert refusal(lambda: add(story, upload, 0, FILM, by=support)) == (403, "not_a_party")
    assert not objects()


def test_an_upload_ends_with_the_session(story: Story) -> None:
    story.live()
    upload = begin(story, story.customer)
    add(story, upload, 0, FILM[:CUT])
    story.end(story.customer)
    assert refusal(lambda: add(story, upload, CUT, FILM[CUT:])) == (409, "session_closed")
    assert refusal(lambda: begin(story, story.customer)) == (409, "session_closed")
    assert not story.events("file.shared")


def test_an_unfinished_upload_is_deleted_at_its_deadline_whatever_came_meanwhile(story: Story) -> None:
    story.live()
    upload = begin(story, story.customer)
    story.now += LIFETIME - timedelta(seconds=1)
    add(story, upload, 0, FILM[:CUT])
    tidy(story)
    assert len(objects()) == 1
    story.now += timedelta(seconds=1)
    with pytest.raises(PartialUpload.DoesNotExist):
        add(story, upload, CUT, FILM[CUT:])
    tidy(story)
    assert (objects(), PartialUpload.objects.count()) == (set(), 0)


def test_the_sweep_spares_the_pieces_of_an_upload_on_its_way(story: Story) -> None:
    story.live()
    upload = begin(story, story.customer)
    add(story, upload, 0, FILM[:CUT])
    before = objects()
    sweep(story.now + timedelta(hours=2, minutes=30))
    assert objects() == before
    PartialUpload.objects.all().delete()
    sweep(story.now + timedelta(hours=3))
    assert not objects()


def test_lost_pieces_are_sent_anew(story: Story) -> None:
    """As after a backup, which has none."""
    story.live()
    client_id = uuid4()
    upload = begin(story, story.customer, client_id=client_id)
    add(story, upload, 0, FILM[:CUT])
    storage.remove(*objects())
    with pytest.raises(PartialUpload.DoesNotExist):
        add(story, upload, CUT, FILM[CUT:])
    anew = begin(story, story.customer, client_id=client_id)
    assert anew.received == 0
    assert add(story, anew, 0, FILM).size == len(FILM)


def test_a_file_comes_in_pieces_by_the_api(story: Story, client_of: ClientOf) -> None:
    story.live()
    customer, mechanic = client_of(story.customer), client_of(story.mechanic)
    given = {"client_id": str(uuid4()), "name": "brake.mp4", "size": len(FILM), "content_type": "video/mp4"}
    begun = customer.post(f"/api/sessions/{story.id}/uploads", given, content_type="application/json")
    assert (begun.status_code, begun.json()["offset"], begun.json()["file"]) == (201, 0, None)
    address = f"/api/sessions/{story.id}/uploads/{begun.json()['id']}"
    part = customer.patch(address, FILM[:CUT], content_type=OCTETS, headers={"Upload-Offset": "0"})
    assert (part.status_code, part.json()["offset"]) == (200, CUT)
    assert customer.get(address).json() == part.json()
    unsaid = customer.patch(address, FILM[CUT:], content_type=OCTETS)
    assert unsaid.status_code == 422
    last = customer.patch(address, FILM[CUT:], content_type=OCTETS, headers={"Upload-Offset": str(CUT)})
    assert (last.status_code, last.json()["id"]) == (200, None)
    assert last.json()["file"]["name"] == "brake.mp4"
    again = customer.post(f"/api/sessions/{story.id}/uploads", given, content_type="application/json")
    assert again.json()["file"]["id"] == last.json()["file"]["id"]
    assert [file["name"] for file in mechanic.get(f"/api/sessions/{story.id}/files").json()["files"]] == ["brake.mp4"]


def test_a_canceled_upload_is_gone(story: Story, client_of: ClientOf) -> None:
    story.live()
    story.now = timezone.now()  # as the API sees it
    upload = begin(story, story.customer)
    add(story, upload, 0, FILM[:CUT])
    customer, address = client_of(story.customer), f"/api/sessions/{story.id}/uploads/{upload.id}"
    assert [customer.delete(address).status_code for _ in range(2)] == [204, 404]
    story.now = timezone.now()
    tidy(story)
    assert not objects()


@pytest.mark.django_db(transaction=True)
@pytest.mark.on_postgres
@pytest.mark.parametrize("end", [CUT, len(FILM)])
def test_an_upload_that_is_canceled_while_a_piece_arrives_is_gone(story: Story, client_of: ClientOf, end: int) -> None:
    """And the last piece makes no file of it."""
    story.live()
    story.now = timezone.now()
    client = client_of(story.customer)
    were = [0]

    def prepare() -> PartialUpload:
        were.append(StoredFile.objects.count())
        started: PartialUpload = begin(story, story.customer)
        return started

    def send(upload: PartialUpload) -> tuple[int, int]:
        address = f"/api/sessions/{story.id}/uploads/{upload.id}"
        answer = client.patch(address, FILM[:end], content_type=OCTETS, headers={"Upload-Offset": "0"})
        return answer.status_code, StoredFile.objects.count() - were[-1]

    def cancel(upload: PartialUpload) -> None:
        partial_uploads.drop(upload, timezone.now())

    answers = list(at_every_moment(PartialUpload, prepare=prepare, act=send, other=cancel))
    assert answers[0] == (404, 0)
    assert set(answers) == {(404, 0), (200, int(end == len(FILM)))}
