"""Requests share threads, one after the other and never two at once."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async

from autodoctor.core.request_threads import MOST_IDLE, RequestThreads


async def _ident() -> int:
    return await sync_to_async(threading.get_ident)()


def test_a_request_has_one_thread_and_the_next_one_has_the_same() -> None:
    async def requests() -> list[int]:
        threads, seen = RequestThreads(), []
        for _ in range(3):
            async with threads.one():
                seen += [await _ident(), await _ident()]
        return seen

    assert len(set(asyncio.run(requests()))) == 1


def test_requests_at_the_same_time_have_threads_of_their_own() -> None:
    async def requests(threads: RequestThreads, count: int) -> set[int]:
        together = asyncio.Barrier(count)

        async def one() -> int:
            async with threads.one():
                found = await _ident()
                await together.wait()
                return found

        return set(await asyncio.gather(*(one() for _ in range(count))))

    async def twice() -> tuple[set[int], set[int]]:
        threads = RequestThreads()
        return await requests(threads, MOST_IDLE + 3), await requests(threads, MOST_IDLE)

    many, fewer = asyncio.run(twice())
    assert len(many) == MOST_IDLE + 3
    assert len(fewer) == MOST_IDLE
    assert fewer <= many, "those that are kept serve again"


def test_a_thread_that_is_still_at_work_after_its_request_serves_no_other() -> None:
    """The client left: Django no longer waits for what runs, and the next request must not wait for it either."""
    hold = threading.Event()

    async def requests() -> tuple[int, int]:
        threads = RequestThreads()
        left, begun = [0], asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            left[0] = threading.get_ident()
            loop.call_soon_threadsafe(begun.set)
            hold.wait(60)

        task = asyncio.create_task(_within(threads, sync_to_async(work)))
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        async with threads.one():
            other = await _ident()
        hold.set()
        return left[0], other

    busy, next_one = asyncio.run(requests())
    assert busy != next_one


async def _within(threads: RequestThreads, work: Callable[[], Awaitable[None]]) -> None:
    async with threads.one():
        await work()
