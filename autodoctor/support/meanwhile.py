"""Acts from pages that no longer show the present: they are refused, and say what somebody else did meanwhile.

Each form of support carries `seen`, how far the page had read when it was made: the `seq` of a session's log, or the id
of the last `StaffAction` on a person or a job.
"""

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import EventKind
from autodoctor.support.case_timeline import in_words
from autodoctor.support.models import ActionKind, StaffAction

# Work on alerts changes nothing about what an act means.
_HARMLESS = {EventKind.SUPPORT_TOOK, EventKind.SUPPORT_HANDED_BACK, EventKind.SUPPORT_DONE}
# Another mechanic, another state: an act would hit something else.
_WHOSE = {
    EventKind.SESSION_ACCEPTED,
    EventKind.SESSION_RELEASED,
    EventKind.SESSION_STARTED,
    EventKind.SESSION_HANDING_OVER,
    EventKind.SESSION_TAKEN_OVER,
    EventKind.SESSION_ENDED,
    EventKind.SESSION_AUTO_CLOSED,
    EventKind.SESSION_CANCELLED,
    EventKind.SESSION_EXPIRED,
}


def check_session(session: Session, *, by: User, seen: int | None, token: UUID) -> None:
    """Raise `Refused` if others changed the session, or acted as support, after `seen`. A repeated form passes."""
    if seen is None or session.events.filter(client_id=token).exists():
        return
    for event in session.events.filter(seq__gt=seen).exclude(actor_id=by.id).order_by("-seq"):
        if _matters(event):
            raise _meanwhile(in_words(event))


def _matters(event: SessionEvent) -> bool:
    is_act = event.actor_role == Role.SUPPORT and event.kind not in _HARMLESS
    return is_act or event.kind in _WHOSE


def is_repeat(kind: ActionKind, subject: str, *, by: User, seen: int | None) -> bool:
    """Return whether this person's same form has already acted.

    Raises `Refused` if somebody acted on the subject after `seen`. Call with the subject locked.
    """
    last = StaffAction.objects.filter(subject=subject, id__gt=seen or 0).select_related("by").order_by("-id").first()
    if last is None or seen is None:
        return False
    if (last.kind, last.by_id) == (kind, by.id):
        return True
    raise action_meanwhile(last)


def action_meanwhile(last: StaffAction) -> Refused:
    """Return the refusal that says what this action did."""
    words = f"{last.by.name}: {last.get_kind_display()}"
    return _meanwhile(f"{words}, “{last.reason}”" if last.reason else words)


def last_seen(subjects: Iterable[str]) -> dict[str, int]:
    """Return the id of the last action on each of these, 0 for none."""
    wanted = list(subjects)
    found = StaffAction.objects.filter(subject__in=wanted).order_by("id").values_list("subject", "id")
    return dict.fromkeys(wanted, 0) | dict(found)


def _meanwhile(what: str) -> Refused:
    sentence = _("Meanwhile this has changed. %(what)s. Look at it again: what you sent has not been done.")
    return Refused("meanwhile", sentence % {"what": what.rstrip(".")})
