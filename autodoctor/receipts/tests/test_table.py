"""Every row of the charge table: ledger row, events, words and mail."""

from collections.abc import Callable

import pytest
from django.test import Client

from autodoctor.payments.models import Payment
from autodoctor.receipts.receipt import Receipt
from autodoctor.receipts.tests.cashier import Cashier
from autodoctor.sessions.lifecycle import endings
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import EndReason
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
CAPTURED, RELEASED = Payment.State.CAPTURED, Payment.State.RELEASED


def ends(reason: str, *, pressed: bool = False) -> Callable[[Cashier], object]:
    def act(cashier: Cashier) -> None:
        cashier.live().wait(minutes=12)
        with session_transaction(cashier.id, cashier.now) as state:
            who = event_log.actor(cashier.mechanic, state.session) if pressed else None
            endings.complete_session(state, EndReason(reason), at=cashier.now, who=who)

    return act


def answered(solved: bool) -> Callable[[Cashier], object]:
    def act(cashier: Cashier) -> None:
        cashier.live().wait(minutes=12).end(cashier.mechanic)
        endings.answer_solved(session_id=cashier.id, by=cashier.customer, solved=solved, now=cashier.now)

    return act


def cancels(cashier: Story) -> None:
    endings.cancel_session(session_id=cashier.id, by=cashier.customer, now=cashier.now)


# end reason, cents charged, sentence
TABLE: dict[str, tuple[Callable[[Cashier], object], int, str]] = {
    "cancelled before": (lambda story: cancels(story.pay()), 0, "Nothing is charged"),
    "unattended": (lambda story: story.pay().wait(minutes=21), 0, "Nothing is charged"),
    "cancelled late": (
        lambda story: cancels(story.pay().accept().join(story.mechanic).wait(minutes=2)),
        499,
        "Half of the booking",
    ),
    "customer no show": (
        lambda story: story.pay().accept().join(story.mechanic).wait(minutes=11),
        499,
        "Half of the booking",
    ),
    "time up": (lambda story: story.live().wait(minutes=31), 999, "lasted its full time"),
    "ended by customer": (
        lambda story: story.live().wait(minutes=12).end(story.customer),
        999,
        "You ended the session. The full price",
    ),
    "customer lost": (ends("customer_lost"), 999, "waited for you until the end"),
    "solved": (answered(True), 999, "counts as solved"),
    "not solved": (answered(False), 399, "Only the time used"),
    "no answer": (
        lambda story: story.live().wait(minutes=12).end(story.mechanic).wait(minutes=24 * 60 + 1),
        999,
        "as solved",
    ),
    "mechanic left": (ends("mechanic_lost", pressed=True), 399, "had to leave shortly before the end. Only the time"),
    "mechanic lost": (ends("mechanic_lost"), 399, "lost the connection. Only the time used"),
    "three hours": (ends("exceeded_3h_limit"), 399, "maximum length. Only the time used"),
    "support": (ends("ended_by_support"), 399, "Support ended the session. Only the time used"),
}


@pytest.mark.parametrize(("comes_about", "cents", "words"), TABLE.values(), ids=TABLE)
def test_a_charge_has_its_row_its_events_and_one_mail(
    cashier: Cashier, comes_about: Callable[[Cashier], object], cents: int, words: str
) -> None:
    comes_about(cashier)
    cashier.letters()
    cashier.bank_acts()
    assert (cashier.payment.state, cashier.payment.captured_cents) == (CAPTURED if cents else RELEASED, cents)
    assert [event.kind for event in cashier.events(f"payment.{cashier.payment.state}", "receipt.issued")] == [
        f"payment.{cashier.payment.state}",
        "receipt.issued",
    ]
    (letter,) = cashier.letters()
    assert letter.to == [cashier.customer.email]
    assert letter.subject == ("Your receipt: nothing was charged" if not cents else f"Your receipt: ${cents / 100:.2f}")
    assert words in str(letter.body)
    assert "Visa 4242" in str(letter.body)
    ((name, content, kind),) = letter.attachments
    assert (name, kind) == (f"receipt-{cashier.issued.number}.pdf", "application/pdf")
    assert isinstance(content, bytes)
    assert content.startswith(b"%PDF-")


