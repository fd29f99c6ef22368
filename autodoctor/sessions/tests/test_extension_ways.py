"""Ways to pay for an extension: a card in the room has a deadline, and Stripe's page can be chosen instead."""

from uuid import uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import extensions
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db


def here(story: Story, **changes: object) -> Payment:
    """Return an open extension whose card is entered in the room."""
    payment = story.live().ask()
    Payment.objects.filter(id=payment.id).update(card_here=True, waits_for="pay", **changes)
    return payment


def lapse(story: Story, payment: Payment) -> Payment:
    extensions.lapse_extension(session_id=story.id, payment_id=payment.id, now=story.now)
    payment.refresh_from_db()
    return payment


def test_an_extension_without_a_card_in_time_is_canceled_and_both_read_so(story: Story) -> None:
    payment = here(story)
    assert lapse(story, payment).due_cents == 0
    (failed,) = story.events("extension.failed")
    assert (failed.audience, failed.actor_role) == ("both", "")
    assert failed.data == {"extension": {"id": str(payment.id), "seconds": 900, "stands": "lapsed"}}
    lapse(story, payment)
    assert len(story.events("extension.failed")) == 1


@pytest.mark.parametrize(
    "changes", [{"state": "authorised"}, {"checkout_number": 1}, {"card_here": False}, {"state": "failed"}], ids=str
)
def test_an_extension_that_is_paid_or_paid_in_another_way_stays(story: Story, changes: dict[str, object]) -> None:
    payment = story.live().ask()
    Payment.objects.filter(id=payment.id).update(**{"card_here": True} | changes)
    assert lapse(story, payment).due_cents is None
    assert story.events("extension.failed") == []


def test_an_end_that_waits_for_a_card_waits_no_longer_than_the_card_may_take(story: Story) -> None:
    payment = here(story)
    story.session.save()
    session = story.session
    session.hold_until = story.now.replace(year=story.now.year + 1)
    session.save()
    lapse(story, payment)
    assert story.session.hold_until == story.now


def test_stripes_page_is_chosen_by_the_customer_of_an_open_extension_only(
    story: Story, mechanic: User, customer: User
) -> None:
    payment = here(story)

    def choose(by: User, payment_id: object = payment.id) -> Payment:
        return extensions.choose_page(session_id=story.id, by=by, payment_id=payment_id, now=story.now)  # type: ignore[arg-type]

    with pytest.raises(Refused) as refused:
        choose(mechanic)
    assert refused.value.status == 403
    with pytest.raises(Payment.DoesNotExist):
        choose(customer, uuid4())
    choose(customer)
    payment.refresh_from_db()
    assert (payment.card_here, payment.waits_for) == (False, "")
    story.cancel_extension(payment)
    with pytest.raises(Refused) as over:
        choose(customer)
    assert (over.value.code, over.value.status) == ("extension_over", 409)
