"""Group commit of messages: all waiting messages become rows of the log in one transaction.

Few threads, each with a connection and sessions of its own. They build no ORM object: this is the hot path that the
product lives on. The sequence numbers follow the rules of `sessions.record.event_log`: taken and written under the
session's lock.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.db import DatabaseError, connection
from django.dispatch import Signal
from django.utils import timezone

from autodoctor.accounts.models import Role
from autodoctor.rates.counting import next_full_at
from autodoctor.rates.in_process import Counts
from autodoctor.rates.limits import MESSAGES
from autodoctor.room.hub.event_bus import EventBus, bus
from autodoctor.room.hub.notes import Poke, Row
from autodoctor.room.messages.sql import Found, Locked, Person, Stored, statements
from autodoctor.room.wire import protocol
from autodoctor.room.wire.batcher import Batcher
from autodoctor.room.wire.executor import LOST
from autodoctor.sessions.models import SessionEvent, stamp
from autodoctor.sessions.states import TAKES_MESSAGES

logger = logging.getLogger(__name__)

# With two, one judges and writes while the other waits for PostgreSQL's disk. SQLite has one lock for all who write.
THREADS = {"postgresql": 2, "sqlite": 1}
MOST_AT_ONCE = 1_000
MOST_WAITING = 20_000
MOST_ROWS = 20_000  # of one session's log: three hours of two people who write a message a second
PATIENCE_SECONDS = 3.0  # for a session that another transaction locks, or a database that is down
# Sent after a commit with `messages`, how many it wrote, and `seconds`, how long it took: once a batch.
batch_written = Signal()
_both = SessionEvent.Audience.BOTH.value
_takes_messages = frozenset(state.value for state in TAKES_MESSAGES)


class Posted(NamedTuple):
    """The message is in the log. `is_repeat`: it already was."""

    seq: int
    frame: bytes
    is_repeat: bool


class NotPosted(Exception):
    """The message is not in the log; `code` as in an error frame."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Post(NamedTuple):
    """A message to be written. Ids are canonical text. `settled` is called in the writer's thread."""

    session_id: str
    user_id: str
    client_id: str
    text: str
    settled: "Callable[[Post, Posted | NotPosted], None]"
    since: float  # monotonic time


