"""One page of one person in one session: serve the log from its last `seq`, and handle its frames."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from operator import attrgetter
from typing import Any, cast, get_args
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from autodoctor.accounts.models import Role
from autodoctor.core.errors import Refused
from autodoctor.rates.in_process import Counts
from autodoctor.room.hub.event_bus import bus
from autodoctor.room.hub.joins import JoinRequest, PageGone, joiner
from autodoctor.room.hub.notes import PARTIES, CallTaken, EphemeralFrame, PageMoved, Poke, Relay, Row
from autodoctor.room.hub.presence import LEASE_ENDS, Joined, Left, SessionAdmission, presence
from autodoctor.room.hub.revocation import connected_users
from autodoctor.room.hub.sockets import hub
from autodoctor.room.messages.writer import NotPosted, Post, Posted, writer
from autodoctor.room.socket import handshake, log_pages, media_reports
from autodoctor.room.wire import executor, protocol
from autodoctor.room.wire.connection import MUCH, Connection, Receive, Scope, Send
from autodoctor.room.wire.loop_inbox import LoopAnswer
from autodoctor.room.wire.uvicorn_protocol import OUR_END, SILENT_SECONDS
from autodoctor.sessions.lifecycle.returns import JoiningPage
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.states import ATTENDED, InvalidTransition

logger = logging.getLogger(__name__)

MOST_KEPT = 100  # pokes that come meanwhile
ON_ITS_WAY_SECONDS = 0.03  # what is between comes from another process, as a rule: to read it costs much more
AGAIN_SECONDS = 1.0  # until a report that could not be stored is tried again
MOST_PAGES_OPEN = 12  # per person and session; a new page closes the oldest
_both = SessionEvent.Audience.BOTH.value
_joins = count(1)
_others = {role: frozenset({*PARTIES, Role.SUPPORT.value} - {role}) for role in Role.values}
_opposite = {Role.CUSTOMER.value: Role.MECHANIC.value, Role.MECHANIC.value: Role.CUSTOMER.value}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """`/ws/sessions/<uuid>?after=<seq>&page=<uuid>`"""
    socket = await _open(scope, receive, send)
    if socket is None:
        return
    try:
        await socket.serve()
    finally:
        socket.leave()


async def _open(scope: Scope, receive: Receive, send: Send) -> "Socket | None":
    """Open the page; None if it was not admitted."""
    session_id, page = handshake.session_of(scope), handshake.page(scope)
    admission = await handshake.admit_to_session(scope, receive, send, session_id)
    if admission is None:
        return None
    socket = Socket(scope, receive, send, session_id, admission)
    try:
        socket.enter(admission, page)
    except BaseException:
        socket.leave()
        raise
    return socket


class Socket(Connection):
    __slots__ = (
        "_behind", "_counts", "_joining", "_kept", "_left_at", "_reading", "_receiving", "_reporting", "_took_part",
        "connection_id", "join_number", "joined", "opening", "our_end", "page", "role", "served", "session_id",
        "silent", "user_id",
    )  # fmt: skip

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, session_id: UUID, admission: SessionAdmission
    ) -> None:
        super().__init__(scope, receive, send)
        self.session_id = str(session_id)
        self.user_id = str(admission.guest.user.id)
        self.role = admission.place.role
        self.connection_id = admission.connection_id
        self.page = ""  # the client's id of this page
        self.served = min(handshake.after(scope), admission.place.session.seq)
        self.joined = self.join_number = 0
        self.opening = handshake.attempt(scope), time.time()
        self.silent = timedelta()  # seconds without a frame when the connection was lost
        self.our_end = False  # the process ends, and its page comes back elsewhere
        self._behind = self.served  # the log is known to reach here
        self._reading = False
        self._kept: list[Poke] = []  # rows that arrived during a read
        self._joining = 0  # joins under way
        self._took_part = admission.takes_part
        self._left_at: datetime | None = None
        self._counts = Counts()
        self._receiving: bool | None = None  # the last report about the other side's media
        self._reporting = asyncio.Lock()

    def enter(self, admission: SessionAdmission, page: str) -> None:
        """Say welcome, then follow the log. Of two sockets for the same page only the newer one stays: a handshake may
        take so long that its client has given up, and come again.
        """
        self.page = page
        session = admission.place.session
        room = hub.enter(self, session=session.payload(), seq=session.seq, presence=admission.presence)
        connected_users.enter(self, admission.guest)
        mine = [member for member in room.members if member.user_id == self.user_id]
        for older in mine[:-1]:
            if self.page and older.page == self.page:
                min(older, self, key=attrgetter("opening")).move_away()
            elif older in mine[:-MOST_PAGES_OPEN]:
                older.close(protocol.REPLACED)
        if self.page:
            bus.announce(PageMoved(self.session_id, self.user_id, self.page, *self.opening))
        self.push(
            protocol.welcome(
                seq=self.served,
                now=timezone.now(),
                user_id=self.user_id,
                role=self.role,
                session=room.session,
                presence=room.presence,
            )
        )
        self.follow(Poke(self.session_id, room.seq))

    def leave(self) -> None:
        self.is_open = False
        self._left_at = timezone.now() - self.silent
        self._hear_no_more()
        self._see_off()
        hub.leave(self)
        connected_users.leave(self)

    def _see_off(self) -> None:
        """Close the page after a pending join: a page closed before its join would stay in forever."""
        if self.our_end:
            presence.tell(LEASE_ENDS)
        elif self.connection_id is not None and self._left_at is not None and not self._joining:
            session_id, user_id = UUID(self.session_id), UUID(self.user_id)
            presence.tell(Left(self.connection_id, session_id, user_id, self._took_part, self._left_at, timezone.now()))

    async def serve(self) -> None:
        """Handle the client's frames until the connection ends."""
        event = await self.listen(self._take)
        self.silent = timedelta(seconds=event.get(SILENT_SECONDS, 0))
        self.our_end = OUR_END in event

    def follow(self, poke: Poke) -> None:
        """Send new rows: the poke's rows if they follow on what was served, else rows read from the log."""
        if poke.seq <= self.served:
            return
        if self._follows_on(poke) and not self._reading and not _is_much(poke.rows):
            self._serve(*poke.rows)
            return
        self._behind = max(self._behind, poke.seq)
        if poke.rows and len(self._kept) < MOST_KEPT:
            self._kept.append(poke)
        if not self._reading:
            self._reading = True
            executor.background(self._catch_up())

    def _follows_on(self, poke: Poke) -> bool:
        return bool(poke.rows) and poke.rows[0].seq <= self.served + 1

    def _serve(self, *rows: Row) -> None:
        """Send what has not been served yet, in one go."""
        frames = [row.frame for row in rows if row.seq > self.served and self._is_reader(row.audience)]
        self.served = max(self.served, rows[-1].seq)
        if frames:
            self.push(*frames)

    def _is_reader(self, audience: str) -> bool:
        return audience == _both or self.role in (audience, Role.SUPPORT)

    async def _catch_up(self) -> None:
        """Read until the log is served as far as it is known to reach. After a failure the next heartbeat tries."""
        try:
            if self._kept and not self._follows_on(self._kept[0]):
                await asyncio.sleep(ON_ITS_WAY_SECONDS)
                await self._serve_kept()
            while self.is_open and self.served < self._behind:
                page = await executor.read(log_pages.read_page, self.session_id, self.user_id, self.role, self.served)
                if page is None:
                    self.close(protocol.NOT_FOUND)
                    return
                if room := hub.room(self.session_id):
                    room.learn(page.session, page.as_of)
                for row in page.rows:
                    self._serve(row)
                    await self.drained()
                self.served = page.seq
                await self._serve_kept()
        finally:
            self._reading = False
            self._kept = []

    async def _serve_kept(self) -> None:
        """Send the rows that came during a read, as far as they follow on; two processes tell of theirs in any order.
        Otherwise a busy log would be read forever, always one page behind.
        """
        while self._kept:
            self._kept.sort(key=lambda poke: poke.rows[0].seq)
            if not self._follows_on(self._kept[0]):
                return
            poke = self._kept.pop(0)
            if not _is_much(poke.rows):
                self._serve(*poke.rows)
                await self.drained()

    def _take(self, raw: str | bytes) -> bool:
        """Handle one frame. Returns False if the client must slow down."""
        frame = protocol.parse(raw)
        if not self._is_in_pace(frame):
            self.push(protocol.error("too_fast", getattr(frame, "client_id", None)))
            return False
        _TAKERS[type(frame)](self, frame)
        return True

    def _is_in_pace(self, frame: protocol.Frame | protocol.Invalid) -> bool:
        """Messages count with those of the person's other pages, every other frame for this page alone."""
        if isinstance(frame, protocol.Message):
            return writer.admits(self.user_id)
        return self._counts.allows(protocol.LIMITS[type(frame)], self.loop.time())

    def _message(self, frame: protocol.Message) -> None:
        since = time.monotonic()
        writer.submit(Post(self.session_id, self.user_id, frame.client_id, frame.text, self._settled, since))

    def _settled(self, post: Post, outcome: Posted | NotPosted) -> None:
        """Called in the writer's thread. A new row reaches this socket by its poke, like all others."""
        if isinstance(outcome, NotPosted) or outcome.is_repeat:
            with suppress(RuntimeError):  # the event loop is closed
                self.loop.call_soon_threadsafe(self._answer, post, outcome)

    def _answer(self, post: Post, outcome: Posted | NotPosted) -> None:
        if isinstance(outcome, NotPosted):
            self.push(protocol.error(outcome.code, post.client_id))
        elif outcome.seq <= self.served:
            self.push(outcome.frame)
        else:
            self.follow(Poke(self.session_id, outcome.seq))

    def _join(self, frame: protocol.Join) -> None:
        """Join this page. The person's newest joined page has the call; joining again takes the call back."""
        room = hub.room(self.session_id)
        if self.connection_id is None or room is None:
            self.push(protocol.error("not_joined"))
            return
        earlier = room.newest(self.role)
        if earlier not in (None, self) and room.is_call:
            self._reporting = cast(Socket, earlier).step_aside()
        self.joined, self.join_number = next(_joins), 0
        self._joining += 1
        executor.background(self._take_part(self.connection_id))

    def step_aside(self) -> asyncio.Lock:
        """Another page takes the call; joining again takes it back. The reports of both pages keep their order."""
        self._hear_no_more()
        self.joined, self._receiving = 0, None
        self.push(protocol.replaced())
        return self._reporting

    def move_away(self) -> None:
        """A newer socket takes this one's place: the call is the same, and what it hears."""
        self._receiving = None
        self.close(protocol.REPLACED)

    def _hear_no_more(self) -> None:
        """This page received media and no longer has the call. The next page reports whether media arrive."""
        if self.joined and self._receiving:
            self._receiving = None
            executor.background(self._report(None))

    async def _take_part(self, connection_id: UUID) -> None:
        """Mark the page as joined once the session says so. Until then it must not hide an absence."""
        try:
            joins = max(await self._ask_to_join(connection_id), self.join_number)
            self._took_part = True
            presence.tell(Joined(connection_id, joins))
            self._take_call(joins)
        except (InvalidTransition, Refused):
            self.joined = 0
            self.push(protocol.error("session_closed"))
        except PageGone:
            self.joined = 0
            self.close(protocol.GOING_AWAY)
        except ObjectDoesNotExist:
            self.close(protocol.NOT_FOUND)
        except Exception:
            logger.exception("A page could not join, and comes back for it")
            self.joined = 0
            self.close(protocol.GOING_AWAY)
        finally:
            self._joining -= 1
            self._see_off()

    async def _ask_to_join(self, connection_id: UUID) -> int:
        page = JoiningPage(connection_id, UUID(self.session_id), UUID(self.user_id))
        answer: LoopAnswer[int] = LoopAnswer()
        joiner.join(JoinRequest(page, lambda: self.is_open, answer))
        return await answer.future

    def _take_call(self, joins: int) -> None:
        """The pages of this person in other processes step aside, or the one here if a later one has joined there."""
        room = hub.room(self.session_id)
        holder = cast(Socket | None, room.take_call(self, joins)) if room else None
        if holder is None:
            return
        bus.publish(CallTaken(self.session_id, self.user_id, joins))
        if holder is not self and holder.connection_id and not holder._joining:  # else it says so itself
            presence.tell(Joined(holder.connection_id, joins))

    def _typing(self, frame: protocol.Typing) -> None:
        if self._takes_part():
            bus.publish(EphemeralFrame(self.session_id, _others[self.role], protocol.typing(self.role)))

    def _pass_on(self, frame: protocol.Passed) -> None:
        """Hand a frame to the page of the other side that has the call."""
        room = hub.room(self.session_id)
        if not self.joined or room is None:
            self.push(protocol.error("not_joined"))
        elif self._takes_part():
            allowed = room.session["camera_allowed"] is True
            if code := protocol.refusal(self.role, frame, camera_allowed=allowed):
                self.push(protocol.error(code))
            else:
                bus.publish(Relay(self.session_id, _opposite[self.role], protocol.passed(self.role, frame)))

    def _media(self, frame: protocol.Media) -> None:
        """Handle a media report. Only the page with the call reports. What is news is decided by what is stored: of
        another mechanic the same is said again.
        """
        room = hub.room(self.session_id)
        if self.joined and room and room.is_call:
            self._receiving = frame.receiving
            executor.background(self._report(frame.receiving))

    async def _report(self, receiving: bool | None) -> None:
        """Store reports in their order: a later report waits for the earlier one. Its page says it once only, so what
        cannot be stored now is tried again, as long as it is true.
        """
        join_number = self.join_number
        async with self._reporting:
            while not await self._is_stored(receiving, join_number):
                await asyncio.sleep(AGAIN_SECONDS)
                if not (self.is_open and self.joined and self._receiving is receiving):
                    return

    async def _is_stored(self, receiving: bool | None, join_number: int) -> bool:
        try:
            await executor.act(media_reports.store, self.session_id, self.user_id, receiving, join_number)
        except ObjectDoesNotExist:
            self.close(protocol.NOT_FOUND)
        except Exception:
            logger.exception("A report of media could not be stored yet")
            return False
        return True

    def _ping(self, frame: protocol.Ping) -> None:
        self.push(protocol.pong(timezone.now(), self.served))

    def _invalid(self, frame: protocol.Invalid) -> None:
        self.push(protocol.error(frame.code, frame.client_id, frame.detail))

    def _takes_part(self) -> bool:
        """Decide by the last known state. Messages are checked in their transaction."""
        room = hub.room(self.session_id)
        if room is not None and room.session["state"] in ATTENDED:
            return True
        self.push(protocol.error("session_closed"))
        return False


_TAKERS: dict[type, Callable[[Socket, Any], None]] = {
    protocol.Message: Socket._message,
    protocol.Join: Socket._join,
    protocol.Typing: Socket._typing,
    **dict.fromkeys(get_args(protocol.Passed), Socket._pass_on),
    protocol.Media: Socket._media,
    protocol.Ping: Socket._ping,
    protocol.Invalid: Socket._invalid,
}


def _is_much(rows: tuple[Row, ...]) -> bool:
    return len(rows) > 1 and sum(len(row.frame) for row in rows) > MUCH
