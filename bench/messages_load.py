"""The clients of one run of `bench.messages`: a plan as JSON on standard input, the figures on standard output."""

import asyncio
import os
import sys
import time
from collections import deque
from typing import Any

import orjson
import uvloop

from bench.kit import wire
from bench.kit.machine import cpu_seconds, percentile, resident_kb

TEXT = "I hear a rattle from the front left wheel when I brake. "
AT_ONCE = 200  # connections being opened
PATIENCE = 30.0
EVERYTHING = 999_999_999  # is what this client has seen: it wants no history


class Client(wire.Frames):
    """One socket. Knows only what is measured: frames by type, and when each message was sent."""

    def __init__(self, load: "Load", seat: dict[str, str]) -> None:
        path = f"/ws/sessions/{seat['session_id']}?after={EVERYTHING}"
        super().__init__(path, origin=load.plan["origin"], key=seat["key"])
        self.load = load
        self.welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def took(self, frame: bytes) -> None:
        if frame.startswith(b'{"type":"event"'):
            at = frame.find(b'"client_id":"') + 13
            self.load.delivered(self, frame[at : at + 36])
        elif not self.welcomed.done():
            self.welcomed.set_result(None)
        elif frame.startswith(b'{"type":"error"'):
            self.load.errors += 1

    def refused(self, status: int) -> None:
        raise RuntimeError(f"the upgrade was refused: {status}")

    def closed(self, code: int) -> None:
        raise RuntimeError(f"the server closed: {code}")

    def say(self) -> None:
        self.send(self.load.message(self))


class Load:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.pids = [pid for pid, _port in plan["servers"]]
        self.clients: list[Client] = []
        self.errors = 0
        self.acknowledged = 0
        self.latencies: list[float] = []
        self._ports = [port for _pid, port in plan["servers"]]
        self._prefix = os.urandom(10).hex()
        self._sent: dict[bytes, tuple[float, Client]] = {}
        self._count = 0
        self._unanswered = 0
        self._flooding = False

    def message(self, client: Client) -> bytes:
        self._count += 1
        self._unanswered += 1
        tail = f"{self._count:012x}"
        prefix = self._prefix
        id_ = f"{prefix[:8]}-{prefix[8:12]}-{prefix[12:16]}-{prefix[16:20]}-{tail}"
        self._sent[id_.encode()] = (time.perf_counter(), client)
        return f'{{"type":"message","client_id":"{id_}","text":"{TEXT}{tail}"}}'.encode()

    def delivered(self, client: Client, id_: bytes) -> None:
        """Two events a message: the sender's own is the acknowledgement, the other's is the delivery."""
        sent = self._sent.get(id_)
        if sent is None:
            return
        at, sender = sent
        if client is not sender:
            self.latencies.append(time.perf_counter() - at)
            return
        self.acknowledged += 1
        self._unanswered -= 1
        if self._flooding:
            client.say()

    async def connect(self, seats: list[dict[str, str]]) -> float:
        """Open a socket for each seat, many at a time; returns the seconds until all are welcome.

        The two people of a session come to different processes, and each process gets as many customers as mechanics.
        """
        began, waiting = time.perf_counter(), deque(enumerate(seats))

        async def worker() -> None:
            while waiting:
                number, seat = waiting.popleft()
                client = Client(self, seat)
                self.clients.append(client)
                await wire.connect(client, self._ports[(number + number // 2) % len(self._ports)], number)
                await asyncio.wait_for(client.welcomed, PATIENCE)

        await asyncio.gather(*(worker() for _ in range(min(AT_ONCE, len(seats)))))
        return time.perf_counter() - began

    def reset(self) -> None:
        self.acknowledged, self.latencies, self._sent = 0, [], {}

    async def settle(self) -> None:
        """Until nothing is on its way any more."""
        limit = time.perf_counter() + PATIENCE
        while self._unanswered and time.perf_counter() < limit:  # noqa: ASYNC110 nothing tells when the last answer is in
            await asyncio.sleep(0.01)

    async def flood(self, seconds: float, window: int) -> dict[str, float]:
        """Every socket keeps `window` messages unacknowledged: as many as the server will take."""
        self._flooding = True
        for client in self.clients:
            for _ in range(window):
                client.say()
        await asyncio.sleep(seconds / 4)  # until it runs evenly
        self.acknowledged, self.latencies = 0, []
        cpu, began = cpu_seconds(self.pids), time.perf_counter()
        await asyncio.sleep(seconds)
        lasted, used, count = time.perf_counter() - began, cpu_seconds(self.pids) - cpu, self.acknowledged
        found = {"a_second": count / lasted, "a_cpu_second": count / used, "busy": used / lasted}
        found |= _percentiles(self.latencies)
        self._flooding = False
        await self.settle()
        return found

    async def pace(self, seconds: float, rate: float) -> dict[str, float]:
        """So many messages a second in all, evenly, from one client after the other."""
        self.reset()
        cpu, began, sent = cpu_seconds(self.pids), time.perf_counter(), 0
        while (lasted := time.perf_counter() - began) < seconds:
            while sent < lasted * rate:
                self.clients[sent % len(self.clients)].say()
                sent += 1
            await asyncio.sleep(0.001)
        used = cpu_seconds(self.pids) - cpu
        await self.settle()
        if self.acknowledged != sent:
            raise RuntimeError(f"{sent} messages were sent and {self.acknowledged} confirmed")
        return {"a_second": sent / lasted, "busy": used / lasted} | _percentiles(self.latencies)


def _percentiles(seconds: list[float]) -> dict[str, float]:
    return {"p50_ms": percentile(seconds, 50) * 1000, "p99_ms": percentile(seconds, 99) * 1000}


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    load, seats, busy = Load(plan), plan["seats"], plan["busy_seats"]
    found: dict[str, Any] = {}
    await load.connect(seats[:busy])
    await load.pace(1.0, 200)  # warm
    found["paced"] = await load.pace(plan["seconds"], plan["rate"])
    found["flood"] = await load.flood(plan["seconds"], plan["window"])
    found["rss_mb"] = resident_kb(load.pids) / 1024
    found |= await _idle(load, seats[busy:])
    found["errors"] = load.errors
    return found


async def _idle(load: Load, seats: list[dict[str, str]]) -> dict[str, float]:
    before, cpu = resident_kb(load.pids), cpu_seconds(load.pids)
    seconds = await load.connect(seats)
    used = cpu_seconds(load.pids) - cpu
    await asyncio.sleep(1.0)
    return {
        "connects_a_second": len(seats) / seconds,
        "connects_a_cpu_second": len(seats) / used,
        "idle_kb": (resident_kb(load.pids) - before) / len(seats),
    }


def main() -> None:
    plan = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.write(orjson.dumps(uvloop.run(run(plan))).decode())


if __name__ == "__main__":
    main()
