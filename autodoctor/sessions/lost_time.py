"""The time that a running session has lost, in words: how much was given back and how much was not, and why."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role
from autodoctor.sessions.formatting import exact_duration
from autodoctor.sessions.models import Session


def words(session: Session, role: str = "") -> str:
    """Return a sentence for each cause, as this role reads them; without a role with names. Empty if nothing was lost.

    A pause that lasts counts when it is over.
    """
    return " ".join(_sentences(session, role))


def _sentences(session: Session, role: str) -> Iterator[str]:
    lost = session.lost
    if (seconds := lost["mechanic"]) and session.handed_over:
        yield _("%(time)s given back: no mechanic was there.") % {"time": exact_duration(seconds)}
    elif seconds:
        yield _away(seconds, "" if role == Role.MECHANIC or not session.mechanic else session.mechanic.name)
    if seconds := lost["customer"]:
        yield _away(seconds, "" if role == Role.CUSTOMER else session.customer.name)
    if seconds := lost["media"]:
        yield _("%(time)s given back: sound and picture were interrupted.") % {"time": exact_duration(seconds)}
    if seconds := lost["not_given_back"]:
        yield _away_too_long(seconds, "" if role == Role.CUSTOMER else session.customer.name)


def _away(seconds: int, name: str) -> str:
    said = {"time": exact_duration(seconds), "name": name}
    return (_("%(time)s given back: %(name)s was away.") if name else _("%(time)s given back: you were away.")) % said


def _away_too_long(seconds: int, name: str) -> str:
    said = {"time": exact_duration(seconds), "name": name}
    if name:
        return _("%(time)s not given back: %(name)s was away for too long.") % said
    return _("%(time)s not given back: you were away for too long.") % said
