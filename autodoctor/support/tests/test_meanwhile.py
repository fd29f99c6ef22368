"""Forms of pages that no longer show the present: what was sent twice acts once, what is stale says what happened."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import releases, support_actions
from autodoctor.sessions.tests.story import NOON, Story
from autodoctor.support import staff_actions
from autodoctor.support.models import StaffAction

pytestmark = pytest.mark.django_db


def press(desk: Client, story: Story, name: str, seen: int, **given: Any) -> Any:
    form = {"token": str(uuid4()), "reason": "The picture froze", "seen": seen, "sure": "on", **given}
    return desk.post(f"/support/sessions/{story.id}/{name}/", form)


def test_a_stale_act_on_a_session_says_what_a_colleague_did(desk: Client, story: Story, colleague: User) -> None:
    story.pay().accept()
    seen = story.session.seq
    support_actions.send_message(session_id=story.id, by=colleague, text="Please wait", to="both", now=story.now)
    stale = press(desk, story, "cancel", seen)
    assert stale.status_code == 409
    assert "Meanwhile this has changed. Please wait." in stale.content.decode()
    assert "The picture froze" in stale.content.decode()
    assert story.session.state == "accepted"
    assert press(desk, story, "cancel", story.session.seq).status_code == 303
    assert story.session.state == "cancelled"


def test_a_stale_act_does_not_hit_the_next_mechanic(desk: Client, story: Story, mechanic2: User) -> None:
    story.pay().accept()
    seen = story.session.seq
    releases.release_request(session_id=story.id, by=story.mechanic, reason="no_time", now=story.now)
    story.accept(mechanic2)
    stale = press(desk, story, "release", seen)
    assert stale.status_code == 409
    assert "accepted the request" in stale.content.decode()
    assert story.session.mechanic == mechanic2


def test_a_form_on_the_page_of_a_case_sent_twice_acts_once(desk: Client, story: Story) -> None:
    story.live()
    token = str(uuid4())
    for _ in range(2):
        assert press(desk, story, "message", story.session.seq, token=token, to="both", text="Hi").status_code == 303
    assert len(story.events("message.posted")) == 1


def said(answer: Any, desk: Client) -> str:
    """Return the page that says why an act was refused: the answer, or where it leads to if nothing is left there."""
    return (desk.get(answer.headers["Location"]) if answer.status_code == 303 else answer).content.decode()


def test_a_person_is_not_banned_over_what_a_colleague_decided(desk: Client, stranger: User, colleague: User) -> None:
    page = f"/support/people/{stranger.id}/"
    staff_actions.ban(user=stranger, by=colleague, reason="cash", now=NOON)
    staff_actions.lift_ban(user=stranger, by=colleague, reason="mistaken", now=NOON)
    stale = desk.post(page, {"act": "ban", "reason": "cash", "seen": "0"})
    assert "Meanwhile this has changed. Chris Colleague: Ban lifted, “mistaken”" in said(stale, desk)
    assert 'value="cash"' in stale.content.decode()
    assert User.objects.get(pk=stranger.pk).is_active
    last = StaffAction.objects.latest("id").id
    for _ in range(2):
        desk.post(page, {"act": "ban", "reason": "cash again", "seen": last})
    assert StaffAction.objects.count() == 3


def test_a_stale_answer_to_an_application_is_refused(desk: Client, stranger: User, colleague: User) -> None:
    profile = MechanicProfile.objects.create(user=stranger, headline="Diesels", years_experience=3, skills="All")
    assert 'name="seen" value="0"' in desk.get("/support/mechanics/").content.decode()
    staff_actions.approve(profile=profile, by=colleague, reason="", now=NOON)
    stale = desk.post(f"/support/mechanics/{profile.pk}/", {"act": "decline", "reason": "No", "seen": "0"})
    assert "Chris Colleague: Approved as a mechanic" in said(stale, desk)
    profile.refresh_from_db()
    assert profile.state == "approved"
    assert Job.objects.filter(kind="mail.send").count() == 1


def test_a_stale_act_on_a_job_says_what_became_of_the_job(desk: Client, colleague: User) -> None:
    job = Job.objects.create(kind="mail.send", key="k", due_at=NOON, run_at=NOON, parked_at=NOON)
    page = desk.get("/support/jobs/").content.decode()
    assert 'name="subject" value="mail.send k"' in page
    staff_actions.dismiss(job=job, session_id=None, by=colleague, reason="told them", now=NOON)
    form = {"act": "retry", "seen": "0", "subject": "mail.send k"}
    stale = desk.post(f"/support/jobs/{job.pk}/", form)
    assert "Chris Colleague: Dismissed, “told them”" in said(stale, desk)
    stale = desk.post(f"/support/jobs/{job.pk}/", form | {"act": "dismiss", "reason": "I called <b>them</b>"})
    assert "I called &lt;b&gt;them&lt;/b&gt;" in said(stale, desk)
    assert desk.post(f"/support/jobs/{job.pk}/", form | {"subject": "mail.send other"}).status_code == 404


def test_a_refused_act_on_people_and_jobs_gives_the_reason_back_in_its_own_form(
    desk: Client, stranger: User, customer: User, colleague: User
) -> None:
    waiting = [
        MechanicProfile.objects.create(user=user, headline="Diesels", years_experience=3, skills="All")
        for user in (stranger, customer)
    ]
    staff_actions.sign_out(user=stranger, by=colleague, reason="lost phone", now=NOON)
    stale = desk.post(f"/support/mechanics/{waiting[0].pk}/", {"act": "decline", "reason": "No proof", "seen": "0"})
    assert (stale.status_code, stale.content.decode().count('value="No proof"')) == (409, 1)

    staff_actions.approve(profile=waiting[0], by=colleague, reason="", now=NOON)
    stale = desk.post(f"/support/mechanics/{waiting[0].pk}/", {"act": "decline", "reason": "No proof", "seen": "0"})
    assert (stale.status_code, stale.content.decode().count('value="No proof"')) == (409, 1)  # to withdraw the approval
    last = StaffAction.objects.latest("id").id
    assert f'name="seen" value="{last}"' in stale.content.decode()

    for act in ("ban", "sign_out"):
        stale = desk.post(f"/support/people/{stranger.pk}/", {"act": act, "reason": "Cash", "seen": "0"})
        assert (stale.status_code, stale.content.decode().count('value="Cash"')) == (409, 1)

    jobs = [
        Job.objects.create(kind="mail.send", key=key, due_at=NOON, run_at=NOON, parked_at=NOON) for key in ("a", "b")
    ]
    staff_actions.retry(job=jobs[0], session_id=None, by=colleague, now=NOON)
    Job.objects.filter(pk=jobs[0].pk).update(parked_at=NOON)
    stale = desk.post(f"/support/jobs/{jobs[0].pk}/", {"act": "dismiss", "reason": "Told them", "seen": "0"})
    assert (stale.status_code, stale.content.decode().count('value="Told them"')) == (409, 1)


def test_a_refused_act_on_a_job_shows_the_page_of_the_list_that_it_stands_on(desk: Client) -> None:
    jobs = [Job(kind="mail.send", key=f"{n}", due_at=NOON, run_at=NOON, parked_at=NOON) for n in range(21)]
    oldest, *_newer = Job.objects.bulk_create(jobs)
    refused = desk.post(f"/support/jobs/{oldest.pk}/", {"act": "dismiss", "reason": " ", "page": "2"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert f'id="job-{oldest.pk}"' in page
    assert 'href="/support/jobs/?page=1"' in page
