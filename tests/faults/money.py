"""Money, time and access as a state machine: clicks, messages, webhooks, crashes and clocks in any order.

The people and the clock come from the state machine of `sessions`. The money goes through the real SDK to the payment
sandbox, whose time is the session's. A call may fail before its request or after its answer, and a job before its
commit. The sandbox's books, not our ledger, decide whether the result is correct.
"""

import random
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings as app_settings
from django.db.models import Sum
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from autodoctor.accounts.models import User
from autodoctor.payments import (
    books,
    checkout,
    debts,
    payouts,
    reconcile,
    saved_card,
    standstills,
    stripe,
    webhook_inbox,
)
from autodoctor.payments.attempts import NotPayable
from autodoctor.payments.job_kinds import PaymentFact, PaymentJob
from autodoctor.payments.models import Earning, MoneyAlarm, Payment, PayoutAccount, Refund, StripeCustomer
from autodoctor.payments.standstills import What
from autodoctor.room.messages.sql import statements
from autodoctor.room.messages.writer import Batch, NotPosted, Post, Posted
from autodoctor.sandbox import WEBHOOK_SECRET
from autodoctor.scheduler import leases, queue
from autodoctor.scheduler.handlers import JobKind
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import SummaryData
from autodoctor.sessions.lifecycle import refunds, summaries
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import CLAIMED, RUNNING, TERMINAL
from autodoctor.sessions.tests import bill
from autodoctor.sessions.tests.machine import NO, PEOPLE, Course
from autodoctor.sessions.tests.story import NOON
from autodoctor.sessions.web.api import visible_session
from tests.faults.money_story import LAST_SWEEPS, SWEEPS, Crash, Paid, Power
from tests.kit.stripe_sandbox import RunningSandbox

HOLDS_LAST = timedelta(hours=48)  # so that holds of questions that nobody answers come near their end
MONEY_JOBS = (PaymentJob.CAPTURE, PaymentJob.RELEASE, PaymentJob.REFUND, PaymentJob.MOVE_EARNING, PaymentFact.EARNED)
SUMMARY = SummaryData(safe="yes", parts=1, photos=0)
CALLS = (
    "create_customer create_checkout checkout expire_checkout attempt find_attempt payment capture cancel refund"
    " transfer find_transfer reverse find_reversal account"
)
PAGES = {"success_url": "http://localhost:8000/paid/", "cancel_url": "http://localhost:8000/left/"}
CARDS = st.sampled_from(
    ["pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"]
)


