"""The summary in the session's log, its deadlines, and the mechanic who does not write it."""

import pytest

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import SummaryData
from autodoctor.sessions.lifecycle import releases
from autodoctor.sessions.lifecycle.summaries import add_correction, submit_summary
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import pending_summaries
from autodoctor.sessions.tests.story import Story

HOURS = 60


def over(story: Story) -> Story:
    return story.live().wait(minutes=30)


def write(story: Story, by: User | None = None) -> Session:
    return submit_summary(
        session_id=story.id, by=by or story.mechanic, now=story.now, data=SummaryData(safe="yes", parts=1, photos=0)
    )


def test_the_summary_is_written_once_and_ends_the_reminders(story: Story) -> None:
    over(story)
    write(story)
    assert story.session.summarized_at == story.now
    assert Job.objects.filter(key=str(story.id), kind__startswith="summary.").count() == 0
    with pytest.raises(Refused) as refused:
        write(story)
    assert refused.value.code == "already_submitted"
    assert story.wait(minutes=72 * HOURS).rules()[2:] == []
    assert len(story.events("summary.submitted")) == 1


def test_only_the_mechanic_submits_a_summary_and_only_after_the_end(
    story: Story, stranger: User, support: User
) -> None:
    story.live()
    with pytest.raises(Refused) as refused:
        write(story)
    assert refused.value.code == "not_completed"
    story.wait(minutes=30)
    for person in (story.customer, support):
        with pytest.raises(Refused) as refused:
            write(story, person)
        assert (refused.value.code, refused.value.status) == ("not_the_mechanic", 403)
    with pytest.raises(Session.DoesNotExist):
        write(story, stranger)


def test_corrections_come_after_the_summary(story: Story) -> None:
    over(story)
    with pytest.raises(Refused) as refused:
        add_correction(session_id=story.id, by=story.mechanic, now=story.now)
    assert refused.value.code == "not_submitted"
    write(story)
    add_correction(session_id=story.id, by=story.mechanic, now=story.now)
    add_correction(session_id=story.id, by=story.mechanic, now=story.now)
    assert len(story.events("summary.corrected")) == 2


def test_the_customer_is_told_until_when_the_summary_is_due(story: Story) -> None:
    assert pending_summaries.due_at(story.session) is None
    over(story)
    ended_at = story.session.ended_at
    assert ended_at
    assert pending_summaries.due_at(story.session) == ended_at + pending_summaries.due_within()
    write(story)
    assert pending_summaries.due_at(story.session) is None


def test_an_overdue_summary_keeps_its_mechanic_from_accepting(
    story: Story, stranger: User, mechanic: User, mechanic2: User
) -> None:
    over(story)
    story.wait(minutes=48 * HOURS)
    following = Story(stranger, mechanic)
    following.now = story.now
    following.pay()
    with pytest.raises(Refused) as refused:
        following.accept()
    assert refused.value.as_error()["link"] == f"/sessions/{story.id}/summary/"
    assert refused.value.code == "summary_overdue"
    assert story.customer.name in refused.value.detail

    write(story)
    following.accept()
    releases.release_request(session_id=following.id, by=mechanic, reason="other", now=following.now)
    following.accept(mechanic2)


def test_a_summary_not_yet_overdue_does_not_block_its_mechanic(story: Story, stranger: User, mechanic: User) -> None:
    over(story)
    story.wait(minutes=48 * HOURS - 1)
    assert list(pending_summaries.by(mechanic)) == [story.session]
    assert pending_summaries.blocking_session(mechanic, story.now) is None
