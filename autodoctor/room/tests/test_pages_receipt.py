"""What the ended session says of the money: each part, what is charged of it, and why."""

import pytest

from autodoctor.accounts.models import User
from autodoctor.payments import ledger
from autodoctor.payments.models import Payment
from autodoctor.room.tests.page_story import Reads
from autodoctor.sessions import actions, extending
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.usefixtures("only_the_deadlines_run")


@pytest.fixture
def story(customer: User, mechanic: User) -> Story:
    """Thirty minutes for $9.99."""
    return Story(customer, mechanic)


def extend(story: Story) -> Story:
    """Fifteen minutes more, for $14.99."""
    payment = ledger.open_extension(
        owner_id=story.id,
        payer=story.customer,
        amount_cents=1499,
        currency="usd",
        seconds=900,
        description="+15 minutes",
        keep_card=False,
        return_url="https://example.org/",
        now=story.now,
    )
    Payment.objects.filter(id=payment.id).update(state=Payment.State.AUTHORISED, authorised_at=story.now)
    extending.extend(session_id=story.id, payment_id=payment.id, now=story.now)
    return story


def test_a_session_that_took_place_is_charged_in_full(story: Story, reads: Reads) -> None:
    extend(story.live().wait(minutes=20)).wait(minutes=25)
    shown = reads(story.customer)
    assert story.session.end_reason == "time_up"
    for words in ("Quick Chat", "$9.99", "+15 minutes", "$14.99", "$24.98", "took place in full"):
        assert words in shown


def test_the_time_used_fills_the_booking_first(story: Story, reads: Reads) -> None:
    extend(story.live().wait(minutes=29)).wait(minutes=7)
    story.end(story.mechanic)
    assert "Is your problem solved?" in reads(story.customer)
    actions.answer_solved(session_id=story.id, by=story.customer, solved=False, now=story.now)
    shown = reads(story.customer)
    for words in ("$9.99", "$5.99 of $14.99", "$15.98", "not solved, so only the time you used"):
        assert words in shown
    assert "$24.98" in shown  # held


def test_nothing_for_what_never_began(story: Story, reads: Reads) -> None:
    actions.cancel(session_id=story.pay().id, by=story.customer, now=story.now)
    assert "did not take place, so nothing is charged" in reads(story.customer)


def test_half_for_a_mechanic_who_was_there(story: Story, reads: Reads) -> None:
    story.pay().accept().join(story.mechanic)
    actions.cancel(session_id=story.id, by=story.customer, now=story.now)
    assert "so half of the booking is charged" in reads(story.customer)
