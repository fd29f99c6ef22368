"""Words for the end of a session, by reason and reader: the heading of the page, and the text in lists.

Support reads the label of `EndReason`. `rules/settlement.py` decides the charge.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import EndReason


@dataclass(frozen=True)
class EndWords:
    """`heading` and `outcome` are for everybody but `about`, whom it concerns most: they read the last two."""

    heading: Promise
    outcome: Promise
    about: Role | None = None
    own_heading: Promise | None = None
    own_outcome: Promise | None = None


_CANCELED = EndWords(
    _("The session was canceled"),
    _("Canceled"),
    Role.CUSTOMER,
    _("You canceled the session"),
    _("You canceled"),
)

WORDS: dict[EndReason, EndWords] = {
    EndReason.UNPAID: EndWords(_("This booking was not paid in time"), _("Not paid in time")),
    EndReason.CANCELLED_BY_CUSTOMER: _CANCELED,
    EndReason.CANCELLED_LATE: _CANCELED,
    EndReason.CANCELLED_BY_SUPPORT: EndWords(_("Our support team canceled the session"), _("Ended by support")),
    EndReason.UNATTENDED: EndWords(_("Sorry: no mechanic was free in time"), _("No mechanic was free")),
    EndReason.NEVER_STARTED: EndWords(_("The session did not start in time"), _("Did not start in time")),
    EndReason.CUSTOMER_NO_SHOW: EndWords(
        _("The customer did not join"),
        _("The customer did not join"),
        Role.CUSTOMER,
        _("Your mechanic waited, but you did not come"),
    ),
    EndReason.TIME_UP: EndWords(_("The time is up"), _("Lasted its full time")),
    EndReason.ENDED_BY_CUSTOMER: EndWords(
        _("%(customer)s ended the session"),
        _("Ended by the customer"),
        Role.CUSTOMER,
        _("You ended the session"),
        _("You ended it"),
    ),
    EndReason.ENDED_BY_MECHANIC: EndWords(
        _("%(mechanic)s ended the session early"),
        _("Ended early by the mechanic"),
        Role.MECHANIC,
        _("You ended the session early"),
        _("You ended it early"),
    ),
    EndReason.ENDED_BY_SUPPORT: EndWords(_("Our support team ended the session"), _("Ended by support")),
    EndReason.MECHANIC_LOST: EndWords(
        _("The session ended: your mechanic’s connection was lost"),
        _("The mechanic’s connection was lost"),
        Role.MECHANIC,
        _("The session ended: your connection was lost"),
    ),
    EndReason.CUSTOMER_LOST: EndWords(
        _("The session ended: your customer’s connection was lost"),
        _("The customer’s connection was lost"),
        Role.CUSTOMER,
        _("The session ended: your connection was lost"),
    ),
    EndReason.EXCEEDED_CAP: EndWords(
        _("The session reached the maximum length of %(cap)s"), _("Reached the maximum length")
    ),
}


def heading(session: Session, role: str, *, cap_seconds: float) -> str:
    """Return why the session is over, as the heading for this role; `cap_seconds`: the maximum length of a session."""
    words = WORDS[EndReason(session.end_reason)]
    own = words.own_heading if role == words.about else None
    return str(own or words.heading) % {
        "customer": session.customer.name,
        "mechanic": session.mechanic.name if session.mechanic else "",
        "cap": format_duration(cap_seconds),
    }


def outcome(session: Session, role: str) -> str:
    """Return why the session is over, as the text in lists for this role."""
    words = WORDS[EndReason(session.end_reason)]
    return str((words.own_outcome if role == words.about else None) or words.outcome)
