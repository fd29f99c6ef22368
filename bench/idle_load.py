"""The clients of one run of `bench.idle`: a plan as JSON on standard input, the figures on standard output."""

import asyncio
import sys
from typing import Any

import orjson
import uvloop

from bench.kit.machine import cpu_seconds, resident_kb
from bench.messages_load import Load

WARM = 20  # sockets that come first: what a process loads once is no cost of a socket


async def run(plan: dict[str, Any]) -> dict[str, float]:
    load, seats = Load(plan), plan["seats"]
    await load.connect(seats[:WARM])
    empty, cpu = resident_kb(load.pids), cpu_seconds(load.pids)
    seconds = await load.connect(seats[WARM:])
    connecting = cpu_seconds(load.pids) - cpu
    cpu = cpu_seconds(load.pids)
    await asyncio.sleep(plan["seconds"])
    full, idling, count = resident_kb(load.pids), cpu_seconds(load.pids) - cpu, len(seats) - WARM
    return {
        "idle_kb": (full - empty) / count,
        "empty_mb": empty / 1024,
        "full_mb": full / 1024,
        "busy": idling / plan["seconds"],
        "connects_a_second": count / seconds,
        "connects_a_cpu_second": count / connecting,
    }


def main() -> None:
    plan = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.write(orjson.dumps(uvloop.run(run(plan))).decode())


if __name__ == "__main__":
    main()
