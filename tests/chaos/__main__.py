"""People talk, extend and end while everything is killed, stopped and started again: `bin/test chaos`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from random import Random, randrange

from tests.chaos import reckoning
from tests.chaos.faults import Faults
from tests.chaos.story import Story, client
from tests.kit.arrangement import Arrangement, arranged
from tests.kit.artifacts import ARTIFACTS

KEPT = ARTIFACTS / "chaos"
REPORTS = 15.0  # seconds between two lines of progress
STUCK = 180.0  # seconds after the last fault: whoever is not through by then is stuck
DEADLINES = {"missing_grace": 4}  # short, so that a run of minutes sees it pass
CALMS_DOWN = 120.0  # seconds after the last session for what is still to be charged


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/test chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--seed", type=int, default=randrange(1_000_000), help="the same faults in the same order")
    given = parser.parse_args()
    print(f"{given.sessions} sessions, {given.minutes:g} minutes of faults, --seed {given.seed}", flush=True)
    with arranged(durable=True, deadlines=DEADLINES) as made:
        faults = Faults(made, Random(given.seed))
        stories = asyncio.run(_play(made, faults, given.sessions, given.minutes * 60, Random(given.seed + 1)))
        problems = [*_problems(made, stories)]
        _report(faults, stories, problems)
        if problems:
            _keep(made)
    return 1 if problems else 0


async def _play(made: Arrangement, faults: Faults, count: int, seconds: float, random: Random) -> list[Story]:
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    customers = made.servers[0].enroll(count, "customer-")
    mechanics = made.servers[0].enroll(count, "mechanic-", mechanics=True)
    async with client() as http:
        stories = [
            Story(made.servers, *people, http, random, ends + STUCK, "chat" if number % 3 else "video")
            for number, people in enumerate(zip(customers, mechanics, strict=True))
        ]
        progress = loop.create_task(_say_progress(stories, faults))
        async with asyncio.TaskGroup() as group:
            group.create_task(faults.go_on(ends))
            for story in stories:
                group.create_task(_later(story, random.uniform(0, max(seconds - 90, 1))))
        progress.cancel()
    await asyncio.to_thread(_calm_down, made)
    return stories


def _calm_down(made: Arrangement) -> None:
    limit = time.monotonic() + CALMS_DOWN
    while not reckoning.is_calm(made.servers[0]) and time.monotonic() < limit:
        time.sleep(1)


async def _later(story: Story, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await story.run()


async def _say_progress(stories: list[Story], faults: Faults) -> None:
    while True:
        await asyncio.sleep(REPORTS)
        begun, over = sum(bool(story.id) for story in stories), sum(story.is_over for story in stories)
        print(f"{faults.happened.total()} faults, {begun} sessions begun, {over} over", flush=True)


def _problems(made: Arrangement, stories: list[Story]) -> Iterator[str]:
    server = made.servers[0]
    booked = [story for story in stories if story.id]
    logs = reckoning.logs_of(server, [story.id for story in booked])
    for story in booked:
        log = logs.get(story.id, [])
        found = [*story.wrong, *reckoning.of_log(log), *reckoning.of_money(reckoning.money_of(server, story.id))]
        found += [problem for page in story.pages for problem in reckoning.of_page(page, log)]
        yield from (f"session {story.id}: {problem}" for problem in found)
    yield from (f"{story.customer.email}: {problem}" for story in stories if not story.id for problem in story.wrong)
    yield from reckoning.of_jobs(server)
    yield from reckoning.of_stripe(server)


def _report(faults: Faults, stories: list[Story], problems: list[str]) -> None:
    pages = [page for story in stories for page in story.pages]
    for fault, count in sorted(faults.happened.items()):
        print(f"{count:5}  {fault}")
    print(
        f"{sum(story.is_over for story in stories)} of {len(stories)} sessions over, "
        f"{sum(len(page.confirmed) for page in pages):,} messages confirmed, "
        f"{sum(page.connects for page in pages):,} connections of {len(pages)} pages, "
        f"{sum(page.signals for page in pages):,} signals, "
        f"{sum(story.failures for story in stories):,} requests asked again"
    )
    print("\n".join([f"{len(problems)} problems", *problems]), flush=True)


def _keep(made: Arrangement) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    for number, (server, scheduler) in enumerate(zip(made.servers, made.schedulers, strict=True)):
        (KEPT / f"server-{number}.log").write_text(server.log())
        (KEPT / f"scheduler-{number}.log").write_text(scheduler.log())
    print(f"What the processes said is in {KEPT}")


if __name__ == "__main__":
    sys.exit(main())
