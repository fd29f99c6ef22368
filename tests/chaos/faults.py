"""What goes wrong in a chaos run: one fault after the other, for as long as it lasts."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from redis.exceptions import RedisError

from tests.kit.arrangement import Arrangement
from tests.kit.child import Child
from tests.kit.scheduler import Scheduler
from tests.kit.server import Server

BETWEEN = 2.0, 7.0  # seconds from the end of a fault to the next
STOPPED = 1.0, 8.0  # seconds for which a process does not move


@dataclass
class Faults:
    site: Arrangement
    random: Random
    happened: Counter[str] = field(default_factory=Counter)

    async def go_on(self, until: float) -> None:
        """One fault after the other until that moment of the event loop; afterwards everything runs again."""
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            await asyncio.sleep(self.random.uniform(*BETWEEN))
            name, fault = self.random.choice(list(FAULTS.items()))
            await asyncio.to_thread(fault, self)
            self.happened[name] += 1

    def stop(self, process: Child) -> None:
        process.stop_signal()
        time.sleep(self.length())
        process.cont_signal()

    def length(self) -> float:
        return self.random.uniform(*STOPPED)

    def server(self) -> Server:
        return self.random.choice(self.site.servers)

    def scheduler(self) -> Scheduler:
        return self.random.choice(self.site.schedulers)


def _server_ended(faults: Faults) -> None:
    server = faults.server()
    server.terminate()
    server.wait()
    server.start()


def _bus_flushed(faults: Faults) -> None:
    with suppress(RedisError):
        faults.site.bus.client.flushall()


def _bus_killed(faults: Faults) -> None:
    faults.site.bus.kill()
    time.sleep(faults.length())
    faults.site.bus.start()


FAULTS: dict[str, Callable[[Faults], None]] = {
    "server killed": lambda faults: faults.server().restart(),
    "server ended": _server_ended,
    "server stopped": lambda faults: faults.stop(faults.server()),
    "scheduler killed": lambda faults: faults.scheduler().restart(),
    "scheduler stopped": lambda faults: faults.stop(faults.scheduler()),
    "database restarted": lambda faults: faults.site.cluster.restart("fast"),
    "database crashed": lambda faults: faults.site.cluster.restart("immediate"),
    "pooler restarted": lambda faults: faults.site.bouncer.restart(),
    "bus flushed": _bus_flushed,
    "bus killed": _bus_killed,
    "bus stopped": lambda faults: faults.stop(faults.site.bus),
}
