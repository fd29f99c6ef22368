"""The clients of one run of `bench.messages`: a plan as JSON on standard input, what was measured on standard output.

It speaks the websocket itself, since it has to outrun the server from one core: text frames below 64 KB, nothing
fragmented, and a masking key of zeros, so that what is masked need not be computed.
"""

import asyncio
import base64
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from statistics import quantiles
from typing import Any

import orjson
import uvloop

TEXT = "I hear a rattle from the front left wheel when I brake. "
OWN = '"client_id":"'
AT_ONCE = 200  # connections being opened
PATIENCE = 30.0
EVERYTHING = 999_999_999  # is what this client has seen: it wants no history


class Client(asyncio.Protocol):
    """One socket. Knows only what is measured: frames by type, and when each message was sent."""

    def __init__(self, load: "Load", seat: dict[str, str]) -> None:
        self.load = load
        self.seat = seat
        self.welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport
        self.window = 0
        self._data = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            (
                f"GET /ws/sessions/{self.seat['session_id']}?after={EVERYTHING} HTTP/1.1\r\n"
                f"Host: localhost\r\nOrigin: {self.load.plan['origin']}\r\n"
                f"Cookie: __Host-sessionid={self.seat['key']}\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {key}\r\n\r\n"
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        data = self._data + data if self._data else data
        if not self._upgraded:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._data = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise RuntimeError(f"the upgrade was refused: {head[:200]!r}")
            self._upgraded = True
        self._data = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        """Take what is complete; returns the rest."""
        at, length = 0, len(data)
        while length - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                if length - at < 4:
                    break
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            if length < start + size:
                break
            opcode = data[at] & 15
            if opcode == 1:
                self._take(data[start : start + size])
            elif opcode == 9:
                self.transport.write(b"\x8a\x80\0\0\0\0" if not size else _frame(data[start : start + size], 10))
            elif opcode == 8:
                raise RuntimeError(f"the server closed: {data[start : start + size]!r}")
            at = start + size
        return data[at:]

    def _take(self, frame: bytes) -> None:
        if frame.startswith(b'{"type":"event"'):
            at = frame.find(b'"client_id":"') + 13
            self.load.delivered(self, frame[at : at + 36])
        elif not self.welcomed.done():
            self.welcomed.set_result(None)
        elif frame.startswith(b'{"type":"error"'):
            self.load.errors += 1

    def say(self) -> None:
        self.transport.write(_frame(self.load.message(self)))


def _frame(payload: bytes, opcode: int = 1) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((128 | opcode, 128 | size)) + b"\0\0\0\0" + payload
    return bytes((128 | opcode, 254)) + size.to_bytes(2, "big") + b"\0\0\0\0" + payload


class Load:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.clients: list[Client] = []
        self.errors = 0
        self.acknowledged = 0
        self.latencies: list[float] = []
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
        """Two events a message: the sender's own is the acknowledgement, the peer's is the delivery."""
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
        """Open a socket for each seat; returns the seconds until all are welcome."""
        loop, began, waiting = asyncio.get_running_loop(), time.perf_counter(), deque(seats)

        async def worker() -> None:
            while waiting:
                client = Client(self, waiting.popleft())
                self.clients.append(client)
                await loop.create_connection(lambda client=client: client, "127.0.0.1", self.plan["port"])
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
        cpu, began = _cpu(self.plan["pid"]), time.perf_counter()
        await asyncio.sleep(seconds)
        lasted, used, count = time.perf_counter() - began, _cpu(self.plan["pid"]) - cpu, self.acknowledged
        found = {"a_second": count / lasted, "a_cpu_second": count / used, "busy": used / lasted}
        found |= _percentiles(self.latencies)
        self._flooding = False
        await self.settle()
        return found

    async def pace(self, seconds: float, rate: float) -> dict[str, float]:
        """So many messages a second in all, evenly, from one client after the other."""
        self.reset()
        cpu, began, sent = _cpu(self.plan["pid"]), time.perf_counter(), 0
        while (lasted := time.perf_counter() - began) < seconds:
            while sent < lasted * rate:
                self.clients[sent % len(self.clients)].say()
                sent += 1
            await asyncio.sleep(0.001)
        used = _cpu(self.plan["pid"]) - cpu
        await self.settle()
        if self.acknowledged != sent:
            raise RuntimeError(f"{sent} messages were sent and {self.acknowledged} confirmed")
        return {"a_second": sent / lasted, "busy": used / lasted} | _percentiles(self.latencies)


def _percentiles(seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100)
    return {"p50_ms": cuts[49] * 1000, "p99_ms": cuts[98] * 1000}


def _cpu(pid: int) -> float:
    """Seconds of processor time that the server has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    """Resident, in KB."""
    with open(f"/proc/{pid}/status") as file:
        return next(float(line.split()[1]) for line in file if line.startswith("VmRSS"))


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    load, pid, seats, busy = Load(plan), plan["pid"], plan["seats"], plan["busy_seats"]
    found: dict[str, Any] = {}
    await load.connect(seats[:busy])
    await load.pace(1.0, 200)  # warm
    found["paced"] = await load.pace(plan["seconds"], plan["rate"])
    found["flood"] = await load.flood(plan["seconds"], plan["window"])
    found["rss_mb"] = _memory(pid) / 1024
    idle = seats[busy:]
    before, cpu = _memory(pid), _cpu(pid)
    seconds = await load.connect(idle)
    found["connects_a_cpu_second"] = len(idle) / (_cpu(pid) - cpu)
    await asyncio.sleep(1.0)
    found["connects_a_second"] = len(idle) / seconds
    found["idle_kb"] = (_memory(pid) - before) / len(idle)
    found["errors"] = load.errors
    return found


def main() -> None:
    plan = orjson.loads(sys.stdin.buffer.read())
    runner: Callable[..., Any] = uvloop.run
    sys.stdout.write(orjson.dumps(runner(run(plan))).decode())


if __name__ == "__main__":
    main()