class Writer:
    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        # First in this process, so that a flood costs nothing; the batch counts in the database, for all processes.
        self._counts = Counts()
        self._batchers: list[Batcher[Post]] = [
            Batcher(f"room-writer-{number}", self._write, most=MOST_AT_ONCE, retry_seconds=0.01)
            for number in range(THREADS[connection.vendor])
        ]

    def admits(self, user_id: str) -> bool:
        """Count a message in this process, before it is queued. Callable from any thread."""
        return self._counts.allows(MESSAGES, time.monotonic(), user_id)

    def submit(self, post: Post) -> None:
        """Queue a message. Callable from any thread; returns at once. The commit or the refusal settles the future."""
        batcher = self._batchers[hash(post.session_id) % len(self._batchers)]  # a session keeps its order
        if len(batcher) > MOST_WAITING:
            post.settled(post, NotPosted("unavailable"))
        else:
            batcher.put(post)

    def post(self, *, session_id: str, user_id: str, client_id: str, text: str) -> "Future[Posted]":
        """Queue a message and return a future. The future raises `NotPosted` when the message is refused."""
        future: Future[Posted] = Future()
        settled = partial(_resolve, future)
        self.submit(Post(session_id, user_id, client_id, text, settled, time.monotonic()))
        return future

    def stop(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        for batcher in self._batchers:
            batcher.stop(max(0.0, until - time.monotonic()))

    def _write(self, posts: list[Post]) -> list[Post]:
        """Write one batch; returns the posts that must wait. A failing batch is halved until the bad row is alone."""
        try:
            return self._commit(posts)
        except LOST:
            logger.exception("The database did not take %d messages", len(posts))
            connection.close()
            return self._patient(posts)
        except DatabaseError as error:
            problem = error
        if len(posts) > 1:
            half = len(posts) // 2
            return self._write(posts[:half]) + self._write(posts[half:])
        logger.error("A message was refused by the database", exc_info=problem)
        _refuse(posts[0], "unavailable")
        return []

    def _commit(self, posts: list[Post]) -> list[Post]:
        began = time.monotonic()
        sql = statements()
        with sql.transaction():
            found = sql.look(
                list({post.session_id for post in posts}),
                list({post.user_id for post in posts}),
                [(post.session_id, post.client_id) for post in posts],
            )
            batch = Batch(found, timezone.now())
            waiting = [post for post in posts if not batch.judge(post)]
            if batch.rows:
                sql.store(batch.rows, batch.seqs, batch.full_at)
        seconds = time.monotonic() - began
        self._bus.publish(*batch.pokes())
        for post, outcome in batch.outcomes:
            post.settled(post, outcome)
        if batch.rows:
            batch_written.send_robust(Writer, messages=len(batch.rows), seconds=seconds)
        return self._patient(waiting)

    def _patient(self, posts: list[Post]) -> list[Post]:
        """Return the posts that may still wait; refuse the others."""
        limit = time.monotonic() - PATIENCE_SECONDS
        for post in posts:
            if post.since < limit:
                _refuse(post, "unavailable")
        return [post for post in posts if post.since >= limit]


class Batch:
    """The decisions on the posts of one transaction, while it holds the sessions' locks."""

    def __init__(self, found: Found, now: datetime) -> None:
        self._found = found
        self._now = now
        self._stamp = stamp(now) or ""
        self._monotonic_to_epoch = now.timestamp() - time.monotonic()
        self._pace = MESSAGES.pace
        self._fresh: defaultdict[str, list[Row]] = defaultdict(list)
        self.rows: list[Stored] = []
        self.seqs: dict[str, int] = {}
        self.full_at: dict[str, float] = {}  # by person: how far their messages use up the limit
        self.outcomes: list[tuple[Post, Posted | NotPosted]] = []

    def judge(self, post: Post) -> bool:
        """Decide on a post. Returns False if its session is locked by another transaction, so that the post must
        wait.
        """
        found = self._found
        session, person = found.sessions.get(post.session_id), found.people.get(post.user_id)
        if session is None:
            return False
        repeat = found.repeats.get((post.session_id, post.client_id))
        role = _role(session, post.user_id, person)
        if repeat is not None:
            outcome: Posted | NotPosted = _again(post, repeat)
        elif person is None or role is None or not self._is_open(session):
            outcome = NotPosted("session_closed")
        elif self._is_in_pace(post):
            outcome = self._take(post, session, role, person.name)
        else:
            outcome = NotPosted("too_fast")
        self.outcomes.append((post, outcome))
        return True

    def _is_open(self, session: Locked) -> bool:
        has_time = session.closes_at is None or self._now < session.closes_at
        return session.state in _takes_messages and has_time and session.seq < MOST_ROWS

    def _is_in_pace(self, post: Post) -> bool:
        """Count the message at the moment at which it came: a batch may hold those of some seconds."""
        full_at = self.full_at.get(post.user_id, self._found.full_at.get(post.user_id, 0.0))
        counted = next_full_at(self._pace, full_at, post.since + self._monotonic_to_epoch)
        if counted is not None:
            self.full_at[post.user_id] = counted
        return counted is not None

    def _take(self, post: Post, session: Locked, role: str, name: str) -> Posted:
        session_id, user_id, client_id, text, *_ = post
        seq = self.seqs.get(session_id, session.seq) + 1
        row = Stored(session_id, seq, self._now, user_id, role, name, client_id, text)
        frame = _frame(row, self._stamp)
        self.seqs[session_id] = seq
        self.rows.append(row)
        self._found.repeats[session_id, client_id] = row
        self._fresh[session_id].append(Row(seq, _both, frame))
        return Posted(seq, frame, is_repeat=False)

    def pokes(self) -> list[Poke]:
        return [Poke(session_id, self.seqs[session_id], tuple(rows)) for session_id, rows in self._fresh.items()]


def _role(session: Locked, user_id: str, person: Person | None) -> str | None:
    """Return the writer's role; None for a banned person or a stranger."""
    if person is None:
        return None
    if user_id == session.customer_id:
        return Role.CUSTOMER.value
    if user_id == session.mechanic_id:
        return Role.MECHANIC.value
    return Role.SUPPORT.value if person.is_staff else None


def _again(post: Post, row: Stored) -> Posted | NotPosted:
    """Handle a repeated client id: the same text is the same event, another text is refused."""
    if (row.user_id, row.text) != (post.user_id, post.text):
        return NotPosted("client_id_reused")
    return Posted(row.seq, _frame(row, stamp(row.at) or ""), is_repeat=True)


def _frame(row: Stored, at: str) -> bytes:
    return protocol.message_posted(
        seq=row.seq, at=at, user_id=row.user_id, role=row.role, name=row.name, client_id=row.client_id, text=row.text
    )


def _refuse(post: Post, code: str) -> None:
    post.settled(post, NotPosted(code))


def _resolve(future: "Future[Posted]", post: Post, outcome: Posted | NotPosted) -> None:
    if isinstance(outcome, NotPosted):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


writer = Writer(bus)
