"""The event loop of a server beside threads that compute."""

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from autodoctor.room.socket.lifecycle import favor_the_event_loop

THREADS = 3
WORK = 2_000_000  # additions of each


@pytest.fixture(autouse=True)
def usual_interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def compute() -> int:
    total = 0
    for number in range(WORK):
        total += number
    return total


async def turns_while_threads_compute() -> int:
    loop, turns = asyncio.get_running_loop(), 0
    with ThreadPoolExecutor(THREADS) as threads:
        work = asyncio.gather(*(loop.run_in_executor(threads, compute) for _ in range(THREADS)))
        while not work.done():
            await asyncio.sleep(0)
            turns += 1
    return turns


async def test_the_event_loop_comes_to_its_turn_more_often() -> None:
    before = await turns_while_threads_compute()
    favor_the_event_loop()
    assert await turns_while_threads_compute() > 2 * before
