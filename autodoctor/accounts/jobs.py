"""The daily cleanup."""

from datetime import datetime
from importlib import import_module

from django.conf import settings

from autodoctor.accounts.actions import TOLD_FOR
from autodoctor.accounts.models import Notify
from autodoctor.scheduler.handlers import Handler, JobKind, always
from autodoctor.scheduler.models import Job


class AccountsJob(JobKind):
    TIDY = "accounts.tidy"


def tidy(job: Job, now: datetime) -> None:
    """Delete expired browser sessions and expired notification addresses."""
    Notify.objects.filter(asked_at__lte=now - TOLD_FOR).delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


JOBS: dict[str, Handler] = {AccountsJob.TIDY: Handler(tidy, every=always(days=1))}
