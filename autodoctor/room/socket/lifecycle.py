"""Start and stop of the live channel of one process."""

import asyncio
from contextlib import suppress

from django.conf import settings
from django.db import connection

from autodoctor.core.threads import settle_in
from autodoctor.room.hub import revocation, sockets
from autodoctor.room.hub.event_bus import bus
from autodoctor.room.hub.joins import joiner
from autodoctor.room.hub.presence import Renewal, presence
from autodoctor.room.messages.writer import writer
from autodoctor.room.socket import list_feed
from autodoctor.room.wire import executor


class LiveChannel:
    def __init__(self) -> None:
        self._beats: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        bus.open(asyncio.get_running_loop())
        bus.follow(revocation.ACCESS)
        await executor.act(presence.start)
        settle_in()
        self._beats = [asyncio.create_task(_compare()), asyncio.create_task(_renew())]

    async def close(self) -> None:
        for beat in self._beats:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
        revocation.connected_users.send_away()
        await asyncio.to_thread(_finish)
        bus.close()


def _finish() -> None:
    writer.stop()
    joiner.stop()
    presence.stop()
    connection.close()


async def _compare() -> None:
    """Compare sockets with the log and people with their cookies, in case a note was lost."""
    while True:
        await asyncio.sleep(settings.ROOM["heartbeat"])
        with executor.logged("The beat of the room failed"):
            await sockets.hub.compare()
            presence.check(sockets.hub.sessions())
            await list_feed.feed.compare()
            await revocation.connected_users.check()


async def _renew() -> None:
    while True:
        await asyncio.sleep(settings.DEADLINES["lease_renewal"])
        presence.tell(Renewal())
