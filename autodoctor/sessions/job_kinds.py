"""The kinds of jobs that sessions schedule beside those of their rules (`rules/table.py`)."""

from autodoctor.scheduler.handlers import JobKind


class SessionJob(JobKind):
    REQUEST_OFFER = "request.offer"
    ALERT_UNTAKEN = "alert.untaken"
    ANSWER_OVERDUE = "answer.overdue"
    SWEEP = "sessions.sweep"
    REALIGN = "sessions.realign"
    TELL_OF_RETURN = "mechanic.back"
    FORGET_UNPAID = "sessions.forget_unpaid"
    READ_CHATS = "sessions.read_chats"


class SessionFact(JobKind):
    """What happened to a session. The session is the key; `job_registry.py` says what follows."""

    RECORDING_OVER = "session.recording_over"
