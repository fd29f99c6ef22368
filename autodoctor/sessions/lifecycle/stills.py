"""Photos on demand: the customer lets the mechanic use their camera, and the mechanic asks it for a photo.

The customer's page takes the photo and shares it as an attachment (`attachments.py`). A request lapses after
`ANSWER_WITHIN`: then another one may follow. A photo that comes later is kept all the same.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.sessions.event_data import EventData, FailedStillData, StillData
from autodoctor.sessions.lifecycle import attachments, still_requests
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent, stamp
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.states import CLAIMED, RUNNING, EventKind, Kind, State

ANSWER_WITHIN = timedelta(seconds=15)
MOST_ASKED = 200  # photos per session
MOST_ALLOWED = 50  # times per session that a customer allows it; to refuse is always possible
IN_CALL = RUNNING | {State.WAITING}


class StillFailure(TextChoices):
    """Why the customer's page could not take a photo. The labels are for support."""

    NO_CAMERA = "no_camera", gettext_lazy("the camera is off")
    FRONT_CAMERA = "front_camera", gettext_lazy("the front camera is on")
    SCREEN = "screen", gettext_lazy("the screen is shared")
    NOT_SENT = "not_sent", gettext_lazy("the photo could not be sent")
    UNCLEAR = "unclear", gettext_lazy("the camera gave no photo")


def answer_camera(*, session_id: UUID, by: User, allowed: bool, now: datetime) -> Session:
    """Store whether the mechanic may take photos with the customer's camera and use its light and zoom.

    The answer is for this mechanic alone. Repeating it changes nothing. Raises `Session.DoesNotExist` for a stranger,
    `Refused` for everybody but the customer, without a mechanic, and after the end.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("Only the customer can allow this."), 403)
        if session.state not in CLAIMED:
            raise Refused("session_closed", _("You can choose this from the acceptance until the end of the session."))
        if session.camera_allowed is allowed:
            return session
        if allowed:
            _check_pace(session)
        session.camera_answer, session.camera_answer_to = allowed, session.mechanic_id
        kind = EventKind.CAMERA_ALLOWED if allowed else EventKind.CAMERA_REFUSED
        event_log.append_event(session, kind, at=now, by=who, data=EventData())
        return session


def request_still(*, session_id: UUID, by: User, still_id: UUID, now: datetime) -> SessionEvent:
    """Ask the customer's page for a photo. Repeating a `still_id` returns the same request.

    Raises `Session.DoesNotExist` for a stranger, `Refused` for everybody but the mechanic, without the customer's
    consent, outside of a call, while another photo is awaited, and where no further file has room.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.MECHANIC:
            raise Refused("not_the_mechanic", _("Only the mechanic can ask for a photo."), 403)
        if before := _repeated(session, by, still_id):
            return before
        _check_may_ask(state, now)
        session.still_until, session.stills_asked = now + ANSWER_WITHIN, session.stills_asked + 1
        data = StillData(still_id=str(still_id), expires_at=stamp(session.still_until) or "")
        return event_log.append_event(session, EventKind.STILL_REQUESTED, at=now, by=who, data=data, client_id=still_id)


def report_failure(*, session_id: UUID, by: User, still_id: UUID, why: StillFailure, now: datetime) -> None:
    """Say that the customer's page cannot take the photo that is awaited: the mechanic need not wait. Of another one,
    or one that is there, nothing is said.

    Raises `SessionEvent.DoesNotExist` for no such request, `Refused` for everybody but the customer.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("Only the customer’s page can report this."), 403)
        asked = still_requests.find(session, still_id)
        if session.still_until and still_requests.is_last(asked):
            session.still_until = None
            data = FailedStillData(still_id=str(still_id), why=why.value)
            event_log.append_event(session, EventKind.STILL_FAILED, at=now, by=who, data=data)


def _check_may_ask(state: SessionState, now: datetime) -> None:
    session = state.session
    if session.state not in IN_CALL:
        raise Refused("session_closed", _("You can take photos while the call lasts."))
    if session.kind == Kind.CHAT:
        raise Refused("no_call", _("This session is a chat. Ask your customer to share a photo."))
    if not session.camera_allowed:
        raise still_requests.not_allowed()
    if not state.customer.is_in:
        raise Refused("customer_away", _("Your customer is away. Ask again when they are back."))
    if session.still_until and session.still_until > now:
        raise Refused("still_open", _("You have just asked for a photo. It is on its way."))
    if session.stills_asked >= MOST_ASKED or not attachments.has_room(session):
        raise Refused("too_many", _("This session takes no more photos."))


def _check_pace(session: Session) -> None:
    if SessionEvent.objects.filter(session=session, kind=EventKind.CAMERA_ALLOWED).count() >= MOST_ALLOWED:
        raise Refused("too_many", _("You have changed this too often in this session."))


def _repeated(session: Session, by: User, still_id: UUID) -> SessionEvent | None:
    event = SessionEvent.objects.filter(session=session, client_id=still_id).first()
    if event and (event.kind != EventKind.STILL_REQUESTED or event.actor_id != by.id):
        raise Refused("client_id_reused", _("This id was already used for something else."))
    return event
