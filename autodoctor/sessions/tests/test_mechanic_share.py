"""What a mechanic reads of their share is what they earn, whoever else had the session and whatever was refunded."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.payments.models import Earning, Payment, Refund
from autodoctor.receipts.receipt import receipt_of
from autodoctor.sessions.lifecycle import closing
from autodoctor.sessions.queries import earnings_report
from autodoctor.sessions.queries.dashboards import dashboard_lists
from autodoctor.sessions.templatetags.earned import earned_lines
from autodoctor.sessions.tests.story import Story
from autodoctor.sessions.tests.test_substitutes import hands_over, takes_over

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def charged(story: Story) -> Story:
    """The bank does what was decided, and the news is here."""
    for payment in Payment.objects.filter(owner_id=story.id):
        state = "captured" if payment.due_cents else "released"
        Payment.objects.filter(id=payment.id).update(state=state, captured_cents=payment.due_cents)
    closing.credit_earning(session_id=story.id, now=story.now)
    return story


def read_by(mechanic: User, story: Story) -> set[int]:
    """Return the share on the page of the end and on the dashboard."""
    [row] = [row for row in dashboard_lists(mechanic, None, story.now).history if row.session.id == story.id]
    return {receipt_of(story.session).share_cents, row.share}


def earned_by(mechanic: User) -> int:
    return sum(earning.share_cents for earning in Earning.objects.filter(mechanic=mechanic))


def facts_of(story: Story, person: User, client_of: ClientOf) -> str:
    """Return the line with the amount, wherever the room shows its facts."""
    page = client_of(person).get(f"/sessions/{story.id}/").content.decode()
    [found] = set(re.findall(r"<dt>(Price|You earn)</dt>\s*<dd>\s*(\S+?)\s*<", page))
    return " ".join(found)


def lines_of(mechanic: User, story: Story) -> str:
    return str(earned_lines(earnings_report.month(mechanic, date(2026, 3, 1), story.now, None).lines))


@pytest.fixture
def sent_back(story: Story, customer: User) -> Story:
    """The customer has sent a mechanic back who had worked for three minutes."""
    return story.pay().accept().join().wait(minutes=3).releases(customer)


def test_half_is_earned_by_whose_time_was_spent_not_by_who_came_next(
    sent_back: Story, mechanic: User, mechanic2: User
) -> None:
    sent_back.accept(mechanic2).cancels()
    assert read_by(mechanic2, sent_back) == {0}
    charged(sent_back)
    assert (earned_by(mechanic), earned_by(mechanic2)) == (349, 0)
    assert read_by(mechanic2, sent_back) == {0}


def test_half_is_earned_by_the_last_one_whose_time_was_spent(sent_back: Story, mechanic: User, mechanic2: User) -> None:
    sent_back.accept(mechanic2).join(mechanic2).wait(minutes=3).cancels()
    assert read_by(mechanic2, sent_back) == {349}
    charged(sent_back)
    assert (earned_by(mechanic), earned_by(mechanic2)) == (0, 349)


@pytest.mark.parametrize("is_taken_again", [True, False])
def test_nobody_went_on_with_a_request_that_was_called_off(
    sent_back: Story, mechanic: User, mechanic2: User, *, is_taken_again: bool
) -> None:
    (sent_back.accept(mechanic2) if is_taken_again else sent_back).cancels()
    text = lines_of(mechanic, charged(sent_back))
    assert "Another mechanic went on" not in text
    assert "The customer asked for another mechanic, and canceled" in text
    assert str(sent_back.id) not in text


def test_a_refund_at_their_expense_lowers_the_share_on_every_page(story: Story, mechanic: User, customer: User) -> None:
    charged(story.live().end(customer))
    refund = {"amount_cents": 400, "borne_by": "mechanic", "state": "issued", "created_at": story.now}
    Refund.objects.create(payment=story.payment, **refund)
    closing.credit_earning(session_id=story.id, now=story.now)
    assert earned_by(mechanic) == 419
    assert read_by(mechanic, story) == {419}


def handed_over(story: Story, second: User) -> Story:
    """Ten minutes with the first one, an extension, and the rest with the second."""
    story.live().wait(minutes=10)
    extension = story.ask(minutes=15, cents=1499)
    story.hold(extension).extend(extension)
    hands_over(story)
    return takes_over(story, second)


@pytest.mark.parametrize("ran", [1, 7, 20, 26, 35])
def test_the_share_that_is_read_before_the_charge_is_the_one_that_is_earned(
    story: Story, mechanic2: User, customer: User, ran: int
) -> None:
    handed_over(story, mechanic2).wait(minutes=ran)
    if ran < 35:
        story.end(customer)
    before = read_by(mechanic2, story)
    charged(story)
    assert before == read_by(mechanic2, story) == {earned_by(mechanic2)}


def test_who_goes_on_reads_what_the_rest_of_the_time_earns(story: Story, mechanic2: User, client_of: ClientOf) -> None:
    handed_over(story, mechanic2)
    assert facts_of(story, mechanic2, client_of) == "You earn $15.15"  # 20 of 30 minutes, and the extension
    charged(story.wait(minutes=35))
    assert earned_by(mechanic2) == 1515


def test_an_extension_is_in_the_price_and_in_the_share(
    story: Story, mechanic: User, customer: User, client_of: ClientOf
) -> None:
    story.live()
    assert facts_of(story, mechanic, client_of) == "You earn $6.99"
    extension = story.ask(minutes=15, cents=1499)
    story.hold(extension).extend(extension)
    assert facts_of(story, mechanic, client_of) == "You earn $17.48"
    assert facts_of(story, customer, client_of) == "Price $24.98"
    charged(story.wait(minutes=46))
    assert earned_by(mechanic) == 1748
    assert facts_of(story, customer, client_of) == "Price $24.98"


def test_a_hold_that_the_bank_gave_up_takes_its_time_from_nobody(story: Story, mechanic2: User, customer: User) -> None:
    """The booking is not charged: what ran of the extension is still divided as it ran."""
    handed_over(story, mechanic2).wait(minutes=22).end(customer)
    Payment.objects.filter(owner_id=story.id, purpose="booking").update(state="released")
    before = read_by(mechanic2, story)
    Payment.objects.filter(owner_id=story.id, purpose="booking").update(due_cents=0)
    charged(story)
    assert before == {earned_by(mechanic2)}
