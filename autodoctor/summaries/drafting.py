"""What is proposed beside the form of a summary: by rules at once, by the configured service once it has answered."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.scheduler.handlers import Handler, Retry
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.lifecycle import summaries
from autodoctor.sessions.models import Session
from autodoctor.summaries import drafter
from autodoctor.summaries.jobs import SummaryJob
from autodoctor.summaries.models import ServiceLines
from autodoctor.summaries.proposals import Field, Proposal, propose
from autodoctor.summaries.sources import sources_of

logger = logging.getLogger(__name__)
PAUSES = (timedelta(seconds=20), timedelta(minutes=2))  # after each try that failed but the last
State = ServiceLines.State


@dataclass(frozen=True)
class Proposed:
    """The proposals of a session by field, and how the service stands: its host, and whether it was asked."""

    session: Session

    @cached_property
    def _row(self) -> ServiceLines | None:
        return ServiceLines.objects.filter(session=self.session).first() if settings.DRAFTER.url else None

    @cached_property
    def _all(self) -> list[Proposal]:
        sources = sources_of(self.session)
        if self._row and self._row.state == State.READY:
            return drafter.proposals(self._row.lines, {source.id: source for source in sources})
        return propose(sources)

    @property
    def service(self) -> str:
        return urlsplit(settings.DRAFTER.url).hostname or "" if settings.DRAFTER.url else ""

    @property
    def state(self) -> str:
        """Return how the service stands; empty if it was not asked."""
        return self._row.state if self._row else ""

    def _of(self, field: Field) -> list[Proposal]:
        return [proposal for proposal in self._all if proposal.field is field]

    @property
    def findings(self) -> list[Proposal]:
        return self._of(Field.FINDINGS)

    @property
    def steps(self) -> list[Proposal]:
        return self._of(Field.STEPS)

    @property
    def next_steps(self) -> list[Proposal]:
        return self._of(Field.NEXT_STEPS)

    @property
    def parts(self) -> list[Proposal]:
        return self._of(Field.PARTS)


def ask_service(*, session_id: UUID, by: User, now: datetime) -> None:
    """Have the service propose lines. Only the mechanic who writes the summary may. Pressed again it asks again.

    Raises what `check_writing` does, and `Refused` where no service is configured.
    """
    if not settings.DRAFTER.url:
        raise Refused("no_drafter", _("No service that proposes lines is set up here."))
    with transaction.atomic():
        summaries.check_writing(session_id=session_id, by=by)
        facts = {"state": State.ASKED, "lines": [], "asked_at": now}
        ServiceLines.objects.update_or_create(session_id=session_id, defaults=facts)
        schedule(SummaryJob.PROPOSE, str(session_id), now, session_id=session_id)


def fetch_lines(job: Job, now: datetime) -> None:
    """Ask the service. After the last try the rules' lines stay, and the page says that the service did not answer."""
    row = ServiceLines.objects.select_related("session").filter(session=UUID(job.key), state=State.ASKED).first()
    if row is None or row.session.summarized_at or not settings.DRAFTER.url:
        return
    try:
        row.lines, row.state = drafter.draft(sources_of(row.session)), State.READY
    except drafter.Unanswered as error:
        if job.attempts < len(PAUSES):
            raise Retry(PAUSES[job.attempts], str(error)) from error
        logger.warning("No lines were proposed: %s", error)
        row.state = State.FAILED
    ServiceLines.objects.filter(session=row.session, asked_at=row.asked_at).update(lines=row.lines, state=row.state)


JOBS: dict[str, Handler] = {SummaryJob.PROPOSE: Handler(fetch_lines, lane=Lane.HEAVY)}
