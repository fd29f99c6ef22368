"""The charge on the page of an ended session: each part, and the reason."""

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.payments import ledger
from autodoctor.payments.models import Dispute, Payment
from autodoctor.room.tests.page_story import ClientOf, Reads
from autodoctor.sessions.lifecycle import endings, extensions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import EndReason
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
    Payment.objects.filter(id=payment.id).update(state=Payment.State.AUTHORIZED, authorized_at=story.now)
    extensions.apply_extension(session_id=story.id, payment_id=payment.id, now=story.now)
    return story


def test_a_session_that_took_place_is_charged_in_full(story: Story, reads: Reads) -> None:
    extend(story.live().wait(minutes=20)).wait(minutes=25)
    shown = reads(story.customer)
    assert story.session.end_reason == "time_up"
    for words in ("Quick Chat", "$9.99", "+15 minutes", "$14.99", "$24.98", "lasted its full time"):
        assert words in shown


def test_what_a_bank_took_back_stands_below_the_charge(story: Story, reads: Reads) -> None:
    story.live().wait(minutes=30)
    paid = {"state": Payment.State.CAPTURED, "captured_cents": 999, "disputed_at": story.now}
    Payment.objects.filter(owner_id=story.id).update(**paid)
    facts = {"stripe_id": "du_1", "amount_cents": 999, "currency": "usd", "reason": "fraudulent", "status": "lost"}
    Dispute.objects.create(payment=story.payment, outcome=Dispute.Outcome.LOST, opened_at=story.now, **facts)
    assert "Returned by your bank $9.99" in reads(story.customer)


def test_the_receipt_takes_the_used_time_from_the_booking_first(story: Story, reads: Reads) -> None:
    extend(story.live().wait(minutes=29)).wait(minutes=7)
    story.end(story.mechanic)
    assert "Is your problem solved?" in reads(story.customer)
    endings.answer_solved(session_id=story.id, by=story.customer, solved=False, now=story.now)
    shown = reads(story.customer)
    for words in ("$9.99", "$5.99 of $14.99", "$15.98", "not solved. Only the time used"):
        assert words in shown
    assert "$24.98" in shown  # held


def test_a_session_canceled_before_acceptance_is_not_charged(story: Story, reads: Reads) -> None:
    endings.cancel_session(session_id=story.pay().id, by=story.customer, now=story.now)
    assert "did not take place. Nothing is charged" in reads(story.customer)


def test_a_session_canceled_while_its_mechanic_waits_is_charged_half(story: Story, reads: Reads) -> None:
    story.pay().accept().join(story.mechanic).wait(minutes=2)
    endings.cancel_session(session_id=story.id, by=story.customer, now=story.now)
    assert "Half of the booking is charged" in reads(story.customer)


def became_chat(story: Story) -> Story:
    """Return a session booked as a call for $9.99 that became a chat for $4.99."""
    Session.objects.filter(id=story.id).update(kind="chat", chat_price_cents=499)
    return story


def test_a_chat_that_was_booked_as_a_call_costs_its_price_as_agreed(story: Story, reads: Reads) -> None:
    became_chat(story.live()).wait(minutes=30)
    shown = reads(story.customer)
    for words in ("You agreed to the chat price", "Charged $4.99", "Released $5.00"):
        assert words in shown
    assert "The full price is charged" not in shown


def test_a_solved_call_turned_chat_is_charged_the_chat_price_and_given_extensions(story: Story, reads: Reads) -> None:
    """The charge is the chat's own price, without time that was never given, and not the hold."""
    extend(became_chat(story.live().wait(minutes=10)))
    late = story.ask()
    story.hold(late).end(story.mechanic)
    shown = reads(story.customer)
    assert "Yes, solved $19.98 is charged" in shown  # 4.99 and 14.99
    endings.answer_solved(session_id=story.id, by=story.customer, solved=True, now=story.now)
    assert "Charged $19.98" in reads(story.customer)


def test_the_receipt_of_a_chat_does_not_charge_an_extension_paid_too_late(story: Story, reads: Reads) -> None:
    became_chat(story.live()).wait(minutes=29)
    late = story.ask()
    story.hold(late).end(story.customer)
    shown = reads(story.customer)
    assert "The extensions are charged in full" not in shown
    assert "An extension that was paid too late is not charged." in shown
    assert "Charged $4.99" in shown


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("mechanic_lost", "Your mechanic lost the connection. Only the time used"),
        ("exceeded_3h_limit", "reached the maximum length. Only the time used"),
    ],
)
def test_the_receipt_names_the_lost_connection(story: Story, reads: Reads, reason: str, words: str) -> None:
    story.live().wait(minutes=10)
    with session_transaction(story.id, story.now) as state:
        endings.complete_session(state, EndReason(reason), at=story.now)
    assert words in reads(story.customer)


def end_dialog(client: Client, story: Story) -> str:
    page = client.get(f"/sessions/{story.id}/").content.decode()
    return page.split('id="end-dialog"')[1].split("</dialog>")[0]


def test_the_price_of_ending_includes_extensions(story: Story, client_of: ClientOf) -> None:
    extend(story.live().wait(minutes=29))
    assert "We charge the full $24.98" in end_dialog(client_of(story.customer), story)
    story.wait(minutes=10).leave(story.mechanic).wait(minutes=4)
    assert "of the $24.98 held" in end_dialog(client_of(story.customer), story)


def test_the_mechanic_may_end_without_loss_while_the_end_waits(story: Story, client_of: ClientOf) -> None:
    story.live().wait(minutes=29)
    story.ask()
    story.wait(minutes=1.1)
    assert "pays the full price" in end_dialog(client_of(story.mechanic), story)
    assert "You can no longer extend the session. We charge $9.99" in end_dialog(client_of(story.customer), story)
