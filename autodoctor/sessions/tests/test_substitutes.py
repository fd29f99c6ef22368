"""Another mechanic goes on with a running session: who may ask, what the clock does, and how the search ends."""

from uuid import uuid4

import pytest

from autodoctor.accounts.models import MechanicProfile, Role, User
from autodoctor.core.errors import Refused
from autodoctor.sessions import end_reasons
from autodoctor.sessions.lifecycle import substitutes, support_actions
from autodoctor.sessions.models import Participant, Session, SessionEvent
from autodoctor.sessions.notify import mail
from autodoctor.sessions.queries import fit
from autodoctor.sessions.queries.substitutes import going_on
from autodoctor.sessions.states import InvalidTransition
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
NOTE = "Plug 3 is out. Look at the coil next."


def asks(story: Story, by: User, note: str = "") -> Session:
    return substitutes.ask_for_substitute(session_id=story.id, by=by, note=note, now=story.now)


def hands_over(story: Story, note: str = NOTE) -> Story:
    asks(story, story.mechanic, note)
    return story


def takes_over(story: Story, mechanic: User) -> Story:
    return story.accept(mechanic).join(mechanic)


def test_a_mechanic_who_has_to_leave_hands_the_session_over_with_a_note(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=10)
    hands_over(story).wait(minutes=3)
    session = story.session
    assert (session.state, session.mechanic_id, session.handover_note) == ("handing_over", None, NOTE)
    assert session.paused_at == story.now.replace(minute=10)
    part = Participant.objects.get(session=session, user=mechanic)
    assert (part.carried_seconds, part.release_reason, part.present) == (600, "leaves", False)
    assert "handing_over" in story.mails()


def test_the_clock_stands_still_until_both_are_there_again(story: Story, mechanic2: User) -> None:
    story.live().wait(minutes=10)
    hands_over(story).wait(minutes=3)
    story.accept(mechanic2).wait(minutes=1)
    assert (story.session.state, story.session.mechanic_id) == ("reconnecting", mechanic2.id)
    assert story.session.paused_at is not None
    story.join(mechanic2)
    assert (story.session.state, story.session.pause_cause) == ("live", "")
    assert story.minutes_since_noon(story.session.ends_at) == 34
    story.wait(minutes=20)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}


def test_a_customer_asks_for_another_mechanic_once_theirs_is_lost_for_a_minute(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=5)
    with pytest.raises(Refused, match="mechanic_here"):
        asks(story, customer)
    story.leave(mechanic).wait(seconds=50)
    with pytest.raises(Refused, match="mechanic_here"):
        asks(story, customer)
    story.wait(seconds=20)
    asks(story, customer)
    assert story.session.state == "handing_over"
    assert Participant.objects.get(session=story.id, user=mechanic).carried_seconds == 300
    assert [event.data["why"] for event in story.events("session.handing_over")] == ["asked"]


def test_asking_twice_changes_nothing(story: Story, customer: User, mechanic: User) -> None:
    story.live().wait(minutes=5)
    hands_over(story)
    before = story.session.seq
    asks(story, mechanic, "again")
    asks(story, customer)
    assert story.session.seq == before


def test_a_note_has_words_and_a_limit(story: Story, mechanic: User) -> None:
    story.live()
    for note, why in ((" \u200b", "no_note"), ("x" * 501, "too_long")):
        with pytest.raises(Refused, match=why):
            asks(story, mechanic, note)
    assert story.session.state == "live"


@pytest.mark.on_postgres
def test_only_the_next_mechanic_and_support_read_the_note(story: Story, mechanic2: User) -> None:
    story.live()
    hands_over(story)
    assert {event.audience for event in SessionEvent.objects.all() if NOTE in str(event.data)} == {"support"}
    (noted,) = story.events("handover.noted")
    assert (noted.audience, noted.data["text"]) == ("support", NOTE)
    assert NOTE not in str(story.session.payload())
    assert going_on([story.session], story.now)[story.id].note == NOTE


def test_a_session_with_its_last_seconds_left_ends_instead(story: Story) -> None:
    story.live().wait(minutes=29, seconds=31)
    hands_over(story)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 982}
    session = story.session
    assert session.ended_by_role == Role.MECHANIC
    assert (end_words(session, Role.CUSTOMER), end_words(session, Role.MECHANIC)) == (
        "Your mechanic had to leave shortly before the end",
        "You left shortly before the end",
    )
    assert (end_reasons.outcome(session, Role.CUSTOMER), end_reasons.outcome(session, Role.MECHANIC)) == (
        "The mechanic had to leave",
        "You had to leave",
    )
    assert "Your mechanic had to leave shortly before the end of" in end_reasons.mail_words(session)


