"""Notes between processes by Redis or Valkey: a thread with an event loop of its own and two connections.

Nothing waits for it, and nothing depends on it. While the server does not answer, notes are dropped, and the heartbeat
finds what they said. Once it answers again, whatever is followed counts as missed until then.
"""

import asyncio
import atexit
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from autodoctor.room.hub.event_bus import Parcel, Shared

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 1.0  # within which the server answers, or counts as gone
AT_EXIT_SECONDS = 5.0  # for the few answers that a command's last notes need on a busy machine
SILENCE_SECONDS = 2.5  # it is asked once a second, and answers
PAUSES_SECONDS = 0.1, 2.0  # between two attempts to reach it, at first and at most
MOST_WAITING = 10_000  # notes
MOST_AT_ONCE = 500  # notes in one go
LOST = (RedisError, OSError, TimeoutError)


class Commands(NamedTuple):
    """What the server calls publishing; `is_sharded`: in a cluster only one shard hears of it."""

    publish: str
    is_sharded: bool


PLAIN, SHARDED = Commands("PUBLISH", is_sharded=False), Commands("SPUBLISH", is_sharded=True)


class Valkey:
    """The carrier of one process. Its thread begins with the first note or channel."""

    def __init__(
        self,
        url: str,
        *,
        pack: Callable[[Shared], Parcel],
        receive: Callable[[bytes], None],
        followed: Callable[[frozenset[str]], None],
    ) -> None:
        self._url = url
        self._pack, self._receive, self._followed = pack, receive, followed
        self._lock = threading.Lock()  # of what other threads leave here
        self._waiting: deque[Shared] = deque()
        self._wanted: dict[str, None] = {}
        self._changed: dict[str, None] = {}  # channels that may have to be followed or left
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._is_closing = False
        self._is_idle = threading.Event()  # once it closes: whatever could be sent is sent
        self.is_up = False
        self.dropped = 0  # notes that no other process was told

    def send(self, notes: Iterable[Shared]) -> None:
        with self._lock:
            before = len(self._waiting)
            self._waiting.extend(notes)
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            has_news = len(self._waiting) > before
        if has_news:
            self._wake()

    def follow(self, channel: str) -> None:
        with self._lock:
            self._wanted[channel] = self._changed[channel] = None
        self._wake()

    def leave(self, channel: str) -> None:
        with self._lock:
            self._wanted.pop(channel, None)
            self._changed[channel] = None
        self._wake()

    def close(self, seconds: float) -> None:
        atexit.unregister(self._close_at_exit)
        if self._thread is None:
            return
        until = time.monotonic() + seconds
        self._is_closing = True
        self._wake()
        self._is_idle.wait(seconds)
        self._thread.join(max(0.1, until - time.monotonic()))

    def _close_at_exit(self) -> None:
        """A command's last notes leave before it ends."""
        self.close(AT_EXIT_SECONDS)

    def _wake(self) -> None:
        with self._lock:
            if self._loop is None:
                self._loop = _Loop()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name="room-bus", daemon=True)
                self._thread.start()
                atexit.register(self._close_at_exit)
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._news.set)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_until_complete(self._serve())
        finally:
            with self._lock:
                loop.close()
            self._is_idle.set()

    async def _serve(self) -> None:
        first, longest = PAUSES_SECONDS
        pause = first
        while not self._must_end() or self._waiting:  # a short command ends before this has begun
            try:
                async with self._client() as client, client.pubsub() as pubsub:
                    await self._carry(client, pubsub)
            except Exception as error:
                if not isinstance(error, LOST):
                    logger.exception("The bus failed")
                pause = first if self.is_up else min(pause * 2, longest)
                self._note_loss(error)
                await asyncio.sleep(0 if self._must_end() else pause)

    def _must_end(self) -> bool:
        return self._is_closing

    def _client(self) -> Redis:
        return Redis.from_url(
            self._url,
            socket_timeout=LIMIT_SECONDS,
            socket_connect_timeout=LIMIT_SECONDS,
            retry=Retry(NoBackoff(), 0),  # trying again is done here, and known here
            protocol=2,
        )

    async def _carry(self, client: Redis, pubsub: PubSub) -> None:
        """Carry notes until the server is lost or this closes."""
        commands = SHARDED if await _is_sharded(client) else PLAIN
        with self._lock:
            self._changed = dict(self._wanted)
        await self._follow(pubsub, commands)
        self._note_return()
        self._news.set()
        tasks = {asyncio.ensure_future(self._hear(pubsub)), asyncio.ensure_future(self._tell(client, pubsub, commands))}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, client: Redis, pubsub: PubSub, commands: Commands) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._follow(pubsub, commands)
            while notes := self._take_waiting():
                await self._publish(client, notes, commands)
            if self._must_end():
                return

    async def _follow(self, pubsub: PubSub, commands: Commands) -> None:
        """Follow and leave channels one by one: in a cluster their slots differ."""
        with self._lock:
            changed, self._changed = self._changed, {}
            wanted = {channel: channel in self._wanted for channel in changed}
        for channel, is_wanted in wanted.items():
            if is_wanted:
                await (pubsub.ssubscribe(channel) if commands.is_sharded else pubsub.subscribe(channel))
            else:
                await (pubsub.sunsubscribe(channel) if commands.is_sharded else pubsub.unsubscribe(channel))

    async def _publish(self, client: Redis, notes: list[Shared], commands: Commands) -> None:
        pipeline = client.pipeline(transaction=False)
        for parcel in map(self._pack, notes):
            for channel in parcel.channels:
                pipeline.execute_command(commands.publish, channel, parcel.content)
        try:
            await pipeline.execute()
        except LOST:
            self.dropped += len(notes)
            raise

    def _take_waiting(self) -> list[Shared]:
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]

    async def _hear(self, pubsub: PubSub) -> None:
        """Hand on what is heard. A silent server is asked, for a connection may be dead without a word."""
        heard_at = time.monotonic()
        while True:
            message = await pubsub.get_message(timeout=LIMIT_SECONDS)
            if message is not None:
                heard_at = time.monotonic()
                self._take(message)
            elif time.monotonic() - heard_at > SILENCE_SECONDS:
                raise TimeoutError("nothing was heard")
            else:
                await pubsub.ping()

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "message" | "smessage":
                self._receive(message["data"])
            case "subscribe" | "ssubscribe":
                self._followed(frozenset({message["channel"].decode()}))
            case _:
                pass

    def _note_loss(self, error: Exception) -> None:
        with self._lock:
            self.dropped += len(self._waiting)
            self._waiting.clear()
        if self.is_up:
            logger.warning("The bus is gone (%s): the heartbeat delivers", type(error).__qualname__)
        self.is_up = False

    def _note_return(self) -> None:
        self.is_up = True
        logger.info("The bus is there")


async def _is_sharded(client: Redis) -> bool:
    """Return whether the server knows channels of one shard: Redis since 7, every Valkey."""
    # In one word: the library cannot read the answer to COMMAND where the server does not know what it is asked about.
    return any(await client.execute_command("COMMAND INFO", "SPUBLISH"))  # type: ignore[no-untyped-call]


class _Loop(asyncio.SelectorEventLoop):
    async def getaddrinfo(self, *args: Any, **kwargs: Any) -> Any:
        """Look names up in this thread: at the end of a process no other one may be begun for it."""
        return socket.getaddrinfo(*args, **kwargs)
