"""A mechanic who lets three requests in a row pass is switched off; honestly counted."""

from datetime import timedelta

import pytest

from autodoctor.accounts.actions import set_taking_sessions
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import endings, releases
from autodoctor.sessions.tests.story import NOON, Story

pytestmark = pytest.mark.django_db


def profile(mechanic: User) -> MechanicProfile:
    return MechanicProfile.objects.get(user=mechanic)


def missed(mechanic: User) -> int:
    return profile(mechanic).missed_requests


@pytest.fixture
def at_noon(customer: User, mechanic: User, mechanic2: User) -> "RequestsInARow":
    return RequestsInARow(customer, mechanic)


class RequestsInARow:
    """Makes requests one after the other, each beginning at the end of the previous one."""

    def __init__(self, customer: User, mechanic: User) -> None:
        self.customer, self.mechanic, self.now = customer, mechanic, NOON

    def one(self) -> Story:
        story = Story(self.customer, self.mechanic)
        story.now = self.now
        return story.pay()

    def passes(self, minutes: float = 3) -> Story:
        """Let a request wait for this time, then cancel it."""
        story = self.one().wait(minutes=minutes)
        endings.cancel_session(session_id=story.id, by=self.customer, now=story.now)
        self.now = story.now + timedelta(minutes=1)
        return story


def test_three_missed_requests_in_a_row_stop_a_mechanic_from_taking_sessions(
    at_noon: RequestsInARow, mechanic: User, mechanic2: User
) -> None:
    at_noon.passes()
    at_noon.passes()
    assert (missed(mechanic), profile(mechanic).taking_sessions) == (2, True)
    story = at_noon.one().wait(minutes=2, seconds=59)
    assert profile(mechanic).taking_sessions
    story.wait(seconds=1)
    off = profile(mechanic)
    assert (off.taking_sessions, off.missed_requests, off.switched_off_at) == (False, 0, story.now)
    mails = Job.objects.filter(kind="mail.send", payload__template="sessions/mail/switched_off")
    assert mails.count() == 2  # the other one missed them all as well
    (told,) = story.events("request.missed")
    assert told.audience == "support"
    assert set(told.data["switched_off"]) == set(told.data["concerns"]) == {str(mechanic.id), str(mechanic2.id)}


def test_a_request_accepted_in_time_is_no_miss(at_noon: RequestsInARow, mechanic: User, mechanic2: User) -> None:
    at_noon.one().wait(minutes=2, seconds=59).accept(mechanic2).wait(minutes=2)
    assert (missed(mechanic), missed(mechanic2)) == (0, 0)


def test_a_request_accepted_late_is_missed_by_the_other_mechanics(
    at_noon: RequestsInARow, mechanic: User, mechanic2: User
) -> None:
    at_noon.one().wait(minutes=4).accept(mechanic2)
    assert (missed(mechanic), missed(mechanic2)) == (1, 0)  # an acceptance begins anew


def test_an_acceptance_resets_the_missed_requests_of_a_mechanic(at_noon: RequestsInARow, mechanic: User) -> None:
    at_noon.passes()
    at_noon.passes()
    story = at_noon.one().accept(mechanic)
    releases.release_request(session_id=story.id, by=mechanic, reason="x", now=story.now)
    at_noon.now = story.now + timedelta(hours=1)
    at_noon.passes()
    assert missed(mechanic) == 1


def test_a_mechanic_who_was_not_free_missed_nothing(
    at_noon: RequestsInARow, mechanic: User, mechanic2: User, stranger: User
) -> None:
    theirs = Story(stranger, mechanic).pay().accept(mechanic)
    story = at_noon.one().wait(minutes=1)
    endings.cancel_session(session_id=theirs.id, by=stranger, now=story.now)  # from here on free
    set_taking_sessions(mechanic=mechanic2, taking=False, now=story.now)
    set_taking_sessions(mechanic=mechanic2, taking=True, now=story.now)  # from here on taking
    story.wait(minutes=5)
    assert (missed(mechanic), missed(mechanic2)) == (0, 0)


def test_a_blocked_mechanic_misses_nothing(at_noon: RequestsInARow, mechanic: User, mechanic2: User) -> None:
    """Their summary has been overdue for a day."""
    story = at_noon.one().accept(mechanic).join().start().end(mechanic)
    at_noon.now = story.now + timedelta(hours=48)
    at_noon.passes()
    assert (missed(mechanic), missed(mechanic2)) == (0, 1)


def test_mechanics_miss_no_request_during_an_outage_of_the_platform(at_noon: RequestsInARow, mechanic: User) -> None:
    at_noon.one().outage(minutes=15)
    assert missed(mechanic) == 0


def test_a_request_that_comes_back_is_not_counted_again(at_noon: RequestsInARow, mechanic: User) -> None:
    other = User.objects.get(email="mechanic2@example.com")
    at_noon.one().wait(minutes=2).accept(other).wait(minutes=5).wait(minutes=5)
    assert missed(mechanic) == 0


def test_taking_sessions_again_resets_the_missed_requests_of_a_mechanic(
    at_noon: RequestsInARow, mechanic: User
) -> None:
    at_noon.passes()
    for taking in (False, True):
        set_taking_sessions(mechanic=mechanic, taking=taking, now=at_noon.now)
    assert missed(mechanic) == 0


def test_the_dashboard_tells_a_mechanic_switched_off_for_missed_requests(client_of: object, mechanic: User) -> None:
    MechanicProfile.objects.filter(user=mechanic).update(taking_sessions=False, switched_off_at=NOON)
    client = client_of(mechanic)  # type: ignore[operator]
    assert "You are no longer taking sessions." in client.get("/dashboard/summaries/").content.decode()
    client.post("/mechanics/taking-sessions/", {"taking": "on"})
    assert "You are no longer taking sessions." not in client.get("/dashboard/").content.decode()
    assert profile(mechanic).taking_sessions
