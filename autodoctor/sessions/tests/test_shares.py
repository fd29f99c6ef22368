"""A session that changed hands: each mechanic earns their seconds, and the shares add up to the cent."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.payments import books
from autodoctor.payments.models import Earning, Payment
from autodoctor.sessions.lifecycle import closing
from autodoctor.sessions.models import Participant
from autodoctor.sessions.rules import settlement, shares
from autodoctor.sessions.tests.story import Story
from autodoctor.sessions.tests.test_substitutes import hands_over, takes_over
from tests.kit.examples import examples

pytestmark = pytest.mark.django_db


def test_everybody_earns_by_their_seconds(story: Story, mechanic: User, mechanic2: User) -> None:
    story.live().wait(minutes=10)
    hands_over(story)
    takes_over(story, mechanic2).wait(minutes=20)
    Payment.objects.update(state="captured", captured_cents=999)
    closing.credit_earning(session_id=story.id, now=story.now)
    found = {earning.mechanic_id: earning for earning in Earning.objects.all()}
    assert (found[mechanic.id].gross_cents, found[mechanic2.id].gross_cents) == (333, 666)
    assert (found[mechanic.id].share_cents, found[mechanic2.id].share_cents) == (233, 466)
    assert sum(earning.share_cents for earning in found.values()) == 999 * 70 // 100
    assert (found[mechanic.id].awaits_summary, found[mechanic2.id].awaits_summary) == (False, True)


def test_whoever_carries_an_extension_earns_it(story: Story, mechanic: User, mechanic2: User) -> None:
    story.live().wait(minutes=10)
    extension = story.ask(minutes=15, cents=1499)
    story.hold(extension).extend(extension).wait(minutes=20)
    hands_over(story)
    takes_over(story, mechanic2).wait(minutes=15)
    assert story.session.end_reason == "time_up"
    Payment.objects.filter(purpose="booking").update(state="captured", captured_cents=999)
    Payment.objects.filter(id=extension.id).update(state="captured", captured_cents=1499)
    closing.credit_earning(session_id=story.id, now=story.now)
    earned = {(row.payment.purpose, row.mechanic_id): row.gross_cents for row in Earning.objects.all()}
    assert earned == {("booking", mechanic.id): 999, ("extension", mechanic2.id): 1499}


@pytest.mark.on_postgres
@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 500)), max_size=2), st.integers(0, 30), st.integers(0, 999)
)
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_hand_overs_divide_the_used_time_and_the_charge(
    stints: list[tuple[int, int]], extended: int, rest: int
) -> None:
    """However often it changes hands: every used second is somebody's, and every cent of the shares, too."""
    with transaction.atomic():
        people = [_person(f"m{number}@example.org") for number in range(3)]
        story = Story(_person("c@example.org", works=False), people[0]).live()
        if extended:
            payment = story.ask(minutes=15)
            story.hold(payment).extend(payment)
        for number, (carries, searches) in enumerate(stints):
            story.mechanic = people[number]
            story.wait(seconds=carries)
            hands_over(story).wait(seconds=searches)
            takes_over(story, people[number + 1])
        story.wait(seconds=rest)
        if story.session.state != "completed":
            story.end(story.customer)
        _is_shared_out(story)
        transaction.set_rollback(True)


def _is_shared_out(story: Story) -> None:
    session, payments = story.session, list(Payment.objects.filter(owner_id=story.id))
    parts = list(Participant.objects.filter(session=session, role="mechanic"))
    carried = shares.carried(session, parts)
    assert sum(seconds for _id, seconds in carried) == settlement.used_seconds(session)
    due = settlement.amounts_due(session, payments)
    for payment in payments:
        state = "captured" if due[payment.id] else "released"
        Payment.objects.filter(id=payment.id).update(state=state, captured_cents=due[payment.id])
    closing.credit_earning(session_id=story.id, now=story.now)
    for payment in payments:
        earned = sum(earning.share_cents for earning in Earning.objects.filter(payment=payment))
        assert earned == due[payment.id] * 70 // 100
    assert books.unexplained() == []


def _person(email: str, *, works: bool = True) -> User:
    person = User.objects.create_user(email, None, name=email)
    if works:
        MechanicProfile.objects.create(
            user=person, headline="h", years_experience=1, skills="s", state="approved", taking_sessions=True
        )
    return person