def end_words(session: Session, role: Role) -> str:
    return end_reasons.heading(session, role, cap_seconds=3 * 60 * 60)


def test_a_mechanic_who_is_gone_ends_it_by_nobodys_press(story: Story) -> None:
    story.live().wait(minutes=15).leave(story.mechanic).wait(minutes=6)
    assert (story.session.end_reason, story.session.ended_by_role) == ("mechanic_lost", "")
    assert "connection was lost" in end_words(story.session, Role.CUSTOMER)


def test_once_all_time_is_given_whoever_leaves_ends_it_as_over(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=29)
    story.ask()
    story.wait(minutes=2)
    assert story.session.hold_until is not None
    asks(story, mechanic)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}


def test_a_customer_with_the_last_seconds_left_is_told_to_end(story: Story, customer: User, mechanic: User) -> None:
    story.live().wait(minutes=29, seconds=40)
    story.leave(mechanic).wait(minutes=2)
    with pytest.raises(Refused, match="too_late"):
        asks(story, customer)


def test_before_the_start_and_after_the_end_nothing_is_handed_over(story: Story, mechanic: User) -> None:
    story.pay().accept().join()
    with pytest.raises(InvalidTransition):
        asks(story, mechanic, NOTE)
    story.connect().start().end(story.customer)
    with pytest.raises(InvalidTransition):
        asks(story, mechanic, NOTE)


def test_a_stranger_finds_nothing(story: Story, mechanic2: User) -> None:
    story.live()
    with pytest.raises(Session.DoesNotExist):
        asks(story, mechanic2, NOTE)


@pytest.mark.on_postgres
def test_whoever_left_cannot_take_it_back_and_is_free_for_others(story: Story, mechanic: User, mechanic2: User) -> None:
    story.live()
    hands_over(story)
    with pytest.raises(Refused, match="released_before"):
        story.accept(mechanic)
    assert not fit.queue_of(mechanic, story.now).exists()
    assert list(fit.queue_of(mechanic2, story.now)) == [story.session]
    story.accept(mechanic2)
    with pytest.raises(Session.DoesNotExist):
        story.say(mechanic, "hello")


def test_the_second_of_two_is_told_that_it_is_taken(story: Story, mechanic2: User, mechanic3: User) -> None:
    story.live()
    hands_over(story).accept(mechanic2)
    with pytest.raises(Refused, match="already_taken"):
        story.accept(mechanic3)


@pytest.mark.on_postgres
def test_without_another_mechanic_it_ends_after_ten_minutes(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=15)
    hands_over(story).wait(minutes=9, seconds=59)
    assert story.session.state == "handing_over"
    story.wait(seconds=1)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 499}
    session = story.session
    assert (session.mechanic_id, session.lost["mechanic"]) == (mechanic.id, 600)
    assert Participant.objects.get(session=session, user=mechanic).released_at is None
    story.summarize()


@pytest.mark.on_postgres
def test_a_substitute_who_does_not_come_does_not_prolong_the_search(
    story: Story, mechanic: User, mechanic2: User
) -> None:
    story.live().wait(minutes=15)
    hands_over(story).wait(minutes=7)
    story.accept(mechanic2).wait(minutes=1, seconds=59)
    assert story.session.state == "reconnecting"
    story.wait(seconds=1)
    assert (story.session.state, story.session.mechanic_id) == ("handing_over", None)
    assert not MechanicProfile.objects.get(user=mechanic2).taking_sessions
    story.wait(minutes=1)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 499}
    assert story.session.mechanic_id == mechanic.id


def test_the_customer_may_end_the_search_and_pays_the_used_share(story: Story, customer: User, mechanic: User) -> None:
    story.live().wait(minutes=15)
    hands_over(story).wait(minutes=2)
    story.end(customer)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 499}
    assert story.session.mechanic_id == mechanic.id


