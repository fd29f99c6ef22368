"""Any order of steps around a request for one mechanic: it waits no longer than promised, opens once, and is never
lost.
"""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from autodoctor.accounts import actions as accounts
from autodoctor.scheduler.loop import run_due
from autodoctor.sessions.lifecycle import releases
from autodoctor.sessions.states import TERMINAL
from autodoctor.sessions.tests.machine import NO, Course
from autodoctor.sessions.tests.test_private_requests import opened, sees, until
from tests.kit.examples import examples

pytestmark = pytest.mark.django_db


class AskedMachine(Course):
    """A request for one mechanic, while people press what they can, the mechanic comes and goes, and time passes."""

    @initialize(only=st.booleans(), minutes=st.sampled_from([None, 1, 10, 29, 500]), hours=st.sampled_from([0, 0, 0.2]))
    def get_going_with_one(self, only: bool, minutes: float | None, hours: float) -> None:
        self.story.asks_for(self.people["mechanic"], only=only, minutes=minutes)
        self.story.wait(minutes=hours * 60).pay()
        self.promised = until(self.story)

    def get_going(self, steps: int) -> None:
        """The first step is above; the others come by themselves."""

    @rule(who=st.sampled_from(["mechanic", "mechanic2"]), taking=st.booleans())
    def switch(self, who: str, taking: bool) -> None:
        with suppress(accounts.Refused):
            accounts.set_taking_sessions(mechanic=self.people[who], taking=taking, now=self.story.now)
        run_due(self.story.now)

    @rule(who=st.sampled_from(["mechanic", "customer"]), reason=st.sampled_from(["passed", "asked_everybody"]))
    def press(self, who: str, reason: str) -> None:
        with suppress(*NO):
            releases.release_request(session_id=self.story.id, by=self.people[who], reason=reason, now=self.story.now)

    @invariant()
    def a_private_request_waits_no_longer_than_promised(self) -> None:
        if self.session.is_private and self.promised:
            assert self.story.now <= max(self.promised, self.session.requested_at or self.promised)

    @invariant()
    def nobody_else_sees_it_while_it_is_private(self) -> None:
        visible = sees(self.people["mechanic2"], self.story)
        assert not (visible and self.session.is_private)

    @invariant()
    def it_is_opened_once_at_most(self) -> None:
        assert len(opened(self.story)) <= 1

    @invariant()
    def it_is_never_lost(self) -> None:
        """Whoever paid has a mechanic, a place in a queue, an end, or is waiting for another mechanic."""
        session = self.session
        waits = session.state == "requested" and (session.is_private or session.private_until is None)
        assert waits or session.mechanic_id or session.state in {"draft", "handing_over", *TERMINAL}

    @invariant()
    def what_nobody_else_may_have_is_nobody_elses(self) -> None:
        if self.session.asked_only and self.session.mechanic_id and not self.session.handed_over:
            assert self.session.mechanic_id == self.people["mechanic"].id


@pytest.mark.on_postgres
def test_any_order_of_steps_opens_or_ends_a_private_request_as_promised() -> None:
    AskedMachine.happened.clear()
    run_state_machine_as_test(
        AskedMachine,
        settings=settings(
            max_examples=examples(30), stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert AskedMachine.happened["session.opened"]
