"""What the asker does: ask, confirm the address, write more, read.

A visitor's question reaches support once its address is confirmed, by the link in our mail or by an answer to it.
Nothing that the visitor typed stands in that mail, so nobody can send words through us to somebody else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.accounts.waiting_list import mailbox_of
from autodoctor.conversations import deadlines, links, record, thread_files
from autodoctor.conversations.messages import check_number, checked, reused_id
from autodoctor.conversations.models import Asker, Conversation, Entry, Kind, State
from autodoctor.conversations.thread_files import NOTHING, Enclosed, Thread
from autodoctor.conversations.topics import Topic
from autodoctor.core.errors import Refused, TooFast
from autodoctor.mail.queue import queue_mail
from autodoctor.rates import counting
from autodoctor.rates.limits import CONFIRMATIONS

A_DAY = timedelta(days=1)
MOST_A_DAY = 10  # new conversations of one account


@dataclass(frozen=True, kw_only=True)
class Question:
    """A first message, as a form sends it. `client_id` names the form."""

    topic: str
    text: str
    client_id: UUID | None = None


def ask(question: Question, *, by: User, now: datetime, enclosed: Enclosed = NOTHING) -> Conversation:
    """Begin a conversation. The same form sent again returns the same one, and saves no file.

    Raises `Refused` for support, an invalid topic or text, and too many questions in a day.
    """
    asker = _role_of(by)
    with transaction.atomic():
        User.objects.select_for_update().only("id").get(pk=by.pk)
        if before := _repeated(question, person=by, email=""):
            return before
        if Conversation.objects.filter(person=by, created_at__gt=now - A_DAY).count() >= MOST_A_DAY:
            raise _too_many()
        begun = Conversation(asker=asker, person=by, name=by.name)
        return _begin(begun, question, State.OPEN, now, enclosed)


def ask_as_visitor(question: Question, *, name: str, email: str, now: datetime) -> Conversation:
    """Begin a conversation that waits for the address to be confirmed, and mail the link.

    `name` is one printable line. Raises `Refused` like `ask`, and `TooFast` for an address that got too many links,
    whoever asked for them. Call outside a transaction.
    """
    address = email.lower()
    _check(question)
    if before := _repeated(question, person=None, email=address):
        return before
    try:
        counting.take(CONFIRMATIONS, mailbox_of(address), now)
        with transaction.atomic():
            begun = Conversation(asker=Asker.VISITOR, email=address, name=name)
            begun = _begin(begun, question, State.UNCONFIRMED, now)
            _mail_link(begun, now)
            return begun
    except (IntegrityError, TooFast):  # by the same form, sent twice at the same moment
        if before := _repeated(question, person=None, email=address):
            return before
        raise


def confirm(*, conversation_id: UUID, now: datetime) -> Conversation:
    """The address is the visitor's: support sees the question. Does nothing the second time."""
    with record.conversation_transaction(conversation_id) as conversation:
        if conversation.state == State.UNCONFIRMED:
            record.enter(conversation, State.OPEN, now)
        return conversation


def write(
    *, conversation_id: UUID, text: str, now: datetime, client_id: UUID | None = None, enclosed: Enclosed = NOTHING
) -> Entry:
    """Write more. An answered or closed conversation is open again; a visitor's address is confirmed by this.

    Raises `Conversation.DoesNotExist`, and `Refused` for invalid text, too many messages, and an id used before.
    """
    with record.conversation_transaction(conversation_id) as conversation:
        who = record.asker_of(conversation)
        if before := record.repeated(conversation, Kind.ASKED, by=who, client_id=client_id):
            return before
        words = thread_files.checked(text, enclosed)
        check_may_write(conversation)
        asked = record.append(
            conversation, Kind.ASKED, by=who, at=now, text=words, client_id=client_id, enclosed=enclosed
        )
        if conversation.state != State.OPEN:
            record.enter(conversation, State.OPEN, now)
        conversation.read_seq = conversation.seq
        return asked


def check_may_write(conversation: Conversation) -> None:
    """Raise `Refused` if `write` would, whatever the words. Costs nothing before what is long."""
    check_number(conversation.entries.filter(kind=Kind.ASKED).count())


def thread_of(conversation: Conversation) -> Thread:
    """Return where the asker's files go."""
    return Thread(conversation.id, conversation.counted)


def read(conversation: Conversation) -> None:
    """Note that the asker has seen all of it."""
    Conversation.objects.filter(pk=conversation.pk, read_seq__lt=conversation.seq).update(read_seq=conversation.seq)


def _begin(
    begun: Conversation, question: Question, state: State, now: datetime, enclosed: Enclosed = NOTHING
) -> Conversation:
    words = _check(question)
    begun.topic, begun.client_id = question.topic, question.client_id or uuid4()
    begun.created_at = now
    record.enter(begun, state, now)
    begun.save(force_insert=True)
    by, form = record.asker_of(begun), begun.client_id
    record.append(begun, Kind.ASKED, by=by, at=now, text=words, client_id=form, enclosed=enclosed)
    begun.read_seq = begun.seq
    record.count_change(begun)
    begun.save()
    deadlines.align(begun)
    record.announce(begun)
    return begun


def _check(question: Question) -> str:
    """Return the words. Raises `Refused`."""
    words = checked(question.text)
    if question.topic not in Topic.values:
        raise Refused("topic", _("Choose a topic."), 422, field="topic")
    return words


def _repeated(question: Question, *, person: User | None, email: str) -> Conversation | None:
    before = Conversation.objects.filter(client_id=question.client_id).first() if question.client_id else None
    if before and (before.person_id, before.email) != (person and person.pk, email):
        raise reused_id()
    return before


def _role_of(person: User) -> Asker:
    match person.role:
        case Role.CUSTOMER:
            return Asker.CUSTOMER
        case Role.MECHANIC:
            return Asker.MECHANIC
        case Role.SUPPORT:
            raise Refused("not_a_party", _("Support answers questions on the support desk."), 403)


def _too_many() -> Refused:
    sentence = _("We already have questions from you. Write more in the conversation that is open, or ask again later.")
    return Refused("too_fast", sentence, 429)


def _mail_link(conversation: Conversation, now: datetime) -> None:
    queue_mail(
        "conversations/mail/confirm",
        to=conversation.email,
        context={"page": links.page(conversation)},
        key=f"help:confirm:{conversation.id}",
        now=now,
        answers_to=conversation.id,
    )
