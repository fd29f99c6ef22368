"""The pages after `bin/dev --scenario busy`."""

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.conversations.models import Conversation
from autodoctor.dev_scenario import play_busy
from autodoctor.dev_scenes import HISTORY, PRESENT, QUESTIONS
from autodoctor.payments.models import Dispute, Movement
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import State
from tests.kit.stripe_sandbox import RunningSandbox, stripe_sandbox

__all__ = ["stripe_sandbox"]
pytestmark = pytest.mark.django_db
QUEUE = [scene for scene in PRESENT if not scene.mechanic]


def page(name: str, path: str) -> str:
    """Return the page as this demo person sees it."""
    client = Client()
    client.force_login(User.objects.get(email=f"{name}@example.com"))
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_busy_scenario_fills_the_pages_and_a_second_run_adds_nothing(stripe_sandbox: RunningSandbox) -> None:
    now = timezone.now()
    assert play_busy(now) == len(HISTORY) + len(PRESENT)

    assert Session.objects.filter(state=State.REQUESTED).count() == len(QUEUE) == 5
    assert {session.kind for session in Session.objects.filter(state=State.LIVE)} == {"chat", "video"}
    assert Dispute.objects.filter(outcome="").count() == 1
    assert not Job.objects.filter(attempts__gt=0).exists(), "nothing failed on the way"

    queue = page("mechanic", "/dashboard/queue/")
    for scene in QUEUE:
        assert scene.car[2] in queue
    board = page("support", "/support/")
    for session in Session.objects.filter(state__in=[State.REQUESTED, State.LIVE]):
        assert f"line-{session.id}" in board
    for asked in QUESTIONS:
        assert Conversation.objects.get(topic=asked.topic).topic_words in board
    assert "Answer overdue" in board
    dispute = Session.objects.get(concern=next(scene.concern for scene in HISTORY if scene.is_disputed))
    assert "isputed" in page("support", f"/support/sessions/{dispute.id}/")

    for scene in HISTORY:
        session = Session.objects.get(concern=scene.concern)
        assert (session.state, session.stars) == (State.COMPLETED, scene.stars)
        assert str(session.id) in page(scene.customer, "/dashboard/")
        assert str(session.id) in page(scene.mechanic, "/dashboard/")
        assert scene.summary
        assert scene.summary.findings in page(scene.customer, f"/sessions/{session.id}/summary/")
    assert Movement.objects.filter(state=Movement.State.DONE).exists()
    for scene in PRESENT:
        room = page(scene.customer, f"/sessions/{Session.objects.get(concern=scene.concern).id}/")
        assert f"{scene.photo}.jpg".replace(" ", "-") in room.replace(" ", "-")
        assert all(text in room.replace("&#x27;", "'") for _role, text in scene.lines)

    events = SessionEvent.objects.count()
    assert play_busy(now) == 0
    assert SessionEvent.objects.count() == events
    assert abs(stripe_sandbox.app.store.now() - timezone.now().timestamp()) < 5
