"""Sessions over HTTP: read sessions, change their state, page through their log."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeVar
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from ninja.errors import ValidationError
from pydantic import ValidationError as PydanticError

from autodoctor.accounts.api_auth import CRON, MECHANIC, SIGNED_IN, Failure, Invalid, user_of
from autodoctor.accounts.models import Role, User
from autodoctor.accounts.reauthentication import require_fresh
from autodoctor.core import acting
from autodoctor.sessions.jobs.sweep import monitor
from autodoctor.sessions.lifecycle import endings, extensions, releases, substitutes, support_actions, transitions
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import eligibility, fit
from autodoctor.sessions.queries import substitutes as going_on
from autodoctor.sessions.queries.eligibility import Obstacle
from autodoctor.sessions.queries.own_sessions import OwnSessions, newest_of
from autodoctor.sessions.record import event_log
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import Kind, State

Given = TypeVar("Given", bound=Schema)

router = Router(tags=["sessions"])
FAILURES = {401: Failure, 403: Failure, 404: Failure, 409: Failure, 422: Invalid, 429: Failure}


class Person(Schema):
    id: UUID
    name: str


class LostTime(Schema):
    mechanic: int = Field(description="Whole seconds given back because the mechanic was away")
    customer: int = Field(description="Whole seconds given back because the customer was away")
    media: int = Field(description="Whole seconds given back because sound and picture were interrupted")
    not_given_back: int = Field(
        description="Whole seconds that the customer was away for longer than the clock pauses for them"
    )


class SessionOut(Schema):
    id: UUID
    kind: Kind
    state: State
    granted_seconds: int
    started_at: datetime | None
    ends_at: datetime | None
    paused_at: datetime | None
    lost: LostTime
    hold_until: datetime | None = Field(
        description="The time is up. The session waits until then for the payment of an extension."
    )
    allowed_seconds: int | None = Field(
        description="How much longer the mechanic can stay. Null: the mechanic has not answered."
    )
    camera_allowed: bool | None = Field(
        description="Whether the mechanic may take photos with the customer's camera and use its light and zoom. "
        "Null: the customer has not answered."
    )
    ended_at: datetime | None
    end_reason: str | None
    customer: Person
    mechanic: Person | None
    private_to: Person | None = Field(description="The request waits for this mechanic alone, until `private_until`")
    private_until: datetime | None
    plan: str
    price_cents: int = Field(description="Whole cents")
    currency: str
    vehicle: dict[str, Any]
    concern: str
    codes: list[str] = Field(description="Trouble codes of the intake")
    created_at: datetime


class EventOut(Schema):
    type: str
    seq: int
    kind: str
    at: str
    by: dict[str, str] | None
    client_id: UUID | None
    data: dict[str, Any]


class EventPage(Schema):
    events: list[EventOut]
    seq: int = Field(description="The last number on this page. Ask for the events after it.")


class GoesOn(Schema):
    seconds_left: int
    note: str = Field(description="Of the mechanic who left; may be empty")


class QueueEntry(Schema):
    id: UUID
    plan: str
    kind: Kind
    requested_at: datetime
    vehicle: dict[str, Any]
    concern: str
    codes: list[str] = Field(description="Trouble codes of the intake")
    fit: list[str] = Field(description="The makes and systems that it is about and that you know: it comes first")
    earns_cents: int
    asked_for_you: bool = Field(description="The request is yours alone, until `private_until`")
    private_until: datetime | None
    goes_on: GoesOn | None = Field(description="Of a running session: what is left of it. Null: it has not begun")


class Reason(Schema):
    reason: str | None = Field(
        None,
        min_length=1,
        max_length=support_actions.LONGEST_REASON,
        pattern=r"^[\w .,;:!?'’()/-]+$",
        description="Support has to give one",
    )


SHOWN = "The charge that you were shown, in cents. If it has grown since, 409 `price_grew`, and nothing happens."
SupportReason = Annotated[
    str | None, Query(min_length=1, max_length=support_actions.LONGEST_REASON, description="Support has to give one")
]
ShownCents = Annotated[int | None, Query(ge=0, le=100_000_000, description=SHOWN)]


class Closing(Reason):
    """The same as the query of the address, for whoever sends a body."""

    shown_cents: Annotated[int, Field(ge=0, le=100_000_000, strict=True)] | None = Field(None, description=SHOWN)


class Substitute(Reason):
    note: str = Field("", description="Of the mechanic who leaves, for the next one: 1 to 500 characters")
    mechanic: UUID | None = Field(None, description="Whom support assigns. Null: whoever takes it first")


class Answer(Schema):
    solved: bool
    shown_cents: Annotated[int, Field(ge=0, le=100_000_000, strict=True)] | None = Field(None, description=SHOWN)


class Allowance(Schema):
    seconds: Annotated[int, Field(ge=0, le=86_400, strict=True)] | None = Field(
        description="0: not at all. Null: as long as it takes."
    )


class Monitored(Schema):
    success: bool
    nudgedMechanics: int  # noqa: N815 the address and its answer are fixed from outside
    alertedSupport: int  # noqa: N815
    autoClosedSessions: int  # noqa: N815
    repaired: int


def visible_session(user: User, session_id: UUID) -> Session:
    """Return a session of this person; support sees all. Raises `Session.DoesNotExist`."""
    session = Session.objects.select_related("customer", "mechanic").get(pk=session_id)
    if event_log.role_in(user, session) is None:
        raise Session.DoesNotExist
    return session


def as_answer(session: Session) -> dict[str, Any]:
    return session.payload() | {
        "private_to": session.asked_for if session.is_private else None,
        "private_until": session.private_until if session.is_private else None,
        "plan": session.plan_slug,
        "price_cents": settlement.agreed_cents(session),
        "currency": session.currency,
        "vehicle": session.vehicle,
        "concern": session.concern,
        "codes": session.trouble_codes,
        "created_at": session.created_at,
    }


def is_support(user: User, session_id: UUID) -> bool:
    """Return whether this person acts on the session as support. Raises `Session.DoesNotExist`."""
    return user.is_staff and event_log.role_in(user, Session.objects.get(pk=session_id)) == Role.SUPPORT


def _act_as_support(
    request: HttpRequest, act: Callable[..., Session], done: State, *, session_id: UUID, reason: str | None
) -> Session:
    """Act with the reason; repeating a finished act returns its result. Raises `Refused` without a reason, and
    `ProofNeeded` without a fresh password or code.
    """
    session = Session.objects.select_related("customer", "mechanic").get(pk=session_id)
    if session.state == done:
        return session
    require_fresh(request)
    return act(session_id=session_id, by=user_of(request), reason=reason or "", now=timezone.now())


@router.get("/sessions", response={200: list[SessionOut], **FAILURES}, auth=SIGNED_IN)
def list_sessions(
    request: HttpRequest,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[dict[str, Any]]:
    """List your sessions, the newest first."""
    user = user_of(request)
    everybodys = Session.objects.order_by("-created_at").values_list("created_at", "id")
    found = everybodys if user.is_staff else OwnSessions(user)
    return [as_answer(session) for session in newest_of([id_ for _at, id_ in found[offset : offset + limit]])]


@router.get("/sessions/{uuid:session_id}", response={200: SessionOut, **FAILURES}, auth=SIGNED_IN)
def show_session(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    return as_answer(visible_session(user_of(request), session_id))


@router.get("/sessions/{uuid:session_id}/events", response={200: EventPage, **FAILURES}, auth=SIGNED_IN)
def list_events(
    request: HttpRequest,
    session_id: UUID,
    after: Annotated[int, Query(ge=0, le=2_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> dict[str, Any]:
    """List the events after `after` that your role can read."""
    session = visible_session(user_of(request), session_id)
    viewer = event_log.role_in(user_of(request), session) or ""
    events = event_log.read_events(session_id, after=after, viewer=viewer, limit=limit)
    last = events[-1].seq if events else after
    reaches = last if len(events) == limit else max(session.seq, last)
    return {"events": [event_log.as_frame(event) for event in events], "seq": reaches}


@router.post("/sessions/{uuid:session_id}/accept", response={200: SessionOut, **FAILURES}, auth=SIGNED_IN)
def accept(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    return as_answer(transitions.accept_request(session_id=session_id, mechanic=user_of(request), now=timezone.now()))


@router.post("/sessions/{uuid:session_id}/release", response={200: SessionOut, **FAILURES}, auth=SIGNED_IN)
def release(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    by, reason = user_of(request), _closing(request).reason
    if is_support(by, session_id):
        act, done = support_actions.release, State.REQUESTED
        return as_answer(_act_as_support(request, act, done, session_id=session_id, reason=reason))
    session = releases.release_request(session_id=session_id, by=by, reason=reason or "given_back", now=timezone.now())
    return as_answer(session)


@router.post("/sessions/{uuid:session_id}/start", response={200: SessionOut, **FAILURES}, auth=SIGNED_IN)
def start(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    return as_answer(transitions.start_session(session_id=session_id, by=user_of(request), now=timezone.now()))


@router.post("/sessions/{uuid:session_id}/end", response={200: SessionOut, **FAILURES}, auth=SIGNED_IN)
def end(
    request: HttpRequest, session_id: UUID, shown_cents: ShownCents = None, reason: SupportReason = None
) -> dict[str, Any]:
    by, given = user_of(request), _closing(request)
    if is_support(by, session_id):
        act, done = support_actions.end, State.COMPLETED
        return as_answer(_act_as_support(request, act, done, session_id=session_id, reason=reason or given.reason))
    shown = given.shown_cents if shown_cents is None else shown_cents
    session = endings.end_session(session_id=session_id, by=by, shown_cents=shown, now=timezone.now())
    return as_answer(session)


@router.post("/sessions/{uuid:session_id}/cancel", response={200: SessionOut, **FAILURES}, auth=SIGNED_IN)
def cancel(
    request: HttpRequest, session_id: UUID, shown_cents: ShownCents = None, reason: SupportReason = None
) -> dict[str, Any]:
    by, given = user_of(request), _closing(request)
    if is_support(by, session_id):
        act, done = support_actions.cancel, State.CANCELLED
        return as_answer(_act_as_support(request, act, done, session_id=session_id, reason=reason or given.reason))
    shown = given.shown_cents if shown_cents is None else shown_cents
    session = endings.cancel_session(session_id=session_id, by=by, shown_cents=shown, now=timezone.now())
    return as_answer(session)


@router.post("/sessions/{uuid:session_id}/substitute", response={200: SessionOut, **FAILURES}, auth=SIGNED_IN)
def substitute(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    """Have another mechanic go on with a running session, with the clock paused meanwhile.

    The customer may once their mechanic has been away for a while; the mechanic who has to leave writes a note for the
    next one; support gives a reason.
    """
    by, given = user_of(request), body_if_any(request, Substitute)
    if is_support(by, session_id):
        require_fresh(request)
        act = partial(support_actions.substitute, mechanic_id=given.mechanic, reason=given.reason or "")
        return as_answer(act(session_id=session_id, by=by, now=timezone.now()))
    session = substitutes.ask_for_substitute(session_id=session_id, by=by, note=given.note, now=timezone.now())
    return as_answer(session)


@router.post("/sessions/{uuid:session_id}/solved", response={200: SessionOut, **FAILURES}, auth=SIGNED_IN)
def solved(request: HttpRequest, session_id: UUID, body: Answer) -> dict[str, Any]:
    session = endings.answer_solved(
        session_id=session_id,
        by=user_of(request),
        solved=body.solved,
        shown_cents=body.shown_cents,
        now=timezone.now(),
    )
    return as_answer(session)


@router.post("/sessions/{uuid:session_id}/allowance", response={200: SessionOut, **FAILURES}, auth=SIGNED_IN)
def allow(request: HttpRequest, session_id: UUID, body: Allowance) -> dict[str, Any]:
    """Set how much longer you can stay as the mechanic. Only extensions within that limit are offered."""
    by = user_of(request)
    session = extensions.set_allowance(session_id=session_id, by=by, seconds=body.seconds, now=timezone.now())
    return as_answer(session)


@router.get("/queue", response={200: list[QueueEntry], **FAILURES}, auth=MECHANIC)
def show_queue(request: HttpRequest) -> list[dict[str, Any]]:
    """List the requests that you can accept, at most 100, the next first: those that are yours alone, and all others
    while you take sessions.

    Of all others running sessions that need another mechanic come first, then those given back, then those
    that have waited long, then those that fit you, each by their wait.
    """
    mechanic, now = user_of(request), timezone.now()
    requests = fit.queue_of(mechanic, now)
    match eligibility.obstacles(mechanic, now):
        case []:
            pass
        case [Obstacle.NOT_TAKING]:
            requests = requests.filter(private_until__isnull=False)
        case _:
            return []
    sessions = list(requests[:100])
    fits, rest = fit.shared_skills(sessions, mechanic), going_on.going_on(sessions, now)
    return [
        {
            "id": session.id,
            "plan": session.plan_slug,
            "kind": session.kind,
            "requested_at": session.requested_at,
            "vehicle": session.vehicle,
            "concern": session.concern,
            "codes": session.trouble_codes,
            "fit": fits[session.id],
            "earns_cents": _earns(session, rest.get(session.id)),
            "goes_on": rest.get(session.id),
            "asked_for_you": session.is_private,
            "private_until": session.private_until,
        }
        for session in sessions
    ]


@router.api_operation(["GET", "POST"], "/cron/monitor-sessions", response={200: Monitored, 401: Failure}, auth=CRON)
@acting.system
def monitor_sessions(request: HttpRequest) -> dict[str, Any]:
    """Run the sweep for an external cron job: repair missing deadlines and run overdue jobs."""
    return monitor(timezone.now()).as_answer()


def _earns(session: Session, rest: going_on.GoesOn | None) -> int:
    return rest.earns_cents if rest else settlement.mechanic_share_cents(settlement.agreed_cents(session))


def _closing(request: HttpRequest) -> Closing:
    return body_if_any(request, Closing)


def body_if_any(request: HttpRequest, schema: type[Given]) -> Given:
    """Return the JSON body. Without one a press is taken as it is, whatever form it comes in."""
    if request.content_type != "application/json" or not request.body:
        return schema()
    try:
        return schema.model_validate_json(request.body)
    except PydanticError as problem:
        raise ValidationError([{**error, "loc": ("body", *error["loc"])} for error in problem.errors()]) from problem
