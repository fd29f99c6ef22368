"""A press that charges a customer, made after the amount that it showed has grown: 409, the new one, no charge."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.sessions.models import Participant
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
HALF, USED, FULL = 499, 333, 999  # cents: of a late cancellation, of ten minutes of thirty, of all


@dataclass(frozen=True)
class Press:
    """`reach` is how a session comes there; the page showed `shown`, the press costs `now`."""

    reach: Callable[[Story], object]
    form: dict[str, str]
    body: dict[str, Any]
    shown: int
    now: int
    path: str

    def fields(self, cents: int) -> dict[str, str]:
        return {name: value.format(cents=cents) for name, value in self.form.items()}


def mechanic_has_worked(story: Story) -> None:
    story.pay().accept().join(story.mechanic)
    Participant.objects.filter(user=story.mechanic).update(in_since=timezone.now() - timedelta(minutes=2))


def mechanic_is_back(story: Story) -> None:
    """The page showed the used share, without a standing offer the full price is due."""
    story.live().wait(minutes=10)


def mechanic_ends(story: Story) -> None:
    story.live().wait(minutes=10).end(story.mechanic)


SHOWN = {"shown_cents": "{cents}"}
PRESSES = {
    "cancel": Press(mechanic_has_worked, SHOWN, {}, 0, HALF, "cancel"),
    "end": Press(mechanic_is_back, SHOWN, {}, USED, FULL, "end"),
    "it is solved": Press(
        mechanic_ends, {"solved": "yes", "shown_cents_yes": "{cents}"}, {"solved": True}, USED, FULL, "solved"
    ),
    "it is not solved": Press(
        mechanic_ends, {"solved": "no", "shown_cents_no": "{cents}"}, {"solved": False}, USED - 1, USED, "solved"
    ),
}


@pytest.fixture
def story(customer: User, mechanic: User, settings: Settings) -> Story:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"
    story = Story(customer, mechanic)
    story.now = timezone.now() - timedelta(minutes=11)
    return story


@pytest.mark.parametrize("by", ["form", "api"])
@pytest.mark.parametrize("press", PRESSES.values(), ids=PRESSES.keys())
def test_a_press_on_an_amount_that_has_grown_says_the_new_one_and_does_nothing(
    story: Story, client_of: Callable[[User], Client], press: Press, by: str
) -> None:
    press.reach(story)
    client, before = client_of(story.customer), story.session

    def pressed(cents: int) -> Any:
        if by == "form":
            path = f"/sessions/{story.id}/{press.path}/"
            return client.post(path, press.fields(cents), headers={"Accept": "application/json"})
        body = press.body | {"shown_cents": cents}
        return client.post(f"/api/sessions/{story.id}/{press.path}", body, content_type="application/json")

    refused = pressed(press.shown)
    assert (refused.status_code, refused.json()["error"], refused.json()["cents"]) == (409, "price_grew", press.now)
    assert f"${press.now / 100:.2f}" in refused.json()["detail"]
    assert (story.session.state, story.session.solved, story.payment.due_cents) == (before.state, before.solved, None)
    assert pressed(press.now).status_code == 200
    assert story.payment.due_cents == press.now
