"""Attachments on the page: in the log, in their panel, on the photo checklist, and in the mechanics' queue."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from autodoctor.files.tests.samples import PDF, photo, upload, wav
from autodoctor.room.tests.page_story import ClientOf, Reads
from autodoctor.sessions.lifecycle import attachments
from autodoctor.sessions.models import Session

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.files.models import StoredFile
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]
Markup = Callable[..., str]
EVIL = '<img src=x onerror="alert(1)">'


def share(
    story: "Story", by: "User", name: str = "notes.txt", content: bytes = b"clicks once", shot: str = ""
) -> "StoredFile":
    answers = attachments.Answers(shot)
    return attachments.share_file(
        session_id=story.id, by=by, upload=upload(name, content), now=story.now, answers=answers
    )


def remove(story: "Story", by: "User", file: "StoredFile") -> None:
    attachments.remove_file(session_id=story.id, file_id=file.id, by=by, now=story.now)


def part(page: str, start: str, end: str) -> str:
    found = re.search(f"{start}.*?{end}", page, re.DOTALL)
    assert found, f"no {start}"
    return found[0]


@pytest.fixture
def markup(client_of: ClientOf, story: "Story") -> Markup:
    """Return the markup of the page on one line, without templates for scripts."""

    def get(user: "User", path: str = "") -> str:
        page = client_of(user).get(path if path.startswith("/") else f"/sessions/{story.id}/{path}")
        assert page.status_code == 200
        return " ".join(re.sub(r"<template\b.*?</template>", "", page.content.decode(), flags=re.DOTALL).split())

    return get


def log_of(page: str) -> str:
    return part(page, '<div class="room-chat__log"', '<p class="chat__note room-chat__empty')


def panel_of(page: str) -> str:
    return part(page, '<div class="card" id="room-files"', "(?:<aside|<dialog)")


def test_a_shared_picture_stands_in_the_log_for_both_even_after_the_end(
    story: "Story", customer: "User", mechanic: "User", markup: Markup
) -> None:
    story.live()
    file = share(story, customer, "Engine bay.jpg", photo(size=(640, 480)))
    address = f"/sessions/{story.id}/files/{file.id}/"
    for moment in (lambda: None, lambda: story.end(customer)):
        moment()
        for person in (customer, mechanic):
            log = log_of(markup(person))
            assert f'href="{address}"' in log
            assert f'src="{address}thumbnail/" width="640" height="480"' in log
    assert f'src="{address}thumbnail/"' in markup(mechanic, "transcript/")


def test_a_shared_sound_is_a_player_and_a_document_a_download(story: "Story", customer: "User", markup: Markup) -> None:
    story.live()
    share(story, customer, "idle.wav", wav())
    share(story, customer, "bill.pdf", PDF)
    log = log_of(markup(customer))
    assert '<audio class="sound" controls preload="metadata" aria-label="idle.wav"' in log
    assert 'data-slot="name">bill.pdf<' in log
    assert "?download=1" in log


def test_a_removed_file_is_named_in_the_log_without_a_link(
    story: "Story", customer: "User", mechanic: "User", markup: Markup, reads: Reads
) -> None:
    story.live()
    file = share(story, customer)
    remove(story, customer, file)
    for path in ("", "transcript/"):
        assert str(file.id) not in re.sub('data-file="[^"]*"', "", markup(mechanic, path))
    assert "Removed" in log_of(markup(mechanic))
    assert "Casey Customer removed a file" in reads(mechanic)
    assert "You removed a file" in reads(customer)


def test_the_files_panel_lists_the_newest_first_and_removes_ones_own_files(
    story: "Story", customer: "User", mechanic: "User", markup: Markup
) -> None:
    story.live()
    first = share(story, customer, "first.txt")
    story.wait(seconds=1)
    second = share(story, mechanic, "second.txt")
    panel = panel_of(markup(customer))
    assert panel.index("second.txt") < panel.index("first.txt")
    assert re.findall('data-remove="([^"]*)"', panel) == [str(first.id)]
    assert re.findall('data-remove="([^"]*)"', panel_of(markup(mechanic))) == [str(second.id)]


def test_the_mechanic_may_share_files_for_the_summary_after_the_end(
    story: "Story", customer: "User", mechanic: "User", markup: Markup
) -> None:
    story.live()
    share(story, customer)
    story.end(customer)
    assert "data-pick" not in panel_of(markup(customer))
    assert "data-remove" not in panel_of(markup(customer))
    assert 'data-pick="files"' in panel_of(markup(mechanic))


def test_a_file_that_a_summary_shows_cannot_be_removed(
    story: "Story", customer: "User", mechanic: "User", markup: Markup
) -> None:
    from autodoctor.files.models import StoredFile

    story.live()
    share(story, mechanic)
    StoredFile.objects.update(kept=True)
    assert "data-remove" not in panel_of(markup(mechanic))


def test_the_shot_list_marks_the_shots_that_were_shared(story: "Story", customer: "User", markup: Markup) -> None:
    story.pay()
    page = markup(customer)
    assert page.count('class="shot"') == 6
    assert "shot--done" not in page
    share(story, customer, "Engine bay.jpg", photo())
    assert "shot--done" not in markup(customer)  # a name proves nothing
    file = share(story, customer, "Motorraum.jpg", photo(), shot="engine")
    row = part(markup(customer), '<li class="shot shot--done" data-keep="shot-engine"', "</li>")
    assert f"/files/{file.id}/thumbnail/" in row
    assert "Engine bay: once more" in row
    remove(story, customer, file)
    assert "shot--done" not in markup(customer)
    story.accept()
    assert 'class="shot"' not in markup(customer)


def test_only_the_customer_has_the_photo_of_the_intake_sent(
    story: "Story", customer: "User", mechanic: "User", markup: Markup
) -> None:
    story.pay()
    assert "<intake-photo" not in markup(customer)  # booked without a form
    Session.objects.filter(pk=story.id).update(intake_token=(token := uuid4()))
    assert f'data-token="{token}"' in part(markup(customer), "<intake-photo", "</intake-photo>")
    story.accept()
    assert 'data-shot="odometer"' in part(markup(customer), "<intake-photo", "</intake-photo>")
    assert str(token) not in markup(mechanic)


def test_the_queue_shows_the_files_of_a_request_to_mechanics(
    story: "Story",
    customer: "User",
    mechanic: "User",
    stranger: "User",
    markup: Markup,
    client_of: ClientOf,
) -> None:
    story.pay()
    shown = share(story, customer, "Engine bay.jpg", photo())
    gone = share(story, customer, "gone.txt")
    remove(story, customer, gone)
    for path in ("/dashboard/", "/dashboard/queue/"):
        queue = part(markup(mechanic, path), "data-request=", "request__foot")
        assert f'src="/sessions/{story.id}/files/{shown.id}/thumbnail/"' in queue
        assert "What Casey Customer shows" in queue
        assert "gone.txt" not in queue
    assert f"/files/{shown.id}/" in panel_of(markup(mechanic))
    assert client_of(stranger).get(f"/sessions/{story.id}/").status_code == 404


def test_the_queue_shows_a_few_of_many_files_and_a_link_to_the_rest(
    story: "Story", customer: "User", mechanic: "User", markup: Markup, client_of: ClientOf
) -> None:
    story.pay()
    share(story, customer, "0.txt")
    with CaptureQueriesContext(connection) as few:
        client_of(mechanic).get("/dashboard/queue/")
    for number in range(1, 9):
        share(story, customer, f"{number}.txt")
    with CaptureQueriesContext(connection) as many:
        client_of(mechanic).get("/dashboard/queue/")
    assert len(many) == len(few)
    queue = markup(mechanic, "/dashboard/queue/")
    assert queue.count('class="thumb"') == 7
    assert "+3" in queue


def test_markup_in_the_name_of_a_file_is_shown_as_text(
    story: "Story", customer: "User", mechanic: "User", markup: Markup
) -> None:
    from autodoctor.files.models import StoredFile
    from autodoctor.sessions.models import SessionEvent

    story.pay()
    share(story, customer)
    # Names are made fit on their way in; the page must not depend on it.
    StoredFile.objects.update(name=EVIL)
    event = SessionEvent.objects.get(session_id=story.id, kind="file.shared")
    event.data["file"]["name"] = EVIL
    event.save()
    pages = [markup(customer), markup(mechanic), markup(mechanic, "/dashboard/queue/"), markup(customer, "transcript/")]
    for page in pages:
        assert "&lt;img src=x" in page
        assert "<img src=x" not in page


def test_the_server_writes_file_sizes_as_the_script_does() -> None:
    from autodoctor.room.templatetags.room import file_size

    assert file_size(512) == "512 byte"
    assert file_size(1536) == "1.5 kB"
    assert file_size(10 * 1024 * 1024) == "10 MB"
    assert file_size(1_300_000) == "1.2 MB"
