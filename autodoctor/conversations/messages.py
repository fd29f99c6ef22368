"""Rules that every message between a person and support follows, in a session and outside of one."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.core import links
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import visible_text

LONGEST = 2000  # characters
MOST = 100  # messages of one person in one thread


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Support's answer, as a form sends it.

    `token` names the form: the same form answers once. `seen`: the `seq` of the last message that its page showed; None
    if nobody looked at a page.
    """

    text: str
    token: UUID | None = None
    seen: int | None = None


def checked(text: str) -> str:
    """Return the text, cleaned for the database. Raises `Refused`."""
    kept = visible_text(text)
    if not kept:
        raise Refused("text", _("Write a few words, so that we know how to help."), 422, field="text")
    if len(kept) > LONGEST:
        sentence = _("A message can have up to %d characters. Send the rest in another message.") % LONGEST
        raise Refused("text", sentence, 422, field="text")
    return kept


def check_number(in_all: int) -> None:
    """Raise `Refused` for a person with this many messages in one thread."""
    if in_all >= MOST:
        sentence = _("You sent many messages here. We read all of them. Ask what is new in another question.")
        raise Refused("too_many", sentence, link=links.help_page())


def meanwhile(name: str) -> Refused:
    """Return the refusal of an answer to a page that was overtaken by this person's message."""
    sentence = _("Meanwhile %(name)s wrote here. Read it first. Your answer has not been sent.")
    return Refused("meanwhile", sentence % {"name": name})


def reused_id() -> Refused:
    return Refused("client_id_reused", _("This id was already used for another message."))
