"""The pages after `bin/dev --scenario busy`."""

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.conversations.models import Conversation
from autodoctor.dev_scenario import play_busy
from autodoctor.dev_scenes import HISTORY, PRESENT, QUESTIONS, RECENT
from autodoctor.payments.models import Dispute, Movement
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import State
from autodoctor.transcripts.models import Piece
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
    assert play_busy(now) == len(HISTORY) + len(RECENT) + len(PRESENT)

    assert Session.objects.filter(state=State.REQUESTED).count() == len(QUEUE) == 5
    assert {session.kind for session in Session.objects.filter(state=State.LIVE)} == {"chat", "video"}
    assert Dispute.objects.filter(outcome="").count() == 1
    assert not Job.objects.filter(attempts__gt=0).exists(), "nothing failed on the way"
    _the_queue_and_the_board_are_full()
    _the_history_is_told()
    _what_was_said_is_proposed_for_the_summary()
    _another_mechanic_has_gone_on()
    _the_present_goes_on()

    events = SessionEvent.objects.count()
    assert play_busy(now) == 0
    assert SessionEvent.objects.count() == events
    assert abs(stripe_sandbox.app.store.now() - timezone.now().timestamp()) < 5


def _the_queue_and_the_board_are_full() -> None:
    queue = page("mechanic", "/dashboard/queue/")
    for scene in QUEUE:
        assert scene.car[2] in queue
    assert "Asked for you" in queue
    assert "Asked for you" not in page("mechanic2", "/dashboard/queue/")
    board = page("support", "/support/")
    for session in Session.objects.filter(state__in=[State.REQUESTED, State.LIVE]):
        assert f"line-{session.id}" in board
    for asked in QUESTIONS:
        assert Conversation.objects.get(topic=asked.topic).topic_words in board
    assert "Answer overdue" in board
    dispute = Session.objects.get(concern=next(scene.concern for scene in HISTORY if scene.is_disputed))
    assert "isputed" in page("support", f"/support/sessions/{dispute.id}/")


def _the_history_is_told() -> None:
    for scene in HISTORY:
        session = Session.objects.get(concern=scene.concern)
        assert (session.state, session.stars) == (State.COMPLETED, scene.stars)
        assert str(session.id) in page(scene.customer, "/dashboard/")
        assert str(session.id) in page(scene.mechanic, "/dashboard/")
        if scene.question:
            assert scene.question in page(scene.mechanic, f"/sessions/{session.id}/question/")
            assert f"/sessions/{session.id}/question/" in page(scene.mechanic, "/dashboard/")
        assert scene.summary
        assert scene.summary.findings in page(scene.customer, f"/sessions/{session.id}/summary/")
    assert Movement.objects.filter(state=Movement.State.DONE).exists()


def _what_was_said_is_proposed_for_the_summary() -> None:
    (scene,) = RECENT
    session = Session.objects.get(concern=scene.concern)
    assert (session.state, session.summarized_at) == (State.COMPLETED, None)
    transcript = page(scene.customer, f"/sessions/{session.id}/transcript/")
    assert all(text in transcript for _role, text in scene.spoken)
    form = page(scene.mechanic, f"/sessions/{session.id}/summary/")
    for proposed in ("The drive belt is cracked", "We checked the tension", "You should replace the drive belt"):
        assert proposed in form
    assert f"/sessions/{session.id}/summary/" in page(scene.mechanic, "/dashboard/")
    assert not Piece.objects.exists()


def _another_mechanic_has_gone_on() -> None:
    (scene,) = (scene for scene in PRESENT if scene.goes_on)
    assert scene.goes_on
    session = Session.objects.get(concern=scene.concern)
    room = page(scene.goes_on.mechanic, f"/sessions/{session.id}/")
    assert scene.goes_on.note in room
    assert all(text in room for _role, text in (*scene.lines, *scene.goes_on.lines))
    assert "had the session until" in page("support", f"/support/sessions/{session.id}/")


def _the_present_goes_on() -> None:
    for scene in PRESENT:
        room = page(scene.customer, f"/sessions/{Session.objects.get(concern=scene.concern).id}/")
        assert f"{scene.photo}.jpg".replace(" ", "-") in room.replace(" ", "-")
        assert all(text in room.replace("&#x27;", "'") for _role, text in scene.lines)
