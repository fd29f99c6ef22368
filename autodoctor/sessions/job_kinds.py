"""The kinds of jobs that sessions schedule beside those of their rules (`rules/table.py`)."""

from autodoctor.scheduler.handlers import JobKind


class SessionJob(JobKind):
    REQUEST_OFFER = "request.offer"
    ALERT_UNTAKEN = "alert.untaken"
    ANSWER_OVERDUE = "answer.overdue"
    SWEEP = "sessions.sweep"
    REALIGN = "sessions.realign"
    FORGET_UNPAID = "sessions.forget_unpaid"
