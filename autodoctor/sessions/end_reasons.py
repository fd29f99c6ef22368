"""Words for the end of a session, by reason and reader: the heading of the page, the text in lists, and what the
customer's mail says first.

Support reads the label of `EndReason`. `rules/settlement.py` decides the charge.
"""

from dataclasses import dataclass, field, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import EndReason


@dataclass(frozen=True)
class EndWords:
    """`heading` and `outcome` are for everybody but `about`, whom it concerns most: they read the two `own_` words.

    `mail` is what the customer's mail about the end says first; None for a reason of which another mail or none tells.
    """

    heading: Promise
    outcome: Promise
    about: Role | None = None
    own_heading: Promise | None = None
    own_outcome: Promise | None = None
    mail: Promise | None = field(kw_only=True)


_NOTHING_CHARGED = _("Your %(plan)s did not take place. Nothing is charged. The hold on your card is released.")
_SORRY = _(
    "Your %(plan)s did not take place. We are sorry that we wasted your time. Nothing is charged. "
    "The hold on your card is released."
)
_OVER = _("Your %(plan)s with %(mechanic)s is over.")
_CANCELED = EndWords(
    _("The session was canceled"),
    _("Canceled"),
    Role.CUSTOMER,
    _("You canceled the session"),
    _("You canceled"),
    mail=_NOTHING_CHARGED,
)

WORDS: dict[EndReason, EndWords] = {
    EndReason.UNPAID: EndWords(_("This booking was not paid in time"), _("Not paid in time"), mail=None),
    EndReason.CANCELLED_BY_CUSTOMER: _CANCELED,
    EndReason.CANCELLED_LATE: replace(
        _CANCELED,
        mail=_(
            "You canceled your %(plan)s after a mechanic had worked for you. Half of the price is charged and the rest "
            "is released."
        ),
    ),
    EndReason.CANCELLED_BY_SUPPORT: EndWords(
        _("Our support team canceled the session"), _("Ended by support"), mail=_NOTHING_CHARGED
    ),
    EndReason.UNATTENDED: EndWords(_("Sorry: no mechanic was free in time"), _("No mechanic was free"), mail=_SORRY),
    EndReason.ASKED_UNAVAILABLE: EndWords(
        _("%(asked)s could not take your session"),
        _("%(asked)s could not take it"),
        mail=_(
            "You asked for %(asked)s alone, and %(asked)s could not take your %(plan)s. Nothing is charged. "
            "The hold on your card is released."
        ),
    ),
    EndReason.NEVER_STARTED: EndWords(_("The session did not start in time"), _("Did not start in time"), mail=_SORRY),
    EndReason.CUSTOMER_NO_SHOW: EndWords(
        _("The customer did not join"),
        _("The customer did not join"),
        Role.CUSTOMER,
        _("Your mechanic waited, but you did not come"),
        mail=_(
            "Your %(plan)s did not take place. Your mechanic was in the room and waited for you. Half of the price is "
            "charged and the rest is released."
        ),
    ),
    EndReason.TIME_UP: EndWords(_("The time is up"), _("Lasted its full time"), mail=_OVER),
    EndReason.ENDED_BY_CUSTOMER: EndWords(
        _("%(customer)s ended the session"),
        _("Ended by the customer"),
        Role.CUSTOMER,
        _("You ended the session"),
        _("You ended it"),
        mail=_OVER,
    ),
    EndReason.ENDED_BY_MECHANIC: EndWords(
        _("%(mechanic)s ended the session early"),
        _("Ended early by the mechanic"),
        Role.MECHANIC,
        _("You ended the session early"),
        _("You ended it early"),
        mail=None,
    ),
    EndReason.ENDED_BY_SUPPORT: EndWords(_("Our support team ended the session"), _("Ended by support"), mail=_OVER),
    EndReason.MECHANIC_LOST: EndWords(
        _("The session ended: your mechanic’s connection was lost"),
        _("The mechanic’s connection was lost"),
        Role.MECHANIC,
        _("The session ended: your connection was lost"),
        mail=_("Your mechanic lost the connection during your %(plan)s. You pay only for the time used."),
    ),
    EndReason.CUSTOMER_LOST: EndWords(
        _("The session ended: your customer’s connection was lost"),
        _("The customer’s connection was lost"),
        Role.CUSTOMER,
        _("The session ended: your connection was lost"),
        mail=_OVER,
    ),
    EndReason.EXCEEDED_CAP: EndWords(
        _("The session reached the maximum length of %(cap)s"), _("Reached the maximum length"), mail=_OVER
    ),
}


# The session ended while another mechanic was looked for, whoever ended it.
NOBODY_WENT_ON = EndWords(
    _("The session ended before another mechanic took over"),
    _("No other mechanic took over"),
    mail=_(
        "Your mechanic could not go on with your %(plan)s, and no other mechanic took over. You pay only for the time "
        "used."
    ),
)
# The mechanic handed it over, with too little time left for another one.
MECHANIC_LEFT = EndWords(
    _("Your mechanic had to leave shortly before the end"),
    _("The mechanic had to leave"),
    Role.MECHANIC,
    _("You left shortly before the end"),
    _("You had to leave"),
    mail=_("Your mechanic had to leave shortly before the end of your %(plan)s. You pay only for the time used."),
)


def _words(session: Session) -> EndWords:
    reason = EndReason(session.end_reason)
    if has_left(reason, session.ended_by_role):
        return MECHANIC_LEFT
    return NOBODY_WENT_ON if session.search_at and reason == EndReason.MECHANIC_LOST else WORDS[reason]


def has_left(reason: str | None, ended_by_role: str) -> bool:
    """Return whether the mechanic left by their own press, with too little time left for another one."""
    return reason == EndReason.MECHANIC_LOST and ended_by_role == Role.MECHANIC


def heading(session: Session, role: str, *, cap_seconds: float) -> str:
    """Return why the session is over, as the heading for this role; `cap_seconds`: the maximum length of a session."""
    words = _words(session)
    own = words.own_heading if role == words.about else None
    return str(own or words.heading) % {
        "customer": session.customer.name,
        **_names(session),
        "cap": format_duration(cap_seconds),
    }


def outcome(session: Session, role: str) -> str:
    """Return why the session is over, as the text in lists for this role."""
    words = _words(session)
    return str((words.own_outcome if role == words.about else None) or words.outcome) % _names(session)


def mail_words(session: Session) -> str:
    """Return what happened, for the customer's mail. Raises `ValueError` for a reason without such a mail."""
    words = _words(session).mail
    if words is None:
        raise ValueError(f"no mail tells of {session.end_reason}")
    return str(words) % {"plan": session.plan_name, **_names(session)}


def _names(session: Session) -> dict[str, str]:
    """Return the names of the mechanic, and of the one whom the customer asked for alone."""
    is_asked = session.end_reason == EndReason.ASKED_UNAVAILABLE and session.asked_for
    return {
        "mechanic": session.mechanic.name if session.mechanic else "",
        "asked": session.asked_for.name if is_asked and session.asked_for else "",
    }
