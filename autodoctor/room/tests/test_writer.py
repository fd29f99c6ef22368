"""Group commit: in order, once, only while the session accepts messages, and one bad row harms no other."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.db import DataError, OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.room.hub.event_bus import EventBus
from autodoctor.room.messages import sql
from autodoctor.room.messages import writer as writer_module
from autodoctor.room.messages.writer import NotPosted, Posted, Writer
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import TAKES_MESSAGES, EventKind, State
from tests.kit.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


def post(writer: Writer, session: Session, user: User, text: str, client_id: str | None = None) -> "Future[Posted]":
    return writer.post(session_id=str(session.id), user_id=str(user.id), client_id=client_id or str(uuid4()), text=text)


def posted(writer: Writer, session: Session, user: User, text: str = "hello", client_id: str | None = None) -> Posted:
    return post(writer, session, user, text, client_id).result(timeout=PATIENCE)


def refusal(writer: Writer, session: Session, user: User, text: str = "hello", client_id: str | None = None) -> str:
    with pytest.raises(NotPosted) as refused:
        posted(writer, session, user, text, client_id)
    return refused.value.code


def texts(session: Session) -> list[str]:
    return [event.data["text"] for event in SessionEvent.objects.filter(session=session).order_by("seq")]


def test_a_message_is_a_row_of_the_log_like_any_other(writer: Writer, session: Session, customer: User) -> None:
    client_id = str(uuid4())
    answer = posted(writer, session, customer, "Grüße ☂ \"quoted\" \\ 'x'; {}", client_id)
    event = SessionEvent.objects.get(session=session)
    assert (event.seq, event.kind, event.audience, event.client_id) == (1, "message.posted", "both", UUID(client_id))
    assert (event.actor_id, event.actor_role, event.actor_name) == (customer.id, "customer", customer.name)
    assert orjson.loads(answer.frame) == event_log.as_frame(event)
    assert event.data == {"text": "Grüße ☂ \"quoted\" \\ 'x'; {}"}
    assert Session.objects.get(pk=session.pk).seq == 1


def test_messages_of_many_threads_are_numbered_without_gaps_in_each_threads_order(
    writer: Writer, session: Session, customer: User, mechanic: User
) -> None:
    def chatter(user: User) -> None:
        for number in range(50):
            post(writer, session, user, f"{user.name} {number}")

    threads = [threading.Thread(target=chatter, args=(user,)) for user in (customer, mechanic)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = posted(writer, session, customer, "last")
    events = list(SessionEvent.objects.filter(session=session).order_by("seq"))
    assert [event.seq for event in events] == list(range(1, 102))
    assert last.seq == 101
    for user in (customer, mechanic):
        own = [event.data["text"] for event in events if event.actor_id == user.id]
        assert own[:50] == [f"{user.name} {number}" for number in range(50)]


def test_the_numbers_of_messages_follow_those_of_appended_events(
    writer: Writer, session: Session, customer: User
) -> None:
    posted(writer, session, customer)
    with transaction.atomic():
        locked = Session.objects.select_for_update().get(pk=session.pk)
        event_log.append_event(locked, EventKind.SESSION_WAITING, at=timezone.now())
        locked.save()
    assert posted(writer, session, customer).seq == 3


def test_the_same_message_again_is_the_same_event(writer: Writer, session: Session, customer: User) -> None:
    client_id = str(uuid4())
    together = [post(writer, session, customer, "once", client_id) for _ in range(5)]
    answers = [future.result(timeout=PATIENCE) for future in together]
    later = posted(writer, session, customer, "once", client_id)
    assert {answer.frame for answer in answers} == {later.frame}
    assert later.is_repeat
    assert texts(session) == ["once"]


def test_a_client_id_reused_for_another_text_or_by_another_person_is_refused(
    writer: Writer, session: Session, customer: User, mechanic: User
) -> None:
    client_id = str(uuid4())
    posted(writer, session, customer, "first", client_id)
    assert refusal(writer, session, customer, "second", client_id) == "client_id_reused"
    assert refusal(writer, session, mechanic, "first", client_id) == "client_id_reused"
    assert texts(session) == ["first"]


def test_the_client_id_of_another_entry_confirms_no_message(writer: Writer, session: Session, customer: User) -> None:
    """Its words may be the same: what only one of them and support read is not said to the other."""
    client_id = uuid4()
    help_requests.ask_support(
        session_id=session.id,
        by=customer,
        reason="connection",
        text="I hear nothing",
        now=timezone.now(),
        client_id=client_id,
    )
    assert refusal(writer, session, customer, "I hear nothing", str(client_id)) == "client_id_reused"
    assert not SessionEvent.objects.filter(session=session, kind=EventKind.MESSAGE_POSTED).exists()


def test_a_client_id_in_another_session_is_another_message(
    writer: Writer, session: Session, customer: User, mechanic2: User
) -> None:
    other, client_id = live_session(customer, mechanic2), str(uuid4())
    posted(writer, session, customer, "here", client_id)
    posted(writer, other, customer, "there", client_id)
    assert (texts(session), texts(other)) == (["here"], ["there"])


@pytest.mark.parametrize("state", list(State))
def test_a_message_is_taken_from_accepted_to_reconnecting(
    writer: Writer, customer: User, mechanic: User, state: State
) -> None:
    session = live_session(customer, mechanic, state=state)
    if state in TAKES_MESSAGES:
        assert posted(writer, session, customer).seq == 1
    else:
        assert refusal(writer, session, customer) == "session_closed"


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"ends_at": -1}, False),
        ({"ends_at": -1, "state": State.RECONNECTING}, False),
        ({"ends_at": -1, "hold_until": 60}, True),
        ({"ends_at": -60, "hold_until": -1}, False),
        ({"ends_at": -1, "paused_at": -30, "state": State.RECONNECTING}, True),
    ],
)
def test_a_message_is_taken_in_a_live_session_until_its_time_is_up(
    writer: Writer, customer: User, mechanic: User, changes: dict[str, Any], taken: bool
) -> None:
    now = timezone.now()
    moved = {
        name: now + timedelta(seconds=value) if isinstance(value, int) else value for name, value in changes.items()
    }
    session = live_session(customer, mechanic, **moved)
    if taken:
        assert posted(writer, session, customer).seq == 1
    else:
        assert refusal(writer, session, customer) == "session_closed"
        assert texts(session) == []


def test_a_repeated_message_is_answered_even_after_the_end(writer: Writer, session: Session, customer: User) -> None:
    client_id = str(uuid4())
    first = posted(writer, session, customer, "hello", client_id)
    Session.objects.filter(pk=session.pk).update(state=State.COMPLETED)
    assert posted(writer, session, customer, "hello", client_id).frame == first.frame
    assert refusal(writer, session, customer, "one more") == "session_closed"


def test_only_participants_and_support_may_write_messages(
    writer: Writer, session: Session, mechanic: User, stranger: User, support: User
) -> None:
    assert refusal(writer, session, stranger) == "session_closed"
    posted(writer, session, mechanic, "mine")
    posted(writer, session, support, "We are here too.")
    roles = SessionEvent.objects.filter(session=session).order_by("seq").values_list("actor_role", flat=True)
    assert list(roles) == ["mechanic", "support"]


def test_a_message_of_a_banned_person_is_refused_at_once(writer: Writer, session: Session, customer: User) -> None:
    User.objects.filter(pk=customer.pk).update(is_active=False)
    assert refusal(writer, session, customer) == "session_closed"


def test_a_message_that_the_database_refuses_does_not_fail_its_batch(
    writer: Writer, session: Session, customer: User, mechanic: User, mechanic2: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = live_session(customer, mechanic2)
    for vendor in (sql.Postgres, sql.Sqlite):
        store = vendor.store

        def poisoned(self: Any, rows: Any, seqs: Any, full_at: Any, store: Any = store) -> None:
            if any(row.text == "poison" for row in rows):
                raise DataError("poison")
            store(self, rows, seqs, full_at)

        monkeypatch.setattr(vendor, "store", poisoned)
    words = ["one", "two", "poison", "three", "four"]
    futures = [(word, post(writer, place, customer, word)) for word in words for place in (session, other)]
    for word, future in futures:
        if word == "poison":
            with pytest.raises(NotPosted, match="unavailable"):
                future.result(timeout=PATIENCE)
        else:
            future.result(timeout=PATIENCE)
    assert texts(session) == texts(other) == ["one", "two", "three", "four"]
    numbers = SessionEvent.objects.filter(session=session).order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == [1, 2, 3, 4]


def test_writers_of_several_processes_count_a_person_together(
    writer: Writer, session: Session, customer: User, mechanic: User, settings: Settings
) -> None:
    settings.LIMITS = {"messages": [10, 600]}
    with closing_writer() as another:
        posts = [post(each, session, customer, str(number)) for number in range(8) for each in (writer, another)]
        outcomes = [future.exception(timeout=PATIENCE) for future in posts]
        assert post(another, session, mechanic, "and me?").result(timeout=PATIENCE).seq == 11
    assert outcomes.count(None) == 10
    assert {str(outcome) for outcome in outcomes if outcome} == {"too_fast"}


@contextmanager
def closing_writer() -> Iterator[Writer]:
    writer = Writer(EventBus())
    yield writer
    writer.stop()


def test_no_message_is_lost_when_the_database_is_back_within_patience(
    writer: Writer, session: Session, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([OperationalError("gone"), OperationalError("still gone")])
    real = sql.statements

    def flaky() -> sql.Statements:
        for failure in failures:
            raise failure
        return real()

    monkeypatch.setattr(writer_module, "statements", flaky)
    assert posted(writer, session, customer).seq == 1


def test_messages_are_refused_as_unavailable_while_the_database_stays_away(
    writer: Writer, session: Session, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sql.statements

    def down() -> sql.Statements:
        raise OperationalError("gone")

    monkeypatch.setattr(writer_module, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(writer_module, "statements", down)
    assert refusal(writer, session, customer) == "unavailable"
    monkeypatch.setattr(writer_module, "statements", real)
    assert posted(writer, session, customer).seq == 1


@pytest.mark.postgres
def test_a_locked_session_does_not_hold_up_messages_of_others(
    writer: Writer, session: Session, customer: User, mechanic2: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = live_session(customer, mechanic2)
    with transaction.atomic():
        Session.objects.select_for_update().get(pk=session.pk)
        waiting = post(writer, session, customer, "patience")
        assert posted(writer, other, customer).seq == 1
        assert not waiting.done()
    assert waiting.result(timeout=PATIENCE).seq == 1
    monkeypatch.setattr(writer_module, "PATIENCE_SECONDS", 0.2)
    with transaction.atomic():
        Session.objects.select_for_update().get(pk=session.pk)
        assert refusal(writer, session, customer) == "unavailable"


def test_messages_beyond_the_longest_queue_are_refused_at_once(
    session: Session, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MOST_WAITING", -1)
    assert refusal(Writer(EventBus()), session, customer) == "unavailable"


def test_the_database_stores_every_text_that_a_frame_may_carry(
    writer: Writer, session: Session, customer: User
) -> None:
    awkward = ["\x01\x7f", "\u2028", "𝄞" * 4000, "%s %(a)s ? $1", "'; DROP TABLE x; --", "\\u0000", "\ufeff\ufffe"]
    for text in awkward:
        posted(writer, session, customer, text)
    assert texts(session) == awkward
    assert connection.vendor in ("sqlite", "postgresql")
