"""Answers to our mails: each becomes a question in the help thread of the person who got the mail."""

import logging
from datetime import datetime
from email.message import EmailMessage
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import storable_text
from autodoctor.mail import incoming, replies
from autodoctor.mail.failures import address_failed, failed_addresses
from autodoctor.mail.queue import queue_mail
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.models import Session

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    TAKEN = "taken"
    AUTOMATIC = "automatic"  # no person wrote it
    UNKNOWN = "unknown"  # to no token of ours, or from an address that the mail did not go to
    REFUSED = "refused"  # the sender is told why


def take(message: EmailMessage, *, now: datetime) -> Outcome:
    """Put the answer into the help thread; the same mail again is the same question. Files are named, not kept.

    A mail server's report that an address is not reached marks the address.
    """
    for address in failed_addresses(message):
        address_failed.send(sender=Outcome, address=address)
    reply = incoming.read(message)
    outcome = Outcome.AUTOMATIC if incoming.is_automatic(message) else _take(reply, now)
    log.info("Mail came in: %s", outcome.value, extra={"message_id": reply.message_id})
    return outcome


def _take(reply: incoming.Reply, now: datetime) -> Outcome:
    for token in reply.tokens:
        if (session := _session(token)) and (person := _answering(token, session, reply.sender)):
            return _ask(reply, session, person, now)
    return Outcome.UNKNOWN


def _session(token: str) -> Session | None:
    session_id = replies.session_in(token)
    people = Session.objects.select_related("customer", "mechanic")
    return people.filter(pk=session_id).first() if session_id else None


def _answering(token: str, session: Session, sender: str) -> User | None:
    """Return who got the mail and still is in the session. Whoever it was forwarded to does not speak for them."""
    parties = [person for person in (session.customer, session.mechanic) if person]
    sent_to = (person for person in parties if replies.was_sent_to(token, session.pk, person.pk))
    return next((person for person in sent_to if person.is_active and person.email.lower() == sender), None)


def _ask(reply: incoming.Reply, session: Session, person: User, now: datetime) -> Outcome:
    words = help_requests.thread_of(session, person).words
    topics = [word.data["reason"] for word in words if "reason" in word.data]
    try:
        help_requests.ask_support(
            session_id=session.pk,
            by=person,
            reason=topics[-1] if topics else help_requests.Reason.OTHER.value,
            text=_text(reply),
            client_id=_id_of(reply),
            now=now,
        )
    except Refused as refused:
        _say_why(reply, session, person, refused, now)
        return Outcome.REFUSED
    return Outcome.TAKEN


def _text(reply: incoming.Reply) -> str:
    """Return the words as far as a message can hold them, and what was left out."""
    left_out = [_("The rest of the email was too long.")] if len(reply.text) > help_requests.LONGEST else []
    if reply.files:
        left_out.append(_("The email had attachments (%d). They were not kept.") % reply.files)
    note = "".join(f"\n[{line}]" for line in left_out)
    return storable_text(reply.text)[: help_requests.LONGEST - len(note)] + note


def _id_of(reply: incoming.Reply) -> UUID | None:
    return uuid5(NAMESPACE_URL, f"mid:{reply.message_id}") if reply.message_id else None


def _say_why(reply: incoming.Reply, session: Session, person: User, refused: Refused, now: datetime) -> None:
    queue_mail(
        "support/mail/not_taken",
        to=person,
        context={"why": refused.detail, "session_id": str(session.pk)},
        key=f"not-taken:{_id_of(reply) or now.isoformat()}",
        now=now,
    )