class Money(Course):
    refusals = (*NO, Crash, NotPayable, stripe.PaymentError)
    sandbox: RunningSandbox
    power: Power
    story: Paid

    def begin(self) -> Paid:
        self.sandbox.control("reset")
        self.power.out_at = None
        self.support = User.objects.create_user("support@example.com", None, name="Sandy", is_staff=True)
        Paid.sandbox, Paid.sweeps = self.sandbox, SWEEPS
        self.told: set[str] = set()
        self.pages: list[str] = []
        story = Paid(self.people["customer"], self.people["mechanic"], keep_card=True)
        story.set_clock()
        self.sandbox.control("holds", seconds=HOLDS_LAST.total_seconds())
        queue.reschedule(leases.RECURRING, cancelled=(), scheduled={PaymentJob.SWEEP: story.now + timedelta(hours=1)})
        return story

    # The power fails

    @rule(
        name=st.sampled_from([*CALLS.split(), "commit", "commit", "commit"]),
        moment=st.sampled_from(["before", "after"]),
    )
    def crash_soon(self, name: str, moment: str) -> None:
        self.power.out_at = (name, moment)

    # Stripe has a bad day, and people make mistakes

    @rule(status=st.sampled_from([429, 500, 503]), moment=st.sampled_from(["before", "after"]))
    def stripe_answers_badly(self, status: int, moment: str) -> None:
        """As often as the SDK asks within one call: the job is tried again."""
        self.sandbox.control("faults", method="POST", path=".*(capture|cancel|refunds|transfers|reversals)",
                             status=status, when=moment, times=3)  # fmt: skip

    @rule(kind=st.sampled_from(MONEY_JOBS))
    def a_job_is_dismissed(self, kind: JobKind) -> None:
        gone, _ = Job.objects.filter(kind=kind).delete()
        self.happened.update(["a job is dismissed"] if gone else [])

    @rule()
    def accounts_are_paid_out(self) -> None:
        """From now on nothing can be taken back from what was there."""
        for account in PayoutAccount.objects.all():
            self.sandbox.control("payouts", account=account.stripe_id)

    # The customer and their bank

    @rule(card=CARDS)
    def pay_the_booking(self, card: str) -> None:
        with suppress(*self.refusals):
            opened = checkout.open_checkout(payment=self.story.payment, now=self.story.now, **PAGES)
            self.pages.append(opened.checkout_url)
            self.sandbox.pay(opened.checkout_url, card)

    @precondition(lambda self: self.pages)
    @rule(which=st.integers(0, 5))
    def pay_on_an_old_page(self, which: int) -> None:
        self.sandbox.pay(self.pages[which % len(self.pages)])

    @rule()
    def come_back_from_the_page(self) -> None:
        for payment in self.payments():
            with suppress(*self.refusals):
                self.story.come_back(payment)

    @rule(card=CARDS)
    def the_bank_changes_its_mind(self, card: str) -> None:
        for known in StripeCustomer.objects.filter(user=self.people["customer"]):
            self.sandbox.control("cards", customer=known.stripe_id, behaves_as=card)

    @precondition(lambda self: self.story.session.state in RUNNING)
    @rule(minutes=st.sampled_from([15, 30, 60]))
    def ask_for_more(self, minutes: int) -> None:
        with suppress(*self.refusals):
            asked = self.story.ask(minutes, cents=minutes * 99)
            asked = saved_card.collect(payment=asked, now=self.story.now)
            self.pages += [asked.checkout_url] if asked.checkout_url else []

    @precondition(lambda self: self.story.session.state in RUNNING)
    @rule(minutes=st.sampled_from([15, 30, 60]))
    def have_more(self, minutes: int) -> None:
        """What mostly happens."""
        self.ask_for_more(minutes)
        self.answer_the_bank(approve=True)
        self.come_back_from_the_page()

    @rule(approve=st.booleans())
    def answer_the_bank(self, approve: bool) -> None:
        for payment in self.payments():
            if payment.waits_for == Payment.WaitsFor.CONFIRM:
                self.sandbox.authenticate(payment.attempt_id, approve=approve)

    # What is said

    @rule(who=PEOPLE)
    def say_something(self, who: str) -> None:
        """As the writer of messages does, in the machine's own transaction."""
        outcomes: list[Posted | NotPosted] = []
        session_id, user_id, client_id = str(self.story.id), str(self.people[who].id), str(uuid4())
        post = Post(session_id, user_id, client_id, "and?", lambda _, how: outcomes.append(how), time.monotonic())
        sql = statements()
        batch = Batch(sql.look([session_id], [user_id], [(session_id, client_id)]), self.story.now)
        assert batch.judge(post)
        if batch.rows:
            sql.store(batch.rows, batch.seqs, batch.full_at)
        ((_, outcome),) = batch.outcomes
        said = isinstance(outcome, Posted)
        assert not said or (self.session.state in CLAIMED and self.people[who] in self.participants())
        self.happened.update(["something is said"] if said else [])

    # Webhooks

    @rule(how=st.sampled_from(["in order", "backwards", "shuffled", "all again"]), seed=st.integers(0, 99))
    def webhooks_come(self, how: str, seed: int) -> None:
        events = self.sandbox.events()
        if how != "all again":
            events = [one for one in events if one["id"] not in self.told]
        if how == "backwards":
            events.reverse()
        elif how == "shuffled":
            random.Random(seed).shuffle(events)
        for one in events:
            self.told.add(one["id"])
            webhook_inbox.receive(self.notice(one), self.story.now)
        run_due(self.story.now)

    def notice(self, one: dict[str, Any]) -> stripe.EventNotice:
        now = self.story.now
        body, signature = self.sandbox.signed(one, at=now.timestamp())
        return stripe.verified_event(body.encode(), signature, secrets=[WEBHOOK_SECRET], now=now)

    # Support

    @precondition(lambda self: any(payment.captured_cents for payment in self.payments()))
    @rule(cents=st.sampled_from([1, 100, 499, 999, 5000]), bearer=st.sampled_from(Refund.Bearer.values))
    def give_back(self, cents: int, bearer: str) -> None:
        for payment in self.payments():
            with suppress(*self.refusals):
                refunds.refund_session(
                    session_id=self.story.id,
                    by=self.support,
                    payment_id=payment.id,
                    amount_cents=cents,
                    reason="It did not help",
                    borne_by=bearer,
                    now=self.story.now,
                )

    @precondition(lambda self: self.story.session.state in RUNNING)
    @rule(minutes=st.sampled_from([1, 5, 20]))
    def go_on_and_end_it(self, minutes: int) -> None:
        """What mostly happens."""
        self.story.wait(minutes=minutes)
        with suppress(*self.refusals):
            self.story.end(self.people["customer"])
        self.story.wait(minutes=1)

    # The mechanics

    @rule(who=st.sampled_from(["mechanic", "mechanic2"]), action=st.sampled_from(["finish", "finish", "leave"]))
    def set_up_payouts(self, who: str, action: str) -> None:
        with suppress(*self.refusals):
            pages = {"refresh_url": "http://localhost/", "return_url": "http://localhost/"}
            self.sandbox.onboard(
                payouts.onboarding_page(user=self.people[who], country="US", **pages, now=self.story.now), action
            )
            payouts.refresh(PayoutAccount.objects.get(user=self.people[who]), self.story.now)

    @precondition(lambda self: self.story.session.state == "completed" and self.story.session.summarized_at is None)
    @rule()
    def write_the_summary(self) -> None:
        session = self.story.session
        assert session.mechanic
        with suppress(*self.refusals):
            summaries.submit_summary(session_id=session.id, by=session.mechanic, now=self.story.now, data=SUMMARY)

    # The customer's bank

    @precondition(lambda self: any(payment.captured_cents for payment in self.payments()))
    @rule(part=st.sampled_from([1, 2]))
    def a_charge_is_disputed(self, part: int) -> None:
        for charge in self.sandbox.app.store.find("charge"):
            if charge["amount_captured"] and not charge["disputed"] and not charge["amount_refunded"]:
                self.sandbox.control("disputes", charge=charge["id"], amount=charge["amount_captured"] // part)
                return

    @precondition(lambda self: self.open_disputes())
    @rule(won=st.booleans())
    def a_dispute_is_decided(self, won: bool) -> None:
        self.sandbox.control("disputes", dispute=self.open_disputes()[0]["id"], won=won)

    def open_disputes(self) -> list[dict[str, Any]]:
        return self.sandbox.app.store.find("dispute", equal={"status": "needs_response"})

    # Who sees what

    def participants(self) -> list[User]:
        return [person for person in (self.session.customer, self.session.mechanic) if person]

    @invariant()
    def only_customer_mechanic_and_support_find_the_session(self) -> None:
        found = {person for person in (*self.people.values(), self.support) if self.is_found_by(person)}
        assert found == {*self.participants(), self.support}

    def is_found_by(self, person: User) -> bool:
        try:
            return visible_session(person, self.session.id) == self.session
        except Session.DoesNotExist:
            return False

    @invariant()
    def nothing_is_said_after_the_end(self) -> None:
        if self.session.ended_at:
            said = self.session.events.filter(kind="message.posted")
            assert not said.filter(at__gt=self.session.ended_at).exists()

    # Invariants, checked against the sandbox's books

    def intents(self) -> list[dict[str, Any]]:
        return self.sandbox.app.store.find("payment_intent")

    def refunded(self, intent: dict[str, Any]) -> int:
        """Return the cents refunded after the capture. Stripe also lists the released rest of a hold as a refund."""
        found = self.sandbox.app.store.find("refund", equal={"payment_intent": intent["id"]})
        return sum(one["amount"] for one in found if one["metadata"].get("refund_id") and one["status"] == "succeeded")

    @invariant()
    def no_more_is_captured_than_was_held_nor_given_back_than_captured(self) -> None:
        for intent in self.intents():
            assert intent["amount_received"] <= intent["amount"]
            if intent["status"] == "succeeded":
                assert 0 <= self.refunded(intent) <= intent["amount_received"]

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        held = [
            one["metadata"]["payment_id"]
            for one in self.intents()
            if one["status"] in ("requires_capture", "succeeded")
        ]
        assert len(held) == len(set(held))

    @invariant()
    def what_is_captured_follows_the_table(self) -> None:
        session, payments = self.story.session, self.payments()
        table = bill.captured(session, payments) if session.state in TERMINAL else {}
        for payment in payments:
            if payment.state == Payment.State.CAPTURED:
                assert payment.captured_cents == table[str(payment.id)] == payment.due_cents

    @invariant()
    def no_more_is_sent_than_the_share_of_what_was_captured(self) -> None:
        for intent in self.intents():
            assert self.sent(intent) * 100 <= intent["amount_received"] * app_settings.MECHANIC_SHARE_PERCENT

    def sent(self, intent: dict[str, Any]) -> int:
        group = {"transfer_group": intent["metadata"].get("payment_id", "")}
        return sum(
            one["amount"] - one["amount_reversed"] for one in self.sandbox.app.store.find("transfer", equal=group)
        )

    @invariant()
    def a_hold_that_is_due_or_open_is_alarmed_before_it_ends(self) -> None:
        late = self.story.now - Paid.sweeps
        for payment in self.payments():
            if payment.state == Payment.State.AUTHORIZED and payment.due_cents != 0:
                assert payment.authorized_at
                assert payment.capture_before
                half = payment.authorized_at + (payment.capture_before - payment.authorized_at) / 2
                alarmed = MoneyAlarm.objects.filter(what=What.HOLD_ENDS, key=str(payment.id)).exists()
                assert alarmed or late <= half
                self.happened.update(["a hold is alarmed"] if alarmed else [])

    @invariant()
    def every_sum_of_the_ledger_is_that_of_its_parts(self) -> None:
        assert books.unexplained() == []

    def what_was_sent_is_what_is_earned_or_owed(self) -> None:
        """What went to the mechanics less what came back, by Stripe's books, is what ours say."""
        sent = sum(self.sent(intent) for intent in self.intents())
        total = books.totals().get("usd", books.Totals())
        assert sent == total.sent == total.earned - total.waiting + total.owed
        owed = sum(debts.owed_by(person.id).get("usd", 0) for person in self.people.values())
        assert owed == total.owed
        assert total.waiting == sum(earning.share_cents - earning.net_cents for earning in Earning.objects.all())
        self.happened.update(["a mechanic owes"] if owed else [])

    def teardown(self) -> None:
        Paid.sweeps = LAST_SWEEPS
        super().teardown()

    def it_is_over(self) -> None:
        self.power.out_at = None
        for dispute in self.open_disputes():
            self.sandbox.control("disputes", dispute=dispute["id"], won=False)
        self.webhooks_come("all again", 0)
        self.story.wait(minutes=60 * 30)
        assert reconcile.differences(NOON - timedelta(days=1)) == []
        assert standstills.find(self.story.now) == []
        assert not Job.objects.exclude(parked_at=None).exists()
        assert not self.sandbox.app.store.find("checkout.session", equal={"status": "open"})
        assert {one["status"] for one in self.intents()} <= {"succeeded", "canceled", "requires_payment_method"}
        self.both_books_agree()

    def lost(self, intent: dict[str, Any]) -> int:
        found = self.sandbox.app.store.find("dispute", equal={"payment_intent": intent["id"], "status": "lost"})
        return sum(one["amount"] for one in found)

    def both_books_agree(self) -> None:
        captured = {one["metadata"]["payment_id"]: one for one in self.intents() if one["status"] == "succeeded"}
        earned = 0
        for payment in self.payments():
            intent = captured.get(str(payment.id))
            self.happened[f"{payment.purpose} {payment.state}"] += 1
            assert payment.captured_cents == (intent["amount_received"] if intent else 0)
            given = payment.refunds.filter(state=Refund.State.ISSUED)
            assert sum(refund.amount_cents for refund in given) == (self.refunded(intent) if intent else 0)
            assert not payment.mismatch
            if intent:
                borne = given.filter(borne_by=Refund.Bearer.MECHANIC).aggregate(cents=Sum("amount_cents"))["cents"] or 0
                kept = max(0, intent["amount_received"] - borne - self.lost(intent))
                earned += kept * app_settings.MECHANIC_SHARE_PERCENT // 100
                amounts = {"sent": self.sent(intent), "refunded": self.refunded(intent), "lost": self.lost(intent)}
                self.happened.update(name for name, cents in amounts.items() if cents)
        total = books.totals().get("usd", books.Totals())
        assert total.sent - total.owed <= earned
        self.what_was_sent_is_what_is_earned_or_owed()
