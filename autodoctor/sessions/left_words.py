"""Words for a mechanic who has no part in a session any more: who decided it, and why."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role
from autodoctor.sessions.models import Participant

# By `release_reason`. What a customer or support gave as a reason is said to no mechanic.
_RULES: dict[str, Promise] = {
    "mechanic_absent": _("You did not join in time."),
    "mechanic_not_in": _("You did not join in time."),
    "not_started": _("You did not start the session in time."),
    "no_media": _("Sound and picture did not connect."),
    "ended_first": _("The session ended before you joined."),
    "not_in": _("You took it over and did not join in time."),
}
_OWN: dict[str, Promise] = {
    "passed": _("You passed."),
    "given_back": _("You gave it back."),
}


def has_handed_over(part: Participant) -> bool:
    """Return whether this mechanic left the running session to another one of their own accord."""
    return part.handed_over_at is not None and part.released_by == Role.MECHANIC


def why_left(part: Participant) -> str:
    """Return one sentence; empty for a reason without words."""
    ran, words = part.handed_over_at is not None, _RULES.get(part.release_reason)
    match part.released_by:
        case Role.MECHANIC if ran:
            words = _("You handed this session over.")
        case Role.MECHANIC:
            words = _OWN.get(part.release_reason, _("You gave this request back."))
        case Role.CUSTOMER if ran:
            words = _("You had lost the connection, and your customer asked for another mechanic.")
        case Role.CUSTOMER:
            words = _("The customer asked for another mechanic.")
        case Role.SUPPORT if ran:
            words = _("Our support team decided that another mechanic goes on.")
        case Role.SUPPORT:
            words = _("Our support team took it back.")
    return str(words or "")
