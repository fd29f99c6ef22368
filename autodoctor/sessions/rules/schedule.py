"""The schedule of a session: its rules, their due times, and the jobs for them.

No deadline is set by hand: `align_deadlines` derives all deadlines from the session's state.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from autodoctor.scheduler.queue import pending, reschedule
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules.rule import Rule
from autodoctor.sessions.rules.table import DEADLINES


def expected_deadlines(state: SessionState) -> dict[str, datetime]:
    """Return which deadlines this session should have now, and when each is due."""
    moments = {rule.kind: moment_of(rule, state) for rule in DEADLINES.values()}
    return {kind: moment for kind, moment in moments.items() if moment is not None}


def moment_of(rule: Rule, state: SessionState) -> datetime | None:
    """Return when this rule is due for the session; None if it does not apply now."""
    if state.session.state not in rule.states or _has_fired(rule, state):
        return None
    return rule.due(state)


def _has_fired(rule: Rule, state: SessionState) -> bool:
    return rule.once_per is not None and (rule.kind, rule.once_per(state.session)) in state.fired


def scheduled_deadlines(session_ids: Iterable[UUID]) -> dict[UUID, dict[str, datetime]]:
    """Return the deadlines that the scheduler holds for these sessions."""
    found: dict[UUID, dict[str, datetime]] = {session_id: {} for session_id in session_ids}
    for job in pending(DEADLINES, [str(session_id) for session_id in found]):
        found[UUID(job.key)][job.kind] = job.due_at
    return found


def differs(state: SessionState, held: dict[str, datetime]) -> bool:
    """Return whether an expected deadline is missing or late. An extra or early deadline does no harm: its rule does
    nothing.
    """
    return any(kind not in held or held[kind] > moment for kind, moment in expected_deadlines(state).items())


def align_deadlines(state: SessionState, have: Mapping[str, datetime]) -> None:
    """Schedule, move and cancel jobs to match the expected deadlines. `have`: the scheduled ones."""
    want = expected_deadlines(state)
    changed = {kind: moment for kind, moment in want.items() if have.get(kind) != moment}
    session_id, outdated = state.session.id, have.keys() - want.keys()
    reschedule(str(session_id), cancelled=outdated, scheduled=changed, session_id=session_id)
