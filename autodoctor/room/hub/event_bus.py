"""The event bus of the live channel: pokes, ephemeral frames, revoked access. A note is a hint, never the truth.

Notes reach this process by its own memory. A `Carrier` takes them to other processes: none, or Redis or Valkey
(`valkey.py`). Whatever is lost on the way is found by the heartbeat.
"""

import asyncio
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, Self, TypeVar

import orjson

from autodoctor.room.wire.loop_inbox import LoopInbox

logger = logging.getLogger(__name__)
N = TypeVar("N")


class Shared(Protocol):
    """A note that other processes hear, too: those that follow one of its channels."""

    TAG: ClassVar[str]

    def channels(self) -> Iterable[str]: ...

    def pack(self) -> list[Any]:
        """Return the note as JSON can carry it."""
        ...

    @classmethod
    def unpack(cls, *packed: Any) -> Self: ...


class Parcel(NamedTuple):
    """A packed note, and who hears it."""

    channels: tuple[str, ...]
    content: bytes


class Carrier(Protocol):
    """Takes notes to other processes and brings theirs. Callable from any thread; nothing waits, nothing is certain."""

    @property
    def is_up(self) -> bool: ...

    @property
    def dropped(self) -> int:
        """Return how many notes were told to nobody."""
        ...

    def send(self, notes: Iterable[Shared]) -> None: ...

    def follow(self, channel: str) -> None: ...

    def leave(self, channel: str) -> None: ...

    def close(self, seconds: float) -> None:
        """Send what waits, as far as that works within so many seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Followed:
    """What these channels said is heard from now on; what they said until now may have been missed."""

    channels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Echo:
    """Comes back to the bus that sent it, by way of the carrier if there is one."""

    TAG: ClassVar[str] = "echo"
    bus: str
    token: str

    def channels(self) -> Iterable[str]:
        return (f"echo:{self.bus}",)

    def pack(self) -> list[Any]:
        return [self.bus, self.token]

    @classmethod
    def unpack(cls, *packed: Any) -> Self:
        return cls(*packed)


class EventBus:
    """Takes notes from any thread and hands each to those who listen for its type.

    In a server this happens in the event loop's thread, and many notes wake the event loop once. A process without an
    event loop (a scheduler, a command) sends notes to others, and hears theirs in the carrier's thread.
    """

    def __init__(self, find_carrier: "Callable[[EventBus], Carrier | None]" = lambda _bus: None) -> None:
        self._name = ""  # made with the carrier: a process may be forked from one that has imported this
        self._find_carrier = find_carrier
        self._carrier: Carrier | None = None
        self._is_found = False
        self._listeners: dict[type, list[Callable[[Any], None]]] = {}
        self._shared: dict[str, type[Any]] = {}
        self._channels: Counter[str] = Counter()
        self._lock = threading.Lock()  # of the carrier and the channels
        self._inbox: LoopInbox[object] | None = None
        self._echoes: dict[str, threading.Event] = {}
        self.share(Echo)
        self.listen(Echo, self._heard_echo)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._inbox = LoopInbox(loop, self._hand_over)

    def close(self, seconds: float = 1.0) -> None:
        """Deliver nothing more. What others should hear is sent, if that takes no longer than this."""
        self._inbox = None
        with self._lock:
            carrier, self._carrier, self._is_found = self._carrier, None, False
            self._channels.clear()
        if carrier:
            carrier.close(seconds)

    @property
    def carrier(self) -> Carrier | None:
        """Return what connects this process with others; None: nothing does."""
        with self._lock:
            return self._ensure_carrier()

    @property
    def is_heard(self) -> bool:
        """Return whether anybody can hear what is published here."""
        return self._inbox is not None or self.carrier is not None

    def listen(self, kind: type[N], take: Callable[[N], None]) -> None:
        self._listeners.setdefault(kind, []).append(take)

    def share(self, kind: type[Any]) -> None:
        """Let notes of this kind, which is `Shared`, travel to other processes."""
        self._shared[kind.TAG] = kind

    def follow(self, *channels: str) -> None:
        """Hear what other processes say there. `Followed` tells when it begins. Leave as often as followed."""
        with self._lock:
            carrier = self._ensure_carrier()
            for channel in channels:
                self._channels[channel] += 1
                if carrier and self._channels[channel] == 1:
                    carrier.follow(channel)

    def leave(self, *channels: str) -> None:
        with self._lock:
            for channel in channels:
                self._channels[channel] -= 1
                if self._channels[channel] <= 0:
                    del self._channels[channel]
                    if self._carrier:
                        self._carrier.leave(channel)

    def publish(self, *notes: object) -> None:
        """Deliver notes here and, if their kind is shared, to other processes."""
        self._deliver_here(notes)
        self.announce(*notes)

    def announce(self, *notes: object) -> None:
        """Deliver shared notes to other processes only."""
        if carrier := self.carrier:
            carrier.send([note for note in notes if getattr(note, "TAG", None) in self._shared])  # type: ignore[misc]

    def echoes(self, seconds: float) -> bool:
        """Return whether a note comes back within this time, by way of the carrier if there is one. Blocks."""
        carrier = self.carrier
        return self._comes_back(carrier.send if carrier else self._deliver_here, seconds)

    def echoes_here(self, seconds: float) -> bool:
        """Return whether a note comes back by the event loop of this process alone. Blocks."""
        return self._comes_back(self._deliver_here, seconds)

    def _comes_back(self, send: Callable[[list[Echo]], None], seconds: float) -> bool:
        echo, heard = Echo(self._name, secrets.token_hex(6)), threading.Event()
        self._echoes[echo.token] = heard
        try:
            send([echo])
            return heard.wait(seconds)
        finally:
            del self._echoes[echo.token]

    def pack(self, note: Shared) -> Parcel:
        return Parcel(tuple(note.channels()), orjson.dumps([self._name, note.TAG, note.pack()]))

    def receive(self, content: bytes) -> None:
        """Take a note from the carrier. What this process sent, it has heard already."""
        try:
            sender, tag, packed = orjson.loads(content)
            kind = self._shared[tag]
            if sender == self._name and kind is not Echo:
                return
            note = kind.unpack(*packed)
        except Exception:
            logger.exception("A note from another process was not understood")
            return
        self.deliver(note)

    def deliver(self, *notes: object) -> None:
        """Hand notes to those who listen here, in the event loop's thread if there is one."""
        if self._inbox is not None:
            self._deliver_here(notes)
            return
        for note in notes:
            self._hand_over(note)

    def _ensure_carrier(self) -> Carrier | None:
        if not self._is_found:
            self._name = secrets.token_hex(6)
            self._carrier, self._is_found = self._find_carrier(self), True
            if self._carrier:
                self._carrier.follow(*Echo(self._name, "").channels())
        return self._carrier

    def _deliver_here(self, notes: Iterable[object]) -> None:
        """Dropped while no event loop listens, because then nobody is connected here."""
        if inbox := self._inbox:
            inbox.put(*notes)

    def _hand_over(self, note: object) -> None:
        for take in self._listeners.get(type(note), ()):
            try:
                take(note)
            except Exception:
                logger.exception("A %s was not taken", type(note).__name__)

    def _heard_echo(self, echo: Echo) -> None:
        if heard := self._echoes.get(echo.token):
            heard.set()


def _find_carrier(bus: EventBus) -> Carrier | None:
    from django.conf import settings

    if not settings.REDIS_URL:
        return None
    from autodoctor.room.hub.valkey import Valkey  # only where it is used: the import takes 0.2 s

    return Valkey(settings.REDIS_URL, pack=bus.pack, receive=bus.receive, followed=lambda it: bus.deliver(Followed(it)))


bus = EventBus(_find_carrier)
