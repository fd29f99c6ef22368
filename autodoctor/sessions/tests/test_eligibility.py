"""Eligibility: mechanics blocked for one reason each, in every place that asks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from autodoctor.accounts import actions as accounts
from autodoctor.accounts.actions import ban_user
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.push.models import PushSubscription
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import support_actions
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.queries.eligibility import Obstacle
from autodoctor.sessions.tests.story import NOON, Story
from autodoctor.support.case_file import Case

pytestmark = pytest.mark.django_db
EVERYWHERE = {"push", "support's list", "support assigns", "missed", "queue", "queue by the API", "room", "accept"}
ELIGIBLE = {
    "free": EVERYWHERE,
    "switched off": set(),
    "not approved": set(),
    "banned": set(),
    "staff": set(),
    "own request": set(),
    "asked of another": set(),
    "released before": set(),
    "summary overdue": set(),
    "in a session": set(),
}
Scenes = Callable[[str], "Scene"]


class Scene:
    """A request, a mechanic who is blocked for one reason, and another customer."""

    def __init__(self, reason: str, mechanic: User, customer: User, stranger: User) -> None:
        self.mechanic, self.stranger = mechanic, stranger
        self.story = Story(mechanic if reason == "own request" else customer, mechanic)
        self._block(reason)
        self.device = PushSubscription.objects.create(
            user=self.mechanic, endpoint="https://push.example/1", p256dh="", auth="", browser="", created_at=NOON
        )
        self.story.pay()

    def _block(self, reason: str) -> None:
        profile = MechanicProfile.objects.filter(user=self.mechanic)
        match reason:
            case "switched off":
                profile.update(taking_sessions=False)
            case "not approved":
                profile.update(state=MechanicProfile.State.APPLIED)
            case "banned":
                ban_user(user=self.mechanic, now=NOON)
                profile.update(taking_sessions=True)
            case "staff":
                User.objects.filter(pk=self.mechanic.pk).update(is_staff=True)
            case "in a session":
                Story(self.stranger, self.mechanic).pay().accept()
            case "summary overdue":
                over = Story(self.stranger, self.mechanic).live().end(self.stranger)
                Session.objects.filter(pk=over.id).update(ended_at=NOON - timedelta(hours=48))
            case _:
                self._keep_from_request(reason)
        self.mechanic = User.objects.get(pk=self.mechanic.pk)

    def _keep_from_request(self, reason: str) -> None:
        if reason == "asked of another":
            self.story.asks_for(User.objects.get(email="mechanic2@example.com"), minutes=20)
        if reason == "released before":
            Participant.objects.create(
                session=self.story.session, user=self.mechanic, role="mechanic", released_at=NOON
            )

    def places(self, support: User, client: Client) -> set[str]:
        """Return the places that consider this mechanic eligible."""
        run_due(self.story.now)
        found = {
            "push": Job.objects.filter(kind="push.send", key=f"{self.device.id}:{self.story.id}:request").exists(),
            "support's list": Case(self.story.session, NOON).takers == [self.mechanic],
            "support assigns": works(lambda: self.assign(support)),
            "queue": self.may_press_accept(client),
            "queue by the API": self.is_listed(client),
            "room": self.may_accept_in_the_room(client),
            "accept": works(lambda: self.story.accept(self.mechanic)),
        }
        missed = self.story.wait(minutes=3).events("request.missed")  # while it is private nobody can miss it
        found["missed"] = bool(missed) and missed[0].data["missed"] == [str(self.mechanic.id)]
        return {place for place, eligible in found.items() if eligible}

    def assign(self, support: User) -> None:
        support_actions.assign(
            session_id=self.story.id, by=support, mechanic_id=self.mechanic.id, reason="Quicker", now=NOON
        )

    def may_press_accept(self, client: Client) -> bool:
        client.force_login(self.mechanic)
        page = client.get("/dashboard/queue/").content.decode()
        button = page.partition(f'formaction="/sessions/{self.story.id}/accept/"')[2].partition(">")[0]
        return bool(button) and "disabled" not in button

    def is_listed(self, client: Client) -> bool:
        client.force_login(self.mechanic)
        answer = client.get("/api/queue")
        return answer.status_code == 200 and str(self.story.id) in {one["id"] for one in answer.json()}

    def may_accept_in_the_room(self, client: Client) -> bool:
        client.force_login(self.mechanic)
        page = client.get(f"/sessions/{self.story.id}/").content.decode()
        return f'formaction="/sessions/{self.story.id}/accept/"' in page


def works(action: Callable[[], object]) -> bool:
    """Return whether the action is allowed; roll it back."""
    try:
        with transaction.atomic():
            action()
            transaction.set_rollback(True)
    except (Refused, Session.DoesNotExist):
        return False
    return True


@pytest.fixture
def scene_of(mechanic: User, customer: User, stranger: User, request: pytest.FixtureRequest) -> Scenes:
    def scene(reason: str) -> Scene:
        if reason == "asked of another":
            request.getfixturevalue("mechanic2")
        return Scene(reason, mechanic, customer, stranger)

    return scene


def test_a_mechanic_who_is_switched_off_reads_what_to_do(scene_of: Scenes) -> None:
    """Also on a page from before they were switched off, and by the API."""
    scene = scene_of("switched off")
    with pytest.raises(Refused, match="not_taking") as refused:
        scene.story.accept(scene.mechanic)
    assert refused.value.detail == (
        "You are not taking sessions. Switch “Taking sessions” on, then accept the request."
    )
    accounts.set_taking_sessions(mechanic=scene.mechanic, taking=True, now=NOON)
    scene.story.accept(scene.mechanic)


def test_each_obstacle_has_words_for_support() -> None:
    assert set(support_actions.OBSTACLES) == set(Obstacle)


@pytest.mark.parametrize("reason", ELIGIBLE)
def test_every_place_agrees_on_who_is_eligible(reason: str, scene_of: Scenes, support: User, client: Client) -> None:
    assert scene_of(reason).places(support, client) == ELIGIBLE[reason]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("summary overdue", "Morgan Mechanic has an overdue summary. Choose another mechanic."),
        ("switched off", "Morgan Mechanic is not taking sessions. Choose another mechanic."),
        ("in a session", "Morgan Mechanic already has a session. Choose another mechanic."),
    ],
)
def test_support_reads_why_a_mechanic_cannot_be_assigned(
    reason: str, words: str, scene_of: Scenes, support: User
) -> None:
    with pytest.raises(Refused, match="not_free") as refused:
        scene_of(reason).assign(support)
    assert refused.value.detail == words
