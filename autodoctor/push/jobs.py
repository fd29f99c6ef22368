"""The job that sends one message to one browser."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q

from autodoctor.push.delivery import deliver
from autodoctor.push.models import PushSubscription
from autodoctor.push.queue import PushJob, SendPush
from autodoctor.push.silent_services import Silent
from autodoctor.scheduler.handlers import GiveUp, Handler, Retry
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job

GONE = {404, 410}
LATER = {408, 425, 429}
# So many failures in a row, over so long a time: then the browser counts as gone. A service may be out for hours.
MOST_FAILURES, SILENT_FOR = 30, timedelta(days=7)
LONGEST_PAUSE = timedelta(hours=1)


def send(job: Job, now: datetime) -> None:
    """Send the message; nothing if it has expired, or the browser, the person or our keys are gone.

    A browser that subscribed with an earlier key pair of ours is gone, too: it subscribes again at its next visit.
    """
    browser_id = UUID(job.key.partition(":")[0])
    browser = PushSubscription.objects.filter(pk=browser_id, user__is_active=True).first()
    message: SendPush = job.payload
    seconds = int((datetime.fromisoformat(message["until"]) - now).total_seconds())
    if browser is None or seconds < 1 or not settings.VAPID_PUBLIC_KEY:
        return
    if browser.made_for != settings.VAPID_PUBLIC_KEY:
        browser.delete()
        return
    try:
        status, again = deliver(browser, message, seconds=seconds)
    except Silent:  # nobody was asked: it is not the browser that fails
        raise
    except Exception:
        _failed(browser, now)
        raise
    _settle(browser, status, again, now)


def _settle(browser: PushSubscription, status: int, again: str, now: datetime) -> None:
    """Delete a gone browser; retry a service with problems; any other refusal is permanent."""
    this = PushSubscription.objects.filter(pk=browser.pk)
    if status in GONE:
        this.delete()
    elif 200 <= status < 300:
        this.update(last_ok_at=now, failures=0)
    else:
        _failed(browser, now)
        if status not in LATER and status < 500:
            raise GiveUp(f"the push service answered {status}")
        if again.isascii() and again.isdigit():
            raise Retry(min(timedelta(seconds=int(again[:6])), LONGEST_PAUSE), f"the push service answered {status}")
        raise RuntimeError(f"the push service answered {status}")


def _failed(browser: PushSubscription, now: datetime) -> None:
    this = PushSubscription.objects.filter(pk=browser.pk)
    this.update(failures=F("failures") + 1)
    was_there = Q(created_at__gt=now - SILENT_FOR) | Q(last_ok_at__gt=now - SILENT_FOR)
    this.filter(failures__gte=MOST_FAILURES).exclude(was_there).delete()


# Tried as long as the news is news: a job whose moment is over ends by itself.
JOBS: dict[str, Handler] = {PushJob.SEND: Handler(send, lane=Lane.PUSH, attempts=12)}
