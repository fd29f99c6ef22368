"""Answers to our mails: each becomes a question of the person who got the mail, in the help thread of the session or in
the conversation that the mail was about.
"""

import logging
from datetime import datetime
from email.message import EmailMessage
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.conversations import asking, thread_files
from autodoctor.conversations import links as conversation_links
from autodoctor.conversations.messages import LONGEST
from autodoctor.conversations.models import Conversation
from autodoctor.conversations.models import State as ConversationState
from autodoctor.conversations.topics import Reason
from autodoctor.core import links
from autodoctor.core.errors import Refused, TooFast
from autodoctor.core.parsing import storable_text
from autodoctor.files import file_names
from autodoctor.files.errors import FileRefused
from autodoctor.files.ingest import Upload
from autodoctor.mail import incoming, replies
from autodoctor.mail.enclosures import Enclosure
from autodoctor.mail.failures import address_failed, failed_addresses
from autodoctor.mail.queue import queue_mail
from autodoctor.rates import counting
from autodoctor.rates.limits import HELP
from autodoctor.sessions.event_data import HelpQuestionData
from autodoctor.sessions.lifecycle import help_files, help_requests
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import EventKind

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    TAKEN = "taken"
    AUTOMATIC = "automatic"  # no person wrote it
    UNKNOWN = "unknown"  # to no token of ours, or from an address that the mail did not go to
    REFUSED = "refused"  # the sender is told why
    UNREADABLE = "unreadable"  # its heads are malformed


def take(message: EmailMessage, *, now: datetime) -> Outcome:
    """Put the answer into its thread, with its files; the same mail again is the same question.

    A mail server's report that an address is not reached marks the address. Raises `FileRefused` if files cannot be
    stored now: who hands the mail over tries again.
    """
    try:
        failed, reply = list(failed_addresses(message)), incoming.read(message)
    except incoming.MALFORMED as error:
        log.warning("Mail came in: %s, %s", Outcome.UNREADABLE.value, type(error).__name__)
        return Outcome.UNREADABLE
    for address in failed:
        address_failed.send(sender=Outcome, address=address)
    outcome = Outcome.AUTOMATIC if reply.is_automatic else _take(reply, now)
    log.info("Mail came in: %s", outcome.value, extra={"message_id": reply.mark})
    return outcome


def _take(reply: incoming.Reply, now: datetime) -> Outcome:
    for token in reply.tokens:
        if subject_id := replies.subject_in(token):
            for take_for in (_for_session, _for_conversation):
                if outcome := take_for(reply, token, subject_id, now):
                    return outcome
    return Outcome.UNKNOWN


def _for_session(reply: incoming.Reply, token: str, session_id: UUID, now: datetime) -> Outcome | None:
    """Put the answer into the help thread of a session; None if the mail was not about one of this sender's."""
    session = Session.objects.select_related("customer", "mechanic").filter(pk=session_id).first()
    person = session and _answering(token, session, reply.sender)
    return _ask(reply, session, person, now) if session and person else None


def _answering(token: str, session: Session, sender: str) -> User | None:
    """Return who got the mail and still is in the session. Whoever it was forwarded to does not speak for them."""
    parties = [person for person in (session.customer, session.mechanic) if person]
    sent_to = (person for person in parties if replies.was_sent_to(token, session.pk, person.pk))
    return next((person for person in sent_to if person.is_active and person.email.lower() == sender), None)


def _for_conversation(reply: incoming.Reply, token: str, conversation_id: UUID, now: datetime) -> Outcome | None:
    """Put the answer into a conversation; None if the mail was not about one of this sender's."""
    found = Conversation.objects.select_related("person").filter(pk=conversation_id).first()
    if found is None or not _is_from_asker(token, found, reply.sender):
        return None
    if found.entries.filter(client_id=_id_of(reply)).exists():
        return Outcome.TAKEN
    try:
        counting.take(HELP, found.counted, now)
        if found.state == ConversationState.UNCONFIRMED:
            asking.confirm(conversation_id=found.pk, now=now)
        if reply.text or reply.files:  # an empty answer to our first mail confirms the address
            _write(reply, found, now)
    except Conversation.DoesNotExist:  # its time is over
        return None
    except FileRefused:
        raise
    except (Refused, TooFast) as refused:
        _say_why(reply, found.person or found.email, refused, now, page=conversation_links.page(found))
        return Outcome.REFUSED
    return Outcome.TAKEN


def _is_from_asker(token: str, conversation: Conversation, sender: str) -> bool:
    reader = conversation.person_id or conversation.email
    is_banned = conversation.person is not None and not conversation.person.is_active
    is_sealed = replies.was_sent_to(token, conversation.pk, reader)
    return is_sealed and not is_banned and conversation.address.lower() == sender


def _write(reply: incoming.Reply, conversation: Conversation, now: datetime) -> None:
    """A mail that cannot become a message is refused before its files are looked at."""
    asking.check_may_write(conversation)
    thread = asking.thread_of(conversation)
    with thread_files.received(map(_incoming, reply.files), thread=thread, now=now) as enclosed:
        asking.write(
            conversation_id=conversation.pk, text=_text(reply), client_id=_id_of(reply), enclosed=enclosed, now=now
        )


def _ask(reply: incoming.Reply, session: Session, person: User, now: datetime) -> Outcome:
    """A mail that cannot become a question is refused before its files are looked at."""
    if session.events.filter(client_id=_id_of(reply), actor_id=person.pk).exists():
        return Outcome.TAKEN
    try:
        counting.take(HELP, counting.person(person.pk), now)
        help_requests.check_may_ask(session, person, now)
        thread = help_files.thread_of(session, person)
        with thread_files.received(map(_incoming, reply.files), thread=thread, now=now) as enclosed:
            help_requests.ask_support(
                session_id=session.pk,
                by=person,
                reason=_topic(session, person),
                text=_text(reply),
                client_id=_id_of(reply),
                enclosed=enclosed,
                now=now,
            )
    except FileRefused:
        raise
    except (Refused, TooFast) as refused:
        _say_why(reply, person, refused, now, page=links.absolute(reverse("help", args=[session.pk])))
        return Outcome.REFUSED
    return Outcome.TAKEN


def _topic(session: Session, person: User) -> str:
    """Return the topic of the person's last question."""
    words = help_requests.thread_of(session, person).words
    asked = [word.data_as(HelpQuestionData) for word in words if word.kind == EventKind.HELP_ASKED]
    return asked[-1]["reason"] if asked else Reason.OTHER.value


def _incoming(enclosure: Enclosure) -> thread_files.Incoming:
    """Return the name and what reads the file: None for a mail in the mail."""
    name = file_names.plain(enclosure.name) or "file"

    def read() -> "Upload | None":
        content = enclosure.content
        return None if content is None else SimpleUploadedFile(name, content, enclosure.content_type)

    return name, read


def _text(reply: incoming.Reply) -> str:
    """Return the words as far as a message can hold them."""
    words = storable_text(reply.text)
    if len(words) <= LONGEST:
        return words
    note = "\n[{}]".format(_("The rest of the email was too long."))
    return words[: LONGEST - len(note)] + note


def _id_of(reply: incoming.Reply) -> UUID:
    return uuid5(NAMESPACE_URL, f"mid:{reply.mark}")


def _say_why(reply: incoming.Reply, to: User | str, refused: Refused | TooFast, now: datetime, *, page: str) -> None:
    queue_mail(
        "support/mail/not_taken",
        to=to,
        context={"why": refused.detail, "page": page},
        key=f"not-taken:{_id_of(reply)}",
        now=now,
    )
