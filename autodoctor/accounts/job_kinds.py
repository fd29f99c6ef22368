"""Facts about people that `job_registry.py` hands upward."""

from autodoctor.scheduler.handlers import JobKind, JobPayload


class AccountsFact(JobKind):
    MECHANIC_LEFT = "mechanic.left"  # the key is the mechanic's id


class MechanicLeft(JobPayload):
    """When the mechanic stopped taking sessions or was shut out, in ISO 8601."""

    at: str
