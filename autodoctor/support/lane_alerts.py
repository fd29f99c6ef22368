"""Tell support that a lane stands still. The board shows it meanwhile, `/support/jobs/` the details."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from autodoctor.mail.queue import queue_mail
from autodoctor.push.queue import PushNote, queue_push
from autodoctor.scheduler.lane_watch import LaneNews
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.record.alerts import support_staff

IS_NEWS = timedelta(minutes=30)


def tell_of_standstill(job: Job, now: datetime) -> None:
    """By mail and by push message: one of the two may be what stands still."""
    lane = Lane(job.key)
    news: LaneNews = job.payload
    facts = {
        "lane": lane.label,
        "waiting": news["waiting"],
        "failing": news["failing"],
        "since_at": news["since"],
        "jobs_page": reverse("support_jobs"),
    }
    _mail("support/mail/lane_stands_still", lane, facts, news["since"], now)
    _push(lane, _("%(lane)s: jobs stand still") % {"lane": lane.label}, now)


def tell_of_recovery(job: Job, now: datetime) -> None:
    """By push message, which replaces the first."""
    lane = Lane(job.key)
    _push(lane, _("%(lane)s: jobs run again") % {"lane": lane.label}, now)


def _mail(template: str, lane: Lane, facts: dict[str, object], since: str, now: datetime) -> None:
    for person in support_staff():
        queue_mail(template, to=person, context=facts, key=f"lane:{lane}:{since}:{person.id}", now=now)


def _push(lane: Lane, title: str, now: datetime) -> None:
    page = reverse("support_jobs")
    body = _("See which jobs wait, and since when.")
    note = PushNote(title=title, body=body, path=page, topic=f"lane:{lane}", until=now + IS_NEWS)
    queue_push(note, to=[person.id for person in support_staff()], now=now)
