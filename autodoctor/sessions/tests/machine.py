"""A state machine of a session: steps of two people and a clock in any order, and the invariants.

Subclasses add the payments.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle import endings, releases, substitutes, transitions
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import participants
from autodoctor.sessions.rules import schedule, settlement, shares
from autodoctor.sessions.states import CLAIMED, OFFERED, TERMINAL, InvalidTransition
from autodoctor.sessions.tests.story import CHAT, Story

NO = (InvalidTransition, Refused, Session.DoesNotExist)
PEOPLE = st.sampled_from(["customer", "mechanic", "mechanic2"])
STOPS: dict[str, Callable[..., object]] = {
    "cancel": endings.cancel_session,
    "end": endings.end_session,
    "release": releases.release_request,
}


class Course(RuleBasedStateMachine):
    """A session in a transaction that is rolled back. `refusals`: the errors that an untimely step may raise.

    `happened` counts situations over all sessions of a run: a run whose steps are all refused shows nothing.
    """

    happened: ClassVar[Counter[str]] = Counter()
    refusals: tuple[type[Exception], ...] = NO

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.people = {name: User.objects.create_user(f"{name}@example.com", None, name=name) for name in
                       ("customer", "mechanic", "mechanic2")}  # fmt: skip
        for name in ("mechanic", "mechanic2"):
            MechanicProfile.objects.create(
                user=self.people[name],
                headline="h",
                years_experience=1,
                skills="s",
                state="approved",
                taking_sessions=True,
            )
        self.story: Story = self.begin()
        self.look()
        self.ends_at = self.session.ends_at

    @classmethod
    def play(cls, *steps: Callable[[Self], object]) -> None:
        """Play a session of these steps, and check the invariants after each."""
        machine = cls()
        try:
            for step in steps:
                step(machine)
                machine.check()
        finally:
            machine.teardown()

    def look(self) -> None:
        """Read the state once between two steps: conditions and invariants share it."""
        self.session, self.paid = self.story.session, self.payments()
        self.booking = next(payment for payment in self.paid if payment.purpose == "booking")

    def check_invariants(self, *given: Any) -> None:
        self.look()
        super().check_invariants(*given)

    def check(self) -> None:
        self.look()
        for each in self.invariants:
            each.function(self)

    def begin(self) -> Story:
        return Story(self.people["customer"], self.people["mechanic"])

    def it_is_over(self) -> None:
        """Check the final state."""

    def teardown(self) -> None:
        try:
            self.story.wait(minutes=60 * 30)  # every session ends by itself
            self.it_is_over()
            self.check()
            self.happened.update(self.story.session.events.values_list("kind", flat=True))
            assert self.story.session.state in TERMINAL
            for payment in self.payments():
                assert payment.due_cents is not None
                assert payment.granted_at or payment.purpose == "booking" or payment.due_cents == 0
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    @initialize(steps=st.sampled_from([4, 4, 4, 4, 3, 2, 1, 0]))
    def get_going(self, steps: int) -> None:
        """Play the steps to a live session, where most rules apply. A run begins with the first."""
        for _ in range(steps):
            self.one_step_further()

    @rule()
    def one_step_further(self) -> None:
        """Play the usual next step, so that most runs progress."""
        story, session = self.story, self.story.session
        steps: dict[str, Callable[[], object]] = {
            "draft": story.pay,
            "requested": story.accept,
            "accepted": lambda: story.join(self.people["customer"], session.mechanic or self.people["mechanic"]),
            "waiting": self.start,
            "handing_over": lambda: story.accept(self.people["mechanic2"]),
            "reconnecting": lambda: story.join(self.people["customer"], session.mechanic or self.people["mechanic"]),
        }
        with suppress(*self.refusals):
            steps.get(session.state, lambda: None)()

    @rule(who=PEOPLE)
    def accept(self, who: str) -> None:
        with suppress(*self.refusals):
            self.story.accept(self.people[who])

    @rule(who=PEOPLE)
    def join(self, who: str) -> None:
        with suppress(*self.refusals):
            self.story.join(self.people[who])

    @rule(who=PEOPLE)
    def leave(self, who: str) -> None:
        self.story.leave(self.people[who])

    @rule(who=PEOPLE, seconds=st.sampled_from([3, 6, 61, 200, 400]))
    def is_away_for_a_while(self, who: str, seconds: int) -> None:
        self.leave(who)
        self.story.wait(seconds=seconds)
        self.join(who)

    @rule()
    def start(self) -> None:
        mechanic = self.story.session.mechanic
        if mechanic:
            with suppress(*self.refusals):
                transitions.start_session(session_id=self.story.id, by=mechanic, now=self.story.now)

    @rule(who=PEOPLE, what=st.sampled_from(sorted(STOPS)))
    def stop(self, who: str, what: str) -> None:
        extra = {"reason": "x"} if what == "release" else {}
        with suppress(*self.refusals):
            STOPS[what](session_id=self.story.id, by=self.people[who], now=self.story.now, **extra)

    @rule(who=PEOPLE)
    def ask_for_substitute(self, who: str) -> None:
        by, now = self.people[who], self.story.now
        with suppress(*self.refusals):
            substitutes.ask_for_substitute(session_id=self.story.id, by=by, note="A coil", now=now)

    @precondition(lambda self: self.session.end_reason == "ended_by_mechanic")
    @rule(solved=st.booleans())
    def answer(self, solved: bool) -> None:
        endings.answer_solved(session_id=self.story.id, by=self.people["customer"], solved=solved, now=self.story.now)

    @rule(minutes=st.sampled_from([None, 0, 15, 60]))
    def allow(self, minutes: int | None) -> None:
        mechanic = self.story.session.mechanic
        with suppress(*self.refusals):
            self.story.allow(minutes, by=mechanic or self.people["mechanic"])

    def payments(self) -> list[Payment]:
        return list(Payment.objects.filter(owner_id=self.story.id).order_by("created_at"))

    def open_extension(self) -> Payment | None:
        return next((p for p in self.paid if p.purpose == "extension" and p.state == "created"), None)

    @precondition(lambda self: self.open_extension() is not None)
    @rule()
    def rather_not(self) -> None:
        payment = self.open_extension()
        assert payment
        with suppress(*self.refusals):
            self.story.cancel_extension(payment)

    @rule(seconds=st.sampled_from([1, 4, 6, 30, 61, 130, 200, 299, 301, 600, 1500]))
    def wait(self, seconds: int) -> None:
        self.story.wait(seconds=seconds)

    @rule(minutes=st.sampled_from([1, 4, 12, 50]))
    def outage(self, minutes: int) -> None:
        self.story.outage(minutes=minutes)

    @invariant()
    def the_log_has_no_gaps(self) -> None:
        numbers = list(self.session.events.order_by("seq").values_list("seq", flat=True))
        assert numbers == list(range(1, self.session.seq + 1))

    @invariant()
    def every_deadline_it_should_have_is_set(self) -> None:
        state = participants.load_state(self.session, self.story.now)
        assert not schedule.differs(state, schedule.scheduled_deadlines([self.story.id])[self.story.id])

    @invariant()
    def a_mechanic_is_bound_exactly_while_it_is_claimed(self) -> None:
        session = self.session
        if session.state in CLAIMED:
            assert session.mechanic_id is not None
        if session.state in OFFERED:
            assert session.mechanic_id is None
        if session.state == "completed":
            assert session.mechanic_id is not None

    @invariant()
    def another_mechanic_is_looked_for_with_the_clock_paused(self) -> None:
        session = self.session
        if session.state == "handing_over":
            assert (session.pause_cause, session.search_at is None) == ("mechanic", False)

    @invariant()
    def every_second_that_ran_is_a_mechanics(self) -> None:
        session = self.session
        carried = shares.carried(session, session.participants.filter(role="mechanic"))
        if session.state == "completed":
            assert sum(seconds for _mechanic, seconds in carried) == settlement.used_seconds(session)

    @invariant()
    def the_clock_only_grows_and_no_one_gets_more_than_was_granted(self) -> None:
        session = self.session
        if session.started_at is None or session.ends_at is None:
            return
        assert session.ends_at >= session.started_at + timedelta(seconds=session.granted_seconds)
        assert self.ends_at is None or session.ends_at >= self.ends_at
        self.ends_at = session.ends_at
        assert 0 <= session.lenient_seconds_used <= 180
        if session.ended_at:
            assert 0 <= settlement.used_seconds(session) <= session.granted_seconds

    @invariant()
    def only_what_is_paid_for_takes_place(self) -> None:
        session = self.session
        if session.state != "draft" and session.end_reason != "unpaid":
            assert session.requested_at or session.state == "cancelled"
            assert self.booking.authorized_at or session.state == "cancelled"

    @invariant()
    def the_time_is_what_was_booked_and_what_was_given(self) -> None:
        given = [p for p in self.paid if p.purpose == "extension" and p.granted_at]
        assert all(payment.authorized_at for payment in given)
        assert self.session.granted_seconds == CHAT.seconds + sum(payment.seconds for payment in given)

    @invariant()
    def one_extension_is_open_at_most(self) -> None:
        waiting = [p for p in self.paid if p.purpose == "extension" and p.state == "created" and p.due_cents is None]
        assert len(waiting) <= 1