@pytest.mark.parametrize("solved", [True, False])
@pytest.mark.parametrize("reason", EndReason)
def test_every_end_has_its_sentence(reason: EndReason, solved: bool) -> None:
    receipt = Receipt(Session(kind="video", end_reason=reason, solved=solved), [])
    assert receipt.why.endswith("charged.")


def test_an_early_end_asks_with_what_each_answer_costs(cashier: Cashier) -> None:
    cashier.live().wait(minutes=12)
    cashier.adds().wait(minutes=3)
    cashier.letters()
    cashier.end(cashier.mechanic)
    (letter,) = cashier.letters()
    page = f"http://localhost:8000/sessions/{cashier.id}/"
    assert letter.subject == "Is your problem solved?"
    for words in (
        f"Yes, solved ($24.98 is charged): {page}#solved-yes",
        f"({'$4.99'} for the time used): {page}#solved-no",
    ):
        assert words in str(letter.body)
    assert "after 15 minutes" in str(letter.body)
    assert "If you do not answer by Mar 3, 12:15 PM UTC, the problem counts as solved." in str(letter.body)
    html = str(letter.alternatives[0][0])
    assert f'href="{page}#solved-yes"' in html
    assert f'href="{page}#solved-no"' in html


def test_the_question_is_not_answered_by_looking(cashier: Cashier, client_of: Callable[..., Client]) -> None:
    cashier.live().wait(minutes=12).end(cashier.mechanic)
    for path in ("", "receipt/", "solved/"):
        client_of(cashier.customer).get(f"/sessions/{cashier.id}/{path}")
    assert cashier.session.solved is None
    assert cashier.payment.due_cents is None


def test_a_used_share_too_small_for_a_card_says_why(cashier: Cashier, client_of: Callable[..., Client]) -> None:
    why = "Cards cannot be charged less than $0.50. We do not charge smaller amounts."
    cashier.live().wait(seconds=40)
    cashier.letters()
    cashier.end(cashier.mechanic)
    (letter,) = cashier.letters()
    assert "No, not solved ($0.00 for the time used)" in str(letter.body)
    assert why in str(letter.body)
    assert why in str(letter.alternatives[0][0])
    assert why in client_of(cashier.customer).get(f"/sessions/{cashier.id}/").content.decode()


def test_charged_share_mentions_no_smallest_charge(cashier: Cashier, client_of: Callable[..., Client]) -> None:
    cashier.live().wait(minutes=12).end(cashier.mechanic)
    assert "Cards cannot be charged" not in str(cashier.letters()[-1].body)
    assert "Cards cannot be charged" not in client_of(cashier.customer).get(f"/sessions/{cashier.id}/").content.decode()


def test_end_without_mechanic_explains_the_smallest_charge(cashier: Cashier, client_of: Callable[..., Client]) -> None:
    cashier.live().wait(seconds=40).leave(cashier.mechanic).wait(minutes=2)
    page = client_of(cashier.customer).get(f"/sessions/{cashier.id}/").content.decode()
    assert page.count("Cards cannot be charged less than $0.50") == 2  # the banner and the dialog


def test_late_cancel_fee_below_the_smallest_charge_is_zero(cashier: Cashier) -> None:
    session = cashier.session
    session.price_cents = 98
    assert settlement.late_cancel_cents(session) == 0
    session.price_cents = 100
    assert settlement.late_cancel_cents(session) == 50


def test_a_call_that_became_a_chat_sold_the_time_of_a_chat(cashier: Cashier) -> None:
    """The parts of a receipt say the same time as its head."""
    Session.objects.filter(id=cashier.id).update(chat_price_cents=499, chat_seconds=600, granted_seconds=600)
    cashier.live().wait(minutes=11)
    cashier.bank_acts()
    content = cashier.issued.content
    assert {fact["label"]: fact["value"] for fact in content["facts"]}["Time used"] == "10 minutes of 10 minutes"
    assert content["parts"][0]["used"] == "10 minutes of 10 minutes used"
