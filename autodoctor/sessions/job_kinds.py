"""The kinds of jobs that sessions schedule beside those of their rules (`rules/table.py`)."""

from autodoctor.scheduler.handlers import JobKind


class SessionJob(JobKind):
    REQUEST_OFFER = "request.offer"
    ALERT_UNTAKEN = "alert.untaken"
    SWEEP = "sessions.sweep"
    REALIGN = "sessions.realign"