def test_the_customer_comes_and_goes_while_another_mechanic_is_looked_for(
    story: Story, customer: User, mechanic2: User
) -> None:
    story.live().wait(minutes=15)
    hands_over(story).leave(customer).wait(minutes=4)
    assert (story.session.state, story.session.pause_cause) == ("handing_over", "mechanic")
    takes_over(story, mechanic2)
    assert (story.session.state, story.session.pause_cause) == ("reconnecting", "customer")
    story.join(customer)
    assert story.session.state == "live"
    assert story.session.lost["mechanic"] == 240


def test_the_new_mechanic_is_the_one_who_can_be_lost_and_replaced_again(
    story: Story, customer: User, mechanic: User, mechanic2: User, mechanic3: User
) -> None:
    story.live().wait(minutes=5)
    hands_over(story)
    takes_over(story, mechanic2).wait(minutes=6).leave(mechanic2).wait(seconds=10)
    asks(story, customer)
    takes_over(story, mechanic3).wait(minutes=19)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    carried = dict(Participant.objects.filter(role="mechanic").values_list("user__email", "carried_seconds"))
    assert carried == {mechanic.email: 300, mechanic2.email: 360, mechanic3.email: 0}


def test_support_is_alerted_at_once(story: Story) -> None:
    story.live()
    hands_over(story).wait(seconds=1)
    assert story.rules() == ["substitute.needed"]


def test_support_hands_over_to_somebody(story: Story, support: User, mechanic: User, mechanic2: User) -> None:
    story.live().wait(minutes=3)
    token = uuid4()
    for _ in range(2):
        support_actions.substitute(
            session_id=story.id, by=support, reason="ill", mechanic_id=mechanic2.id, now=story.now, token=token
        )
    assert (story.session.state, story.session.mechanic_id) == ("reconnecting", mechanic2.id)
    assert "assigned" in story.mails()
    assert Participant.objects.get(user=mechanic).carried_seconds == 180


def test_support_looks_for_anybody(story: Story, support: User) -> None:
    story.live().wait(minutes=3)
    support_actions.substitute(session_id=story.id, by=support, reason="ill", now=story.now)
    assert story.session.state == "handing_over"
    assert [event.data["reason"] for event in story.events("support.handed_over")] == ["ill"]


def test_an_assignment_that_fails_leaves_the_mechanic_where_they_are(
    story: Story, support: User, mechanic: User, customer: User
) -> None:
    story.live().wait(minutes=3)
    with pytest.raises(Refused, match="not_free"):
        support_actions.substitute(
            session_id=story.id, by=support, reason="ill", mechanic_id=customer.id, now=story.now
        )
    assert (story.session.state, story.session.mechanic_id) == ("live", mechanic.id)


def test_nothing_is_sold_while_nobody_is_there(story: Story) -> None:
    story.live()
    hands_over(story)
    with pytest.raises(Refused, match="no_mechanic"):
        story.ask()


def test_an_extension_that_is_paid_meanwhile_is_given(story: Story, mechanic2: User) -> None:
    story.live().wait(minutes=10)
    extension = story.ask(minutes=15)
    hands_over(story).hold(extension).extend(extension)
    takes_over(story, mechanic2)
    assert story.session.granted_seconds == 45 * 60
    assert story.minutes_since_noon(story.session.ends_at) == 45


@pytest.mark.on_postgres
def test_what_fails_in_the_middle_changes_nothing(
    story: Story, mechanic: User, mechanic2: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_given: object, **_more: object) -> None:
        raise ConnectionError

    story.live().wait(minutes=5)
    before = story.session.seq
    monkeypatch.setattr(mail, "queue_mail", dies)
    with pytest.raises(ConnectionError):
        hands_over(story)
    assert (story.session.state, story.session.mechanic_id, story.session.seq) == ("live", mechanic.id, before)
    assert Participant.objects.get(session=story.id, user=mechanic).released_at is None
    monkeypatch.undo()
    hands_over(story)
    monkeypatch.setattr(mail, "queue_mail", dies)
    with pytest.raises(ConnectionError):
        story.accept(mechanic2)
    assert (story.session.state, story.session.mechanic_id) == ("handing_over", None)
    monkeypatch.undo()
    takes_over(story, mechanic2)
    assert story.session.state == "live"


def test_an_outage_ends_the_search_once_and_at_its_moment(story: Story) -> None:
    story.live().wait(minutes=15)
    hands_over(story).outage(minutes=60)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 499}
    assert story.minutes_since_noon(story.session.ended_at) == 25
    before = story.session.seq
    story.outage(minutes=10)
    assert story.session.seq == before
