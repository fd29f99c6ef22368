"""Signed webhooks at a steady pace, from a process that does nothing else: until standard input ends.

A plan as a line of JSON on standard input; then, as JSON, `[moment, seconds, status]` of each. Status 0: no answer;
-1: no server listened. Moments are of the machine's monotonic clock. Each comes by a connection of its own.
"""

import asyncio
import hashlib
import hmac
import sys
import time
from contextlib import suppress
from typing import Any
from uuid import uuid4

import orjson
import uvloop

from bench.kit.serving import STRIPE_SECRET

PATIENCE = 20.0  # seconds; then Stripe counts it as failed
NO_ANSWER, NOBODY = 0, -1


class Deliveries:
    def __init__(self, plan: dict[str, Any]) -> None:
        self._ports: list[int] = plan["ports"]
        self._host: str = plan["origin"].partition("://")[2]
        self._rate: float = plan["rate"]
        self._count = 0
        self.is_over = False
        self.found: list[tuple[float, float, int]] = []

    async def go_on(self) -> None:
        """Until it is over, and each has its answer."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            while not self.is_over:
                while self._count < (time.monotonic() - began) * self._rate:
                    self._count += 1
                    tasks.create_task(self._deliver(self._count))
                await asyncio.sleep(0.002)

    async def _deliver(self, number: int) -> None:
        began, status = time.monotonic(), NO_ANSWER
        with suppress(OSError, TimeoutError, ValueError, IndexError):
            status = await asyncio.wait_for(self._post(number, _event()), PATIENCE)
        self.found.append((began, time.monotonic() - began, status))

    async def _post(self, number: int, body: str) -> int:
        """As a proxy does: one server after the other, and one that does not listen is passed over."""
        for one in range(len(self._ports)):
            port = self._ports[one]
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                continue
            writer.write(self._request(body))
            line = await reader.readline()
            writer.close()
            return int(line.split()[1])
        return NOBODY

    def _request(self, body: str) -> bytes:
        at = int(time.time())
        signed = hmac.new(STRIPE_SECRET.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
        return (
            f"POST /api/stripe/webhook HTTP/1.1\r\nHost: {self._host}\r\nX-Forwarded-Proto: https\r\n"
            f"Content-Type: application/json\r\nStripe-Signature: t={at},v1={signed}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def _event() -> str:
    """A new one about an account: stored, scheduled and processed like any, and needs no answer of Stripe."""
    account = {"id": f"acct_{uuid4().hex}", "object": "account"}
    event = {"id": f"evt_{uuid4().hex}", "type": "account.updated", "livemode": False, "data": {"object": account}}
    return orjson.dumps(event).decode()


async def run(plan: dict[str, Any]) -> list[tuple[float, float, int]]:
    deliveries = Deliveries(plan)
    task = asyncio.create_task(deliveries.go_on())
    await asyncio.to_thread(sys.stdin.buffer.read)
    deliveries.is_over = True
    await task
    return deliveries.found


def main() -> None:
    plan = orjson.loads(sys.stdin.buffer.readline())
    sys.stdout.write(orjson.dumps(uvloop.run(run(plan))).decode())


if __name__ == "__main__":
    main()
