"""Extensions: permission, time, price, and the clock."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.payments import ledger
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import extensions, releases
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import NOON, Story

pytestmark = pytest.mark.django_db
State = Payment.State


def due(story: Story) -> dict[str, int | None]:
    """Return the cents to capture by purpose; an extension by its minutes."""
    payments = Payment.objects.filter(owner_id=story.id).order_by("created_at")
    return {p.purpose if p.purpose == "booking" else f"+{p.seconds // 60}": p.due_cents for p in payments}


def now_of(payment: Payment) -> Payment:
    return Payment.objects.get(id=payment.id)


def refusal(act: Any) -> tuple[str, int]:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code, refused.value.status


def test_an_authorized_extension_moves_the_clock_once(story: Story) -> None:
    story.live().wait(minutes=10)
    payment = story.ask()
    assert story.session.granted_seconds == 30 * 60
    story.hold(payment).extend(payment).extend(payment).extend(payment)

    session = story.session
    assert (session.granted_seconds, story.minutes_since_noon(session.ends_at)) == (45 * 60, 45)
    (told,) = story.events("session.extended")
    assert told.data["session"] == session.payload()
    assert told.data["extension"] == {"id": str(payment.id), "seconds": 900, "stands": "paid"}
    assert (told.audience, told.actor_role) == ("both", "customer")
    story.wait(minutes=25)
    assert story.session.state == "live"
    story.wait(minutes=10)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    assert due(story) == {"booking": 999, "+15": 1499}


def test_the_clock_does_not_move_before_the_extension_is_held(story: Story) -> None:
    payment = story.live().ask()
    story.extend(payment)
    assert (story.session.granted_seconds, story.events("session.extended")) == (30 * 60, [])


def test_an_extension_held_for_another_session_gives_no_time(story: Story, customer: User, mechanic2: User) -> None:
    other = Story(customer, mechanic2).live()
    payment = story.live().ask()
    story.hold(payment)
    other.extend(payment)
    assert other.session.granted_seconds == 30 * 60
    assert now_of(payment).granted_at is None


def test_both_participants_are_warned_again_after_an_extension(story: Story) -> None:
    story.live().wait(minutes=26)
    payment = story.ask()
    story.hold(payment).extend(payment)
    assert story.rules() == ["session.warn_first"]
    story.wait(minutes=18.9)
    assert story.rules() == ["session.warn_first", "session.warn_first", "session.warn_last"]


def test_a_warning_whose_moment_is_past_after_an_extension_is_left_out(story: Story) -> None:
    story.live().wait(minutes=29.5)
    payment = story.ask(minutes=1)
    story.hold(payment).extend(payment).wait(seconds=29)
    assert story.rules() == ["session.warn_first", "session.warn_last"]
    story.wait(seconds=2)
    assert story.rules() == ["session.warn_first", "session.warn_last", "session.warn_last"]


def test_an_extension_asked_for_twice_is_the_same_payment(story: Story) -> None:
    first, second = story.live().ask(), story.ask()
    assert first == second
    assert len(story.events("extension.pending")) == 1
    assert refusal(lambda: story.ask(minutes=30)) == ("extension_open", 409)


def test_a_press_that_shows_less_than_is_being_paid_is_refused(story: Story) -> None:
    """The price was lowered, or raised, between two tabs."""
    story.live()
    payment = story.ask(cents=1499)
    assert refusal(lambda: story.ask(cents=1498)) == ("extension_open", 409)
    assert story.ask(cents=1999) == payment


def test_an_offer_of_before_an_extension_is_not_taken_again(story: Story) -> None:
    """The second tab still shows the offer that the first tab has accepted."""
    payment = story.live().ask()
    story.hold(payment).extend(payment)
    stale = extensions.ExtensionTerms("+15", 900, 1499, "usd", on_top_of=30 * 60)
    act = lambda: extensions.request_extension(  # noqa: E731
        session_id=story.id, by=story.customer, terms=stale, way=extensions.WayToPay("http://localhost/"), now=story.now
    )
    assert refusal(act) == ("already_extended", 409)
    assert Payment.objects.filter(purpose="extension").count() == 1


def test_only_the_customer_asks_for_extensions_and_only_the_mechanic_allows_them(
    story: Story, mechanic: User, stranger: User, support: User, customer: User
) -> None:
    story.live()
    for person in (mechanic, support):
        assert refusal(lambda person=person: story.ask(by=person)) == ("not_the_customer", 403)
    for person in (customer, support):
        assert refusal(lambda person=person: story.allow(15, by=person)) == ("not_the_mechanic", 403)
    for act in (lambda: story.ask(by=stranger), lambda: story.allow(15, by=stranger)):
        with pytest.raises(Session.DoesNotExist):
            act()


def test_no_extension_can_be_asked_for_before_the_start_or_after_the_end(story: Story) -> None:
    for step in (lambda: None, story.pay, story.accept, story.join):
        step()
        assert refusal(story.ask) == ("session_closed", 409)
    story.connect().start().end(story.customer)
    assert refusal(story.ask) == ("session_closed", 409)
    assert refusal(lambda: story.allow(15)) == ("session_closed", 409)


def test_no_extension_can_be_asked_for_once_time_is_up_even_if_the_job_is_late(story: Story) -> None:
    story.live()
    story.now += timedelta(minutes=30)
    assert refusal(story.ask) == ("session_closed", 409)


@pytest.mark.parametrize(("allowed", "minutes", "may"), [(15, 15, True), (15, 30, False), (0, 15, False)])
def test_an_extension_over_the_mechanics_allowance_is_refused(
    story: Story, allowed: int, minutes: int, may: bool
) -> None:
    story.live().allow(allowed)
    assert story.session.allowed_seconds == allowed * 60
    if may:
        assert story.ask(minutes).seconds == minutes * 60
    else:
        assert refusal(lambda: story.ask(minutes)) == ("not_allowed", 409)


def test_a_mechanic_who_keeps_changing_the_allowance_is_limited(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "MOST_SAID", 3)
    story.live()
    for seconds in (900, 0, 900):
        extensions.set_allowance(session_id=story.id, by=story.mechanic, seconds=seconds, now=story.now)
    said = partial(extensions.set_allowance, session_id=story.id, by=story.mechanic, now=story.now)
    assert said(seconds=900).allowed_seconds == 900  # the same again is no change
    assert refusal(lambda: said(seconds=0)) == ("too_many", 409)


def test_extensions_use_up_the_allowance(story: Story) -> None:
    payment = story.live().allow(30).ask(minutes=15)
    story.hold(payment).extend(payment)
    assert story.session.allowed_seconds == 15 * 60
    assert refusal(lambda: story.ask(minutes=30)) == ("not_allowed", 409)
    (said,) = story.events("extension.allowed")
    assert (said.audience, said.data["seconds"]) == ("both", 30 * 60)
    assert story.allow(15).events("extension.allowed") == [said], "the same again is not said again"


def test_the_allowance_of_a_mechanic_ends_with_the_release_of_the_request(story: Story, mechanic2: User) -> None:
    story.pay().accept().allow(0)
    releases.release_request(session_id=story.id, by=story.mechanic, reason="x", now=story.now)
    assert story.accept(mechanic2).session.allowed_seconds is None


def test_no_extension_makes_a_session_longer_than_three_hours(story: Story) -> None:
    story.live()
    for _ in range(2):
        payment = story.ask(minutes=60)
        story.hold(payment).extend(payment)
    assert extensions.extendable_seconds(story.session, story.now) == 30 * 60
    assert refusal(lambda: story.ask(minutes=60)) == ("too_long", 409)
    story.leave(story.mechanic).wait(minutes=4).join(story.mechanic)
    assert extensions.extendable_seconds(story.session, story.now) == 26 * 60


def test_a_pause_goes_on_over_an_extension(story: Story) -> None:
    story.live().wait(minutes=10).leave(story.mechanic).wait(minutes=1)
    payment = story.ask()
    assert extensions.extendable_seconds(story.session, story.now) == (180 - 31) * 60
    story.hold(payment).extend(payment)
    assert story.session.paused_at == NOON + timedelta(minutes=10)
    story.wait(minutes=1).join(story.mechanic)
    assert story.minutes_since_noon(story.session.ends_at) == 30 + 15 + 2


def test_an_absence_before_the_extension_pauses_from_its_start(story: Story) -> None:
    """They left three seconds before the extension, and the absence was noticed two seconds after it."""
    story.live().wait(minutes=10).leave(story.mechanic).wait(seconds=3)
    payment = story.ask()
    story.hold(payment).extend(payment).wait(minutes=1)
    assert story.session.paused_at == NOON + timedelta(minutes=10)


def test_the_used_share_is_taken_from_the_booking_first_then_from_each_extension(story: Story) -> None:
    story.live()
    for minutes, cents in ((15, 1499), (30, 2499)):
        payment = story.ask(minutes, cents)
        story.hold(payment).extend(payment).wait(seconds=1)
    story.wait(minutes=50).leave(story.mechanic).wait(minutes=10)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 999}
    used = 50 * 60 + 2 - 45 * 60
    assert due(story) == {"booking": 999, "+15": 1499, "+30": 2499 * used // 1800}


# Changed minds


def test_a_lower_allowance_cancels_an_open_extension_over_it(story: Story) -> None:
    payment = story.live().ask(minutes=30)
    story.allow(15)
    assert now_of(payment).due_cents == 0
    failed = story.events("extension.failed")[0]
    assert failed.data["extension"]["stands"] == "not_allowed"
    story.hold(payment).extend(payment)
    assert story.session.granted_seconds == 30 * 60


def test_an_extension_paid_before_the_refusal_stays(story: Story) -> None:
    payment = story.live().ask()
    story.hold(payment).allow(0).extend(payment)
    assert (story.session.granted_seconds, story.session.allowed_seconds) == (45 * 60, 0)


def test_an_open_extension_within_a_new_allowance_stays_open(story: Story) -> None:
    payment = story.live().ask()
    story.allow(15)
    assert now_of(payment).due_cents is None


def test_a_canceled_extension_is_logged_once_and_makes_room_for_another(story: Story) -> None:
    payment = story.live().ask()
    for _ in range(2):
        extensions.cancel_extension(session_id=story.id, by=story.customer, payment_id=payment.id, now=story.now)
    assert [event.data["extension"]["stands"] for event in story.events("extension.failed")] == ["called_off"]
    assert refusal(story.ask) == ("extension_closing", 409)
    Payment.objects.filter(id=payment.id).update(state=State.FAILED)
    assert story.ask(minutes=30) != payment


def test_extensions_asked_for_and_canceled_are_limited(story: Story) -> None:
    story.live()
    for _ in range(extensions.MAX_TRIES):
        payment = story.ask()
        extensions.cancel_extension(session_id=story.id, by=story.customer, payment_id=payment.id, now=story.now)
        Payment.objects.filter(id=payment.id).update(state=State.FAILED)
    assert refusal(story.ask) == ("too_many", 409)


def test_extensions_canceled_by_the_mechanic_do_not_count(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "MAX_TRIES", 2)
    story.live()
    for _ in range(3):
        payment = story.allow(None).ask()
        story.allow(0)
        Payment.objects.filter(id=payment.id).update(state=State.FAILED)
    assert story.allow(None).ask().due_cents is None


def test_a_paid_extension_is_not_canceled(story: Story) -> None:
    payment = story.live().ask()
    story.hold(payment)
    assert refusal(
        lambda: extensions.cancel_extension(
            session_id=story.id, by=story.customer, payment_id=payment.id, now=story.now
        )
    ) == ("already_paid", 409)


def test_the_payment_of_a_booking_cannot_be_canceled_as_an_extension(story: Story) -> None:
    story.live()
    with pytest.raises(Payment.DoesNotExist):
        extensions.cancel_extension(session_id=story.id, by=story.customer, payment_id=story.payment.id, now=story.now)


def test_both_participants_hear_of_a_declined_extension_but_not_why(story: Story) -> None:
    payment = story.live().ask()
    Payment.objects.filter(id=payment.id).update(decline_code="insufficient_funds")
    extensions.notify_extension_pending(session_id=story.id, payment_id=payment.id, now=story.now)
    (failed,) = story.events("extension.failed")
    assert failed.audience == "both"
    assert failed.data == {"extension": {"id": str(payment.id), "seconds": 900, "stands": "declined"}}


def test_a_declined_extension_is_not_logged_after_the_end(story: Story) -> None:
    payment = story.live().ask()
    Payment.objects.filter(id=payment.id).update(decline_code="insufficient_funds")
    story.end(story.customer)
    extensions.notify_extension_pending(session_id=story.id, payment_id=payment.id, now=story.now)
    assert story.events("extension.failed") == []


def test_the_database_allows_one_open_extension(story: Story, customer: User) -> None:
    from django.db import IntegrityError

    story.live().ask()
    with pytest.raises(IntegrityError):
        ledger.open_extension(
            owner_id=story.id,
            payer=customer,
            amount_cents=1499,
            currency="usd",
            seconds=900,
            description="+15 minutes",
            keep_card=False,
            return_url="",
            now=story.now,
        )
