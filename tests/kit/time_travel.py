"""Time travel for a session: every time in its rows moves back, and the running server notices the due jobs."""

from uuid import UUID

from tests.kit.scene import key
from tests.kit.server import Server

SESSION_MOMENTS = (
    "state_at created_at payable_until requested_at unattended_at released_at accepted_at started_at ends_at clock_at "
    "hold_until search_at paused_at unpaused_at ended_at extended_at used_share_from summarized_at question_at "
    "question_over_at recorded_at"
).split()
PART_MOMENTS = "joined_at in_since last_seen_at missed_at released_at handed_over_at receiving_at failing_since".split()


def pass_time(server: Server, session_id: str | UUID, seconds: float) -> None:
    """Move every time stamp of the session back by `seconds`, as if that time had passed.

    Less than 0: as if time that did pass had not.
    """
    id_ = UUID(str(session_id))
    _move(server, "autodoctor_sessions_session", SESSION_MOMENTS, seconds, "id", key(server, id_))
    _move(server, "autodoctor_sessions_participant", PART_MOMENTS, seconds, "session_id", key(server, id_))
    _move(server, "scheduler_job", ["due_at", "run_at"], seconds, "key", str(id_))


def _move(server: Server, table: str, columns: list[str], seconds: float, where: str, value: str) -> None:
    changes = ", ".join(f"{name} = {_earlier(server, name, seconds)}" for name in columns)
    server.sql(f"UPDATE {table} SET {changes} WHERE {where} = %s", value)


def _earlier(server: Server, name: str, seconds: float) -> str:
    """Return the SQL of this column's moment, so many seconds earlier."""
    if server.is_sqlite:
        return f"strftime('%Y-%m-%d %H:%M:%f', {name}, '{-seconds:+.3f} seconds')"
    return f"{name} - interval '{seconds:.3f} seconds'"
