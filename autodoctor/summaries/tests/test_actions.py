"""Drafts, the one submission, corrections."""

import pytest

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.files import listing
from autodoctor.files.errors import FileRefused
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import State
from autodoctor.summaries import actions
from autodoctor.summaries.actions import DraftChanged
from autodoctor.summaries.content import CORRECTIONS_MAX, Typed, blank
from autodoctor.summaries.models import Draft, Summary
from autodoctor.summaries.tests.desk import CONTENT, Desk


def typed(findings: str) -> Typed:
    return {**blank(), "findings": findings}


def save(desk: Desk, findings: str, version: int, by: User | None = None) -> Draft:
    return actions.save_draft(
        session_id=desk.id, by=by or desk.mechanic, typed=typed(findings), version=version, now=desk.now
    )


def test_each_save_of_a_summary_draft_makes_the_next_version(desk: Desk) -> None:
    assert save(desk, "a", 0).version == 1
    assert save(desk, "ab", 1).version == 2
    assert Draft.objects.get().typed["findings"] == "ab"


def test_a_summary_draft_saved_over_an_unseen_version_is_refused(desk: Desk) -> None:
    save(desk, "from the one", 0)
    with pytest.raises(DraftChanged) as refused:
        save(desk, "from the other", 0)
    assert (refused.value.draft.version, refused.value.draft.typed["findings"]) == (1, "from the one")
    assert Draft.objects.get().typed["findings"] == "from the one"
    save(desk, "from the other", refused.value.draft.version)
    assert Draft.objects.get().typed["findings"] == "from the other"


def test_a_summary_draft_saved_again_unchanged_is_no_conflict(desk: Desk) -> None:
    """An answer that got lost on its way back."""
    assert save(desk, "a", 0).version == save(desk, "a", 0).version == 1


def test_only_the_mechanic_can_save_a_summary_draft(desk: Desk, stranger: User, support: User) -> None:
    for person in (desk.customer, support):
        with pytest.raises(Refused) as refused:
            save(desk, "a", 0, person)
        assert refused.value.status == 403
    with pytest.raises(Session.DoesNotExist):
        save(desk, "a", 0, stranger)


def test_a_summary_is_kept_as_it_was_written(desk: Desk) -> None:
    desk.submit(photos=desk.photos(2))
    stored = desk.summary
    assert [photo.file.name for photo in stored.photos.all()] == ["photo-0.jpg", "photo-1.jpg"]
    assert stored.content.parts == CONTENT.parts
    assert (stored.content.findings, stored.content.safe) == (CONTENT.findings, "care")
    assert desk.session.summarized_at == desk.now
    event = SessionEvent.objects.get(session_id=desk.id, kind="summary.submitted")
    assert {name: event.data[name] for name in ("safe", "parts", "photos")} == {"safe": "care", "parts": 3, "photos": 2}
    assert (event.rule, event.occasion) == ("summary", 0)
    assert Job.objects.get(kind="summary.mail").key == str(desk.id)


def test_a_second_submission_of_a_summary_is_refused_and_changes_nothing(desk: Desk) -> None:
    desk.submit()
    with pytest.raises(Refused) as refused:
        desk.submit(findings="something else")
    assert (refused.value.code, refused.value.status) == ("already_submitted", 409)
    assert desk.summary.findings == CONTENT.findings
    with pytest.raises(Refused) as refused:
        save(desk, "a", 0)
    assert refused.value.code == "already_submitted"


def test_submitting_a_summary_deletes_its_draft(desk: Desk) -> None:
    save(desk, "a", 0)
    desk.submit()
    assert not Draft.objects.exists()


def test_photos_of_a_summary_stay(desk: Desk) -> None:
    file = desk.photo()
    desk.submit(photos=(file.id,))
    file.refresh_from_db()
    with pytest.raises(FileRefused):
        listing.remove(file, now=desk.now)


def test_a_photo_that_is_gone_or_of_another_session_is_refused(desk: Desk, mechanic2: User) -> None:
    removed = desk.photo()
    listing.remove(removed, now=desk.now)
    elsewhere = Desk(desk.customer, mechanic2).photo()
    for file in (removed, elsewhere):
        with pytest.raises(Refused) as refused:
            desk.submit(photos=(file.id,))
        assert refused.value.code == "file_removed"
    assert not Summary.objects.exists()
    assert desk.session.summarized_at is None


def test_corrections_are_numbered_and_mailed(desk: Desk) -> None:
    desk.submit()
    desk.correct("First.")
    desk.correct("Second.")
    desk.correct("Second.")  # pressed twice
    assert [(each.number, each.text) for each in desk.summary.corrections.all()] == [(1, "First."), (2, "Second.")]
    mails = Job.objects.filter(kind="summary.mail").order_by("id")
    assert [job.key for job in mails] == [str(desk.id), f"{desk.id}:1", f"{desk.id}:2"]


def test_the_number_of_corrections_of_a_summary_is_limited(desk: Desk) -> None:
    desk.submit()
    for number in range(CORRECTIONS_MAX):
        desk.correct(str(number))
    with pytest.raises(Refused) as refused:
        desk.correct("One more")
    assert refused.value.code == "too_many"


@pytest.mark.parametrize("state", [State.LIVE, State.CANCELLED, State.EXPIRED])
def test_only_completed_sessions_can_have_a_summary(customer: User, mechanic: User, state: State) -> None:
    desk = Desk(customer, mechanic, state=state)
    with pytest.raises(Refused) as refused:
        desk.submit()
    assert refused.value.code == "not_completed"
