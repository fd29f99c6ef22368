"""The daily cleanup."""

from datetime import datetime
from importlib import import_module

from django.conf import settings

from autodoctor.accounts.actions import NOTIFY_WITHIN
from autodoctor.accounts.models import Notify
from autodoctor.scheduler.handlers import Handler, JobKind, always
from autodoctor.scheduler.models import Job


class AccountsJob(JobKind):
    TIDY = "accounts.tidy"


def delete_expired(job: Job, now: datetime) -> None:
    """Delete expired browser sessions and expired notification addresses."""
    Notify.objects.filter(asked_at__lte=now - NOTIFY_WITHIN).delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


JOBS: dict[str, Handler] = {AccountsJob.TIDY: Handler(delete_expired, every=always(days=1))}
