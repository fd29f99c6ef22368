""" "Get help" over HTTP: ask support and read the answers."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Schema, Status

from autodoctor.accounts.api_auth import SIGNED_IN, user_of
from autodoctor.accounts.models import Role
from autodoctor.conversations.messages import LONGEST
from autodoctor.conversations.topics import Reason
from autodoctor.core.errors import Refused
from autodoctor.rates.limits import HELP
from autodoctor.rates.web import Counted
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.record import event_log
from autodoctor.sessions.web.api import FAILURES, EventOut, router, visible_session


class Question(Schema):
    reason: Reason
    text: str = Field(min_length=1, max_length=LONGEST * 2)
    client_id: UUID | None = Field(None, description="Repeating the id returns the same question")


class ThreadOut(Schema):
    open: bool = Field(description="Whether you can ask support now")
    events: list[EventOut]


@router.get("/sessions/{uuid:session_id}/help", response={200: ThreadOut, **FAILURES}, auth=SIGNED_IN, tags=["help"])
def read_help(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    """Read your thread with support. Nobody else in the session sees it."""
    session = visible_session(user_of(request), session_id)
    if event_log.role_in(user_of(request), session) == Role.SUPPORT:
        raise Refused("not_a_party", _("Support reads help threads on the support desk."), 403)
    thread = help_requests.thread_of(session, user_of(request))
    return {"open": help_requests.is_open(session, timezone.now()), "events": help_requests.as_frames(thread)}


@router.post(
    "/sessions/{uuid:session_id}/help",
    response={201: EventOut, **FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(HELP),
    tags=["help"],
)
def ask_for_help(request: HttpRequest, session_id: UUID, body: Question) -> Status[dict[str, Any]]:
    """Ask support in any state, until 30 days after the end. The answer is an event of kind `help.answered`."""
    asked = help_requests.ask_support(
        session_id=session_id,
        by=user_of(request),
        reason=body.reason.value,
        text=body.text,
        client_id=body.client_id,
        now=timezone.now(),
    )
    return Status(201, event_log.as_frame(asked))
