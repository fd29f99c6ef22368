"""The pages of one run of `bench.storm`: a plan as a line of JSON on standard input, what they saw as the last line.

It says `open`, and waits for a line; says `cut` when everybody should lose their server, `resumed` once all are back,
and waits for a line again.
"""

import asyncio
import sys
import time
from typing import Any

import orjson
import uvloop

from bench.kit.machine import percentile
from bench.storm_page import Page, World

AT_ONCE = 100  # pages being opened before the storm
PATIENCE = 120.0
A_LOOK = 0.02  # seconds


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    world = World(plan)
    pages = [Page(world, number, seat) for number, seat in enumerate(plan["seats"])]
    await _open(world, pages)
    world.refused.clear()
    world.given_up = 0
    await _say("open")
    talk = asyncio.create_task(_talk(pages, plan["rate"]))
    await asyncio.sleep(plan["seconds"])
    cut_at = await _cut(world, pages)
    await _until(lambda: not world.away)
    back = [moment - cut_at for moment in world.resumed]
    resumed_at = time.monotonic()
    await _say("resumed")
    talk.cancel()
    await _until(lambda: not any(page.outbox for page in pages))
    await asyncio.sleep(1.0)  # for the last delivery to the other person
    return {
        "cut_at": cut_at,
        "resumed_at": resumed_at,
        "never_back": len(world.away),
        "back_p50": percentile(back, 50),
        "back_last": max(back, default=0.0),
        "refused": world.refused,
        "unreachable": world.unreachable,
        "given_up": world.given_up,
        "confirmed": world.confirmed,
        "unconfirmed": sum(len(page.outbox) for page in pages),
        "logs": [(page.seat["session_id"], page.log) for page in pages],
    }


async def _open(world: World, pages: list[Page]) -> None:
    for number, page in enumerate(pages):
        world.away.add(page)
        page.open()
        if number % AT_ONCE == 0:
            await _until(lambda: len(world.away) <= AT_ONCE)
    await _until(lambda: not world.away)


async def _cut(world: World, pages: list[Page]) -> float:
    """From now on the proxy would spread the pages over all servers."""
    world.away |= set(pages)
    world.resumed.clear()
    for number, page in enumerate(pages):
        page.home = number
    cut_at = time.monotonic()
    _tell("cut")
    return cut_at


async def _talk(pages: list[Page], rate: float) -> None:
    """So many messages a second, from one page after the other, whether it is connected or not."""
    began, said = time.monotonic(), 0
    while True:
        while said < (time.monotonic() - began) * rate:
            pages[said * 7 % len(pages)].say()
            said += 1
        await asyncio.sleep(0.005)


async def _until(holds: Any) -> None:
    limit = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < limit:  # noqa: ASYNC110 many things together make it true
        await asyncio.sleep(A_LOOK)


def _tell(what: str) -> None:
    with open(sys.stdout.fileno(), "w", closefd=False) as out:  # all of it, also where standard output is unbuffered
        out.write(what + "\n")


async def _say(what: str) -> None:
    """Tell, and wait until the one who runs this answers."""
    _tell(what)
    await asyncio.to_thread(sys.stdin.buffer.readline)


def main() -> None:
    plan = orjson.loads(sys.stdin.buffer.readline())
    _tell(orjson.dumps(uvloop.run(run(plan))).decode())


if __name__ == "__main__":
    main()
