"""The job that mails a summary, or a correction, to the customer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from autodoctor.core import links
from autodoctor.files.listing import open_file
from autodoctor.files.models import StoredFile
from autodoctor.mail.delivery import answering, deliver
from autodoctor.mail.jobs import FAILED
from autodoctor.mail.message import Attachment
from autodoctor.scheduler.handlers import Handler, JobKind, JobPayload
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.summaries import document, pdf
from autodoctor.summaries.models import Correction, Summary

PDF_NAME = "summary.pdf"
TEMPLATES = "summaries/mail/"
MOST_BYTES = 6_000_000  # of a mail's files: in base64 and with its text 8 MB. Services take 10 MB, some inboxes less


class SummaryJob(JobKind):
    MAIL = "summary.mail"
    PROPOSE = "summary.propose"


class SummaryFact(JobKind):
    """What happened to a summary. The session is the key; `job_registry.py` says what follows."""

    SUBMITTED = "summary.submitted"


class SendSummary(JobPayload, total=False):
    """`copy` names a mail that support requests: the `seq` of the event that says so."""

    copy: int


def send(job: Job, now: datetime) -> None:
    """Send the mail: `<session>` is the summary, `<session>:<number>` a correction.

    A row records when the server has accepted the mail, so a second copy is sent only if we die between the two. A mail
    that support requests is separate: under the first mail's id the receiver's server might drop it.
    """
    session_id, number = session_in(job), job.key.partition(":")[2]
    payload: SendSummary = job.payload
    summary = Summary.objects.select_related("session__customer", "session__mechanic__mechanic_profile").get(
        session_id=session_id
    )
    what: QuerySet[Any] = Summary.objects.filter(pk=summary.pk)
    template = "summary"
    if number:
        what, template = Correction.objects.filter(summary=summary, number=number), "correction"
    if what.filter(mailed_at=None).exists():
        key = ":".join([job.key, *([f"copy-{payload['copy']}"] if "copy" in payload else [])])
        _send(summary, TEMPLATES + template, key, {"correction": what.get() if number else None})
        what.update(mailed_at=now)


def session_in(job: Job) -> UUID:
    return UUID(job.key.partition(":")[0])


def _send(summary: Summary, template: str, key: str, more: Mapping[str, Any]) -> None:
    shown, customer = document.of(summary), summary.session.customer
    images = {f"photo-{file.id}": _thumbnail(file) for file in shown.photos}
    left = MOST_BYTES - sum(len(image) for _type, image in images.values())
    content = pdf.fitting(shown, time_zone=customer.time_zone, most_bytes=left)
    page = links.absolute(links.summary_page(summary.pk))
    deliver(
        template,
        to=answering(customer, summary.pk),
        context={"document": shown, "page": page, "is_attached": content is not None, **more},
        key=f"summary:{key}",
        attachments=[Attachment(PDF_NAME, "application/pdf", content)] if content else [],
        images=images,
    )


def _thumbnail(file: StoredFile) -> tuple[str, bytes]:
    """Return the small picture; as JPEG, because a screenshot's is many times as large in its own kind."""
    with open_file(file, thumbnail=True) as stored:
        return "image/jpeg", pdf.as_jpeg(stored, pdf.PHOTO_PIXELS)


JOBS: dict[str, Handler] = {SummaryJob.MAIL: Handler(send, lane=Lane.HEAVY, attempts=30, failed=FAILED)}
