"""The session page in each state, for each role."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from autodoctor.payments.models import Payment
from autodoctor.room.tests.page_story import ClientOf, Reads, buttons, lose
from autodoctor.sessions.event_data import MessageData
from autodoctor.sessions.lifecycle import endings, releases
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind

if TYPE_CHECKING:
    from django.test import Client

    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

CONFIRMING = "We are confirming your payment"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]


def test_the_page_of_a_draft_leads_to_payment(
    story: "Story", customer: "User", client_of: ClientOf, reads: Reads
) -> None:
    assert "We hold $9.99 on your card" in reads(customer)
    assert "checkout" in buttons(client_of(customer), story)
    Payment.objects.filter(owner_id=story.id).update(decline_code="insufficient_funds")
    assert "The payment did not go through" in reads(customer)
    assert "insufficient funds" in reads(customer)


def test_a_return_from_payment_asks_stripe_once_and_then_waits_for_the_webhook(
    story: "Story", customer: "User", client_of: ClientOf, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("autodoctor.payments.checkout.refresh", lambda *, payment, now: asked.append(payment.id))
    assert CONFIRMING in reads(customer, "?checkout=success")
    assert asked == [story.payment.id]
    assert CONFIRMING in reads(customer, "panel/?checkout=success")
    story.pay()
    assert "Looking for your mechanic" in reads(customer, "panel/?checkout=success")
    assert len(asked) == 1


def test_the_page_says_that_nothing_is_held_after_a_canceled_checkout(
    story: "Story", customer: "User", reads: Reads
) -> None:
    said = "There is no hold on your card. Your request is saved. Pay to send the request, or discard the booking."
    assert said in reads(customer, "?checkout=cancelled")
    assert said in reads(customer, "panel/?checkout=cancelled")
    assert said not in reads(customer)
    story.pay()
    assert said not in reads(customer, "?checkout=cancelled")


def test_a_payment_service_that_does_not_answer_leaves_the_page_standing(
    story: "Story", customer: "User", reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autodoctor.payments import stripe

    def unavailable(**_asked: Any) -> None:
        raise stripe.Unavailable("timeout")

    monkeypatch.setattr("autodoctor.payments.checkout.refresh", unavailable)
    assert CONFIRMING in reads(customer, "?checkout=success")


def test_a_waiting_customer_reads_the_place_in_the_queue_and_what_happens_when(
    story: "Story", customer: "User", stranger: "User", mechanic: "User", reads: Reads
) -> None:
    from autodoctor.sessions.tests.story import Story

    other = Story(stranger, mechanic)
    other.now = story.now - timedelta(minutes=1)
    other.pay()
    text = reads_after(story.pay, reads, customer)
    assert "2 Your place in the queue" in text
    for promise in (
        "After 3 minutes our support team",
        "After 10 minutes we ask",
        "After 20 minutes we end the request",
    ):
        assert promise in text
    assert "Canceling is free" in text
    endings.cancel_session(session_id=other.id, by=stranger, now=story.now)
    assert "You are next" in reads(customer)


def reads_after(step: Callable[[], Any], reads: Reads, user: "User") -> str:
    step()
    return reads(user)


def test_after_ten_minutes_the_customer_is_asked_whether_to_stop(
    story: "Story", customer: "User", reads: Reads
) -> None:
    story.now -= timedelta(minutes=11)
    assert "this is taking too long" in reads_after(story.pay, reads, customer)


def test_whoever_asks_for_another_mechanic_reads_that(story: "Story", customer: "User", reads: Reads) -> None:
    story.pay().accept()
    releases.release_request(session_id=story.id, by=customer, reason="no_answer", now=story.now)
    assert "You asked for another mechanic. Your request is at the front of the queue" in reads(customer)
    assert "could not continue" not in reads(customer)


def test_both_participants_read_that_a_request_was_given_back(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.pay().accept()
    releases.release_request(session_id=story.id, by=mechanic, reason="no_time", now=story.now)
    assert "Your mechanic could not continue. Your request is at the front of the queue" in reads(customer)
    assert "gave this request back. It goes to another mechanic" in reads(mechanic)
    assert buttons(client_of(mechanic), story) == []


def test_both_can_join_an_accepted_session_and_only_the_mechanic_starts_it(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.pay().accept()
    assert "Morgan Mechanic has accepted" in reads(customer)
    for person in (customer, mechanic):
        assert "Join Session" in reads(person)
    story.join()
    assert "Start Session" in reads(mechanic)
    assert "start" in buttons(client_of(mechanic), story)
    assert "Morgan Mechanic starts the session" in reads(customer)
    assert "start" not in buttons(client_of(customer), story)
    for person in (customer, mechanic):
        assert "Join Session" not in reads(person)


def test_canceling_is_free_until_a_mechanic_has_worked_for_two_minutes(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf, reads: Reads
) -> None:
    def dialogs() -> str:
        page = client_of(customer).get(f"/sessions/{story.id}/").content.decode()
        return " ".join(page[page.index('id="room-dialogs"') :].split())

    story.pay().accept().join(mechanic)
    assert "Cancel (free)" in reads(customer)
    assert "canceling costs $4.99" in dialogs()  # from when on
    Participant.objects.filter(user=mechanic).update(in_since=story.now - timedelta(minutes=2))
    assert "Cancel (costs $4.99)" in reads(customer)
    assert "we still charge $4.99" in dialogs()
    releases.release_request(session_id=story.id, by=customer, reason="other", now=story.now)
    assert "Canceling costs $4.99" in reads(customer)
    assert "Cancel and pay $4.99" in dialogs()


def test_a_cancellation_from_a_page_with_an_older_price_is_refused_with_the_new_price(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.pay().accept().join(mechanic)
    Participant.objects.filter(user=mechanic).update(in_since=story.now - timedelta(minutes=2))
    answer = client_of(customer).post(
        f"/sessions/{story.id}/cancel/", {"shown_cents": "0"}, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 409
    assert (answer.json()["error"], answer.json()["cents"]) == ("price_grew", 499)
    assert story.session.state == "accepted"
    client_of(customer).post(f"/sessions/{story.id}/cancel/", {"shown_cents": "499"})
    assert story.session.end_reason == "cancelled_late"


def test_an_offer_to_pay_the_used_share_stays_on_the_page(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.now -= timedelta(minutes=6)
    story.live().wait(minutes=3).leave(mechanic).wait(minutes=2).join(mechanic)
    assert "You can end the session at any moment and pay only for the time used" in reads(customer)
    assert "was away too much" not in reads(mechanic)
    value = re.search(
        r'name="shown_cents"\s+value="(\d+)"', client_of(customer).get(f"/sessions/{story.id}/").content.decode()
    )
    assert value
    assert 0 < int(value[1]) < 999


def test_the_page_of_a_running_session_has_chat_clock_and_end_button(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.now -= timedelta(minutes=5)
    story.live()
    for person in (customer, mechanic):
        assert re.search(r"\b(25:00|24:5\d)\b", reads(person))
        assert "end" in buttons(client_of(person), story)
        assert "Write a message" in client_of(person).get(f"/sessions/{story.id}/").content.decode()
    assert "Extend Session" in reads(customer)
    assert "Extend Session" not in reads(mechanic)  # the mechanic's own choice of time
    assert "Extension" in reads(mechanic)


def test_a_missing_mechanic_stops_the_clock_and_soon_lets_the_customer_end(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.now -= timedelta(minutes=12)
    story.live()
    story.now += timedelta(minutes=12)
    lose(story, mechanic, "mechanic", since=timedelta(seconds=20))
    assert "Morgan Mechanic has lost the connection" in reads(customer)
    assert "The clock is paused, so waiting is free" in reads(customer)
    longer_ago = story.now - timedelta(seconds=80)
    Participant.objects.filter(session_id=story.id, user=mechanic).update(missed_at=longer_ago)
    Session.objects.filter(pk=story.id).update(paused_at=longer_ago)
    assert "end the session now and pay only for the 11 minutes used: $3.55" in reads(customer)
    assert client_of(customer).post(f"/sessions/{story.id}/end/").status_code == 303
    assert story.payment.due_cents == 355


def test_a_missing_customer_shows_on_the_mechanics_page(
    story: "Story", customer: "User", mechanic: "User", reads: Reads
) -> None:
    story.live()
    lose(story, customer, "customer", since=timedelta(seconds=10))
    assert "Casey Customer has lost the connection. " in reads(mechanic)
    assert "The clock is paused. Please stay so that" in reads(mechanic)
    Participant.objects.filter(session_id=story.id, user=customer).update(missed_at=story.now - timedelta(minutes=11))
    assert "You can end the session now" in reads(mechanic)


def test_both_read_at_the_clock_and_after_the_end_how_much_time_was_lost(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf
) -> None:
    story.live().wait(minutes=5)
    lost = {customer: "1 min 20 s given back: Morgan Mechanic was away.", mechanic: "1 min 20 s given back: you were"}
    for person in lost:
        assert _at_the_clock(client_of(person), story) == ""
    story.leave(mechanic).wait(seconds=80).join(mechanic)
    for person, words in lost.items():
        assert _at_the_clock(client_of(person), story).startswith(words)
    story.end(customer)
    for person, words in lost.items():
        page = client_of(person).get(f"/sessions/{story.id}/").content.decode()
        assert words in page.split('id="room-panel"')[1].split("</section>")[0]
        assert _at_the_clock(client_of(person), story) == ""


def _at_the_clock(client: "Client", story: "Story") -> str:
    page = client.get(f"/sessions/{story.id}/").content.decode()
    return page.split('id="room-lost" data-region>')[1].split("<")[0]


def test_the_page_after_the_end_shows_what_was_held_released_and_charged(
    story: "Story", customer: "User", mechanic: "User", reads: Reads
) -> None:
    story.live().end(customer)
    Payment.objects.filter(owner_id=story.id).update(state="captured", captured_cents=999)
    text = reads(customer)
    assert "You ended the session" in text
    assert "Held on your card $9.99" in text
    assert "Charged $9.99" in text
    assert "End Session" not in text
    assert "Casey Customer ended the session" in reads(mechanic)
    assert "Your share $6.99" in reads(mechanic)


def test_a_request_canceled_before_acceptance_shows_its_hold_as_released(
    story: "Story", customer: "User", reads: Reads
) -> None:
    story.pay()
    endings.cancel_session(session_id=story.id, by=customer, now=story.now)
    text = reads(customer)
    assert "Released $9.99" in text
    assert "Charged $0.00" in text
    assert "Book again" in text


def test_a_customer_is_asked_whether_it_is_solved_when_the_mechanic_ends_early(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.now -= timedelta(minutes=10)
    story.live()
    story.now += timedelta(minutes=10)
    story.end(mechanic)
    assert "Is your problem solved?" in reads(customer)
    assert "$3.33 for the time used" in reads(customer)
    assert "Is your problem solved?" not in reads(mechanic)
    answer = client_of(customer).post(f"/sessions/{story.id}/solved/", {"solved": "no"})
    assert answer.status_code == 303
    assert "Charged $3.33" in reads(customer)
    assert "Is your problem solved?" not in reads(customer)


@pytest.mark.parametrize(
    ("state", "reason", "to_customer", "to_mechanic"),
    [
        ("completed", "time_up", "The time is up", "The time is up"),
        ("completed", "ended_by_support", "Our support team ended", "Our support team ended"),
        ("completed", "mechanic_lost", "your mechanic’s connection was lost", "your connection was lost"),
        ("completed", "customer_lost", "your connection was lost", "your customer’s connection was lost"),
        ("completed", "exceeded_3h_limit", "the maximum length of 3 hours", "the maximum length of 3 hours"),
        ("cancelled", "unpaid", "not paid in time", "not paid in time"),
        ("cancelled", "cancelled_late", "You canceled the session", "The session was canceled"),
        ("expired", "unattended", "no mechanic was free", "no mechanic was free"),
        ("expired", "never_started", "did not start in time", "did not start in time"),
        ("expired", "customer_no_show", "you did not come", "The customer did not join"),
    ],
)
def test_every_end_reason_has_words_on_the_page(
    story: "Story",
    customer: "User",
    mechanic: "User",
    reads: Reads,
    state: str,
    reason: str,
    to_customer: str,
    to_mechanic: str,
) -> None:
    story.live()
    Session.objects.filter(pk=story.id).update(state=state, end_reason=reason, ended_at=story.now)
    assert to_customer in reads(customer)
    assert to_mechanic in reads(mechanic)


def test_a_long_log_shows_its_end_in_the_room_and_all_of_it_in_the_transcript(
    story: "Story", customer: "User", client_of: ClientOf
) -> None:
    story.live()
    with session_transaction(story.id, story.now) as state:
        who = event_log.actor(customer, state.session)
        for number in range(650):
            data = MessageData(text=f"message {number:04}")
            event_log.append_event(state.session, EventKind.MESSAGE_POSTED, at=story.now, by=who, data=data)
    client = client_of(customer)
    with CaptureQueriesContext(connection) as queries:
        room = client.get(f"/sessions/{story.id}/").content.decode()
    assert [n for n in range(650) if f"message {n:04}" in room] == list(range(450, 650))
    assert f'href="/sessions/{story.id}/transcript/"' in room
    assert len(queries) < 60
    seen = []
    for page in (1, 2):
        transcript = client.get(f"/sessions/{story.id}/transcript/?page={page}").content.decode()
        seen += [n for n in range(650) if f"message {n:04}" in transcript]
        assert f"Page {page} of 2" in " ".join(transcript.split())
    assert seen == list(range(650))
    assert client.get(f"/sessions/{story.id}/transcript/?page=3").status_code == 404
    for wrong in ("0", "-1", "x", "9" * 30):  # no page: the first
        assert client.get(f"/sessions/{story.id}/transcript/?page={wrong}").status_code == 200


def test_both_see_the_trouble_codes_of_the_intake(
    story: "Story", customer: "User", mechanic: "User", reads: Reads
) -> None:
    session = story.session
    session.trouble_codes_typed, session.trouble_codes = "<b>po301</b> when cold", ["P0301"]
    session.save()
    story.pay().accept()
    for person in (customer, mechanic):
        page = reads(person)
        for words in (
            "P0301",
            "Misfire in cylinder 1",
            "Check the injector, then compression",
            "<b>po301</b> when cold",
        ):
            assert words in page
