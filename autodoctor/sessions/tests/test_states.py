"""The table of states: no state without a way out, no cycle without an end, no transition beside it."""

import re

import pytest
from django.conf import settings

from autodoctor.sessions.jobs.handlers import JOBS
from autodoctor.sessions.rules.rule import Step, Tell
from autodoctor.sessions.rules.table import DEADLINES
from autodoctor.sessions.states import (
    BEFORE_START,
    CLAIMED,
    OFFERED,
    OPEN,
    RUNNING,
    TAKES_MESSAGES,
    TERMINAL,
    TRANSITIONS,
    EventKind,
    InvalidTransition,
    State,
    check,
)


def names(cycle: frozenset[State]) -> list[str]:
    return sorted(state.value for state in cycle)


def cycles() -> list[frozenset[State]]:
    """The sets of states that can be left and come back to (strongly connected, more than one state)."""

    def reachable(start: State) -> set[State]:
        seen: set[State] = set()
        waiting = list(TRANSITIONS[start])
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                waiting.extend(TRANSITIONS[state])
        return seen

    found = {
        frozenset({other for other in State if other in reachable(state) and state in reachable(other)})
        for state in State
    }
    return sorted((cycle for cycle in found if cycle), key=names)


def test_every_state_is_in_the_table_of_transitions() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {State.COMPLETED, State.CANCELLED, State.EXPIRED} == TERMINAL


@pytest.mark.parametrize("state", sorted(OPEN))
def test_every_open_state_has_a_deadline_out_of_it_that_nobody_can_prevent(state: State) -> None:
    ways_out = [d for d in DEADLINES.values() if state in d.states and d.certain and d.leads_to not in (None, state)]
    assert ways_out
    assert all(deadline.leads_to in TRANSITIONS[state] for deadline in ways_out)


@pytest.mark.parametrize("cycle", cycles(), ids=lambda cycle: "-".join(names(cycle)))
def test_no_cycle_of_states_goes_on_for_ever(cycle: frozenset[State]) -> None:
    """One deadline covers the whole cycle, does not move in it, and leads out of it."""
    assert any(
        deadline.fixed and deadline.certain and cycle <= deadline.states and deadline.leads_to not in cycle
        for deadline in DEADLINES.values()
    )


def test_the_only_cycles_of_states_are_before_the_start_and_while_running() -> None:
    assert set(cycles()) == {BEFORE_START, RUNNING}


def test_every_deadline_follows_the_table_of_transitions() -> None:
    for deadline in DEADLINES.values():
        if deadline.leads_to:
            # Allowed from every state of the rule, directly or (the cap, never started) on the way.
            assert all(deadline.leads_to in TRANSITIONS[state] for state in deadline.states), deadline.kind


def test_every_deadline_has_a_job_and_every_step_one_rule() -> None:
    assert set(DEADLINES) <= set(JOBS)
    actions = [rule.does for rule in DEADLINES.values()]
    steps = [does.step if isinstance(does, Tell) else does for does in actions]
    assert sorted(step for step in steps if isinstance(step, Step)) == sorted(Step)


# The design's table: from each state to exactly these states.
LEAVES_TO = {
    "draft": "requested cancelled",
    "requested": "accepted cancelled expired",
    "accepted": "waiting requested cancelled expired",
    "waiting": "live accepted requested cancelled expired",
    "live": "reconnecting handing_over completed",
    "reconnecting": "live handing_over completed",
    "handing_over": "reconnecting completed",
    "completed": "",
    "cancelled": "",
    "expired": "",
}


@pytest.mark.parametrize("current", LEAVES_TO)
def test_each_state_allows_the_documented_transitions_and_refuses_others(current: str) -> None:
    allowed = LEAVES_TO[current].split()
    for requested in LEAVES_TO:
        if requested in allowed:
            check(current, requested)
            continue
        with pytest.raises(InvalidTransition) as refused:
            check(current, requested)
        assert refused.value.as_error() == {
            "error": "invalid_transition",
            "current": current,
            "requested": requested,
            "allowed": sorted(allowed),
        }
        assert str(refused.value) == f"{current} cannot become {requested}"


def test_the_design_names_every_state() -> None:
    assert set(LEAVES_TO) == set(State)


def test_a_mechanic_holds_a_session_from_the_acceptance_to_the_end() -> None:
    assert set(CLAIMED) == {"accepted", "waiting", "live", "reconnecting"}


def test_the_groups_of_session_states_are_as_documented() -> None:
    assert set(BEFORE_START) == {"requested", "accepted", "waiting"}
    assert set(RUNNING) == {"live", "reconnecting", "handing_over"}
    assert set(OFFERED) == {"requested", "handing_over"}
    assert set(OPEN) == {"draft", *BEFORE_START, *RUNNING}
    assert set(TAKES_MESSAGES) == {"accepted", "waiting", *RUNNING}


def test_the_protocol_names_every_kind_of_event() -> None:
    text = (settings.BASE_DIR / "docs" / "protocol.md").read_text()
    table = text.partition("## Event kinds")[2].partition("\n\n`preflight.reported` carries")[0]
    named = set()
    for words in re.findall(r"`([^`]+)`", table):
        subject, _, what = words.partition(".")
        named |= {f"{subject}.{kind}" for kind in re.split(r",\s*", what)}
    assert named == set(EventKind)


def test_the_events_that_the_protocol_names_carry_the_whole_session() -> None:
    """As docs/protocol.md says: clients read the session's state from these, and from no others."""
    families = ("session.", "participant.", "summary.", "question.")
    single = {
        "extension.allowed",
        "rating.given",
        "payment.decided",
        "follow_up.answered",
        "camera.allowed",
        "camera.refused",
    }
    for kind in EventKind:
        assert kind.carries_session == (kind.startswith(families) or kind in single), kind
