"""Help without a session over HTTP, for people with an account: ask, read the answers, write more."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status
from pydantic import WithJsonSchema

from autodoctor.accounts.api_auth import SIGNED_IN, Failure, Invalid, user_of
from autodoctor.accounts.models import Role
from autodoctor.conversations import asking, record
from autodoctor.conversations.messages import LONGEST
from autodoctor.conversations.models import Conversation, Entry, State
from autodoctor.conversations.topics import Topic
from autodoctor.core.errors import Refused
from autodoctor.rates.limits import HELP, QUESTIONS
from autodoctor.rates.web import Counted

router = Router(tags=["help"])
FAILURES = {401: Failure, 403: Failure, 404: Failure, 409: Failure, 422: Invalid}
MOST = 100  # conversations, the latest


class QuestionIn(Schema):
    topic: Topic
    text: str = Field(min_length=1, max_length=LONGEST * 2)
    client_id: UUID | None = Field(None, description="Repeating the id returns the same conversation")


class EntryIn(Schema):
    text: str = Field(min_length=1, max_length=LONGEST * 2)
    client_id: UUID | None = Field(None, description="Repeating the id returns the same message")


class EntryOut(Schema):
    """Named like an event of a session's log."""

    type: str
    seq: int
    kind: str
    at: datetime
    by: dict[str, str] | None
    client_id: UUID | None
    data: dict[str, Any]


class ConversationOut(Schema):
    id: UUID
    topic: Topic
    state: Annotated[State, WithJsonSchema({"type": "string", "enum": State.values})]  # sessions have states, too
    state_at: datetime
    created_at: datetime
    seq: int
    unread: bool = Field(description="Whether it has an answer that you have not read")


class ConversationWithEntries(ConversationOut):
    events: list[EntryOut]


@router.get("/help", response={200: list[ConversationOut], **FAILURES}, auth=SIGNED_IN)
def list_conversations(request: HttpRequest) -> list[Conversation]:
    """Your questions to support outside a session, the latest change first."""
    return list(_own(request)[:MOST])


@router.post(
    "/help",
    response={201: ConversationWithEntries, **FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(QUESTIONS),
)
def ask(request: HttpRequest, body: QuestionIn) -> Status[dict[str, Any]]:
    """Ask support. The answer is an event of kind `help.answered`; it is mailed to you, too."""
    question = asking.Question(topic=body.topic.value, text=body.text, client_id=body.client_id)
    return Status(201, _whole(asking.ask(question, by=user_of(request), now=timezone.now())))


@router.get("/help/{uuid:conversation_id}", response={200: ConversationWithEntries, **FAILURES}, auth=SIGNED_IN)
def read(request: HttpRequest, conversation_id: UUID) -> dict[str, Any]:
    """Read a conversation of yours, which marks it as read."""
    found = _own(request).get(pk=conversation_id)
    asking.read(found)
    found.read_seq = found.seq
    return _whole(found)


@router.post(
    "/help/{uuid:conversation_id}",
    response={201: EntryOut, **FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(HELP),
)
def write(request: HttpRequest, conversation_id: UUID, body: EntryIn) -> Status[dict[str, Any]]:
    """Write more. A closed conversation is open again."""
    found = _own(request).get(pk=conversation_id)
    said = asking.write(conversation_id=found.pk, text=body.text, client_id=body.client_id, now=timezone.now())
    return Status(201, _frame(said))


def _own(request: HttpRequest) -> "QuerySet[Conversation]":
    if user_of(request).role == Role.SUPPORT:
        raise Refused("not_a_party", _("Support answers questions on the support desk."), 403)
    return Conversation.objects.filter(person=user_of(request)).order_by("-state_at")


def _whole(found: Conversation) -> dict[str, Any]:
    facts = {name: getattr(found, name) for name in ConversationOut.model_fields}
    return facts | {"events": [_frame(entry) for entry in record.spoken(found)]}


def _frame(entry: Entry) -> dict[str, Any]:
    by = {"role": entry.actor_role, "name": entry.actor_name} if entry.actor_role else None
    facts = {name: getattr(entry, name) for name in ("seq", "kind", "at", "client_id", "data")}
    return facts | {"type": "event", "by": by}
