"""One session of a chaos run: booked, accepted, joined, talked in, mostly extended, and ended."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.chaos.page import PAUSE, Page
from tests.journeys.quietly import INTAKE, TOKEN
from tests.kit.server import PLAIN, Person, Server

TALKS = 20.0, 50.0  # seconds
BUSY = {429, 500, 502, 503, 504}  # ask again
PATIENCE = 10.0  # seconds for an answer: the server may be stopped
OPEN = {"draft", "requested", "accepted", "waiting", "live"}


@dataclass
class Story:
    servers: tuple[Server, Server]
    customer: Person
    mechanic: Person
    http: httpx.AsyncClient
    random: Random
    limit: float  # of the event loop; later the story is given up as stuck
    plan: str = "chat"
    id: str = ""
    stage: str = "booking"
    pages: list[Page] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    failures: int = 0  # answers that meant: not now

    async def run(self) -> None:
        """Play the whole story; what it could not do is in `wrong`."""
        try:
            async with asyncio.timeout_at(self.limit):
                await self._book()
                await self._accept()
                await self._meet()
        except TimeoutError:
            self.wrong.append(f"it is stuck: {self.stage}")

    @property
    def is_over(self) -> bool:
        return self.stage == "over"

    async def _book(self) -> None:
        body = INTAKE | {"plan": self.plan, "keep_card": True}
        booked = (await self.ask(self.customer, "POST", "", body)).json()
        self.id = booked["session"]["id"]
        self.stage = "paying"
        await self.http.post(booked["checkout_url"], data={"action": "pay", "card": "pm_card_visa"}, timeout=60)
        await self._until("requested")

    async def _accept(self) -> None:
        self.stage = "accepting"
        await self._repeat(self.mechanic, "accept", {"accepted", "waiting"})

    async def _meet(self) -> None:
        calls = self.plan != "chat"
        people = (self.customer, "customer"), (self.mechanic, "mechanic")
        self.pages = [Page(who, role, self.id, self.servers, self.random, calls) for who, role in people]
        async with asyncio.TaskGroup() as group:
            for page in self.pages:
                group.create_task(page.stay_open(lambda: self.is_over))
            await self._start()
            await self._talk()
            await self._end()
            self.stage = "seeing the end"
            await self._when(lambda: all(page.is_over for page in self.pages))
            await self._give_up()
            self.stage = "over"

    async def _start(self) -> None:
        self.stage = "starting"
        await self._repeat(self.mechanic, "start", {"live", "completed"})

    async def _talk(self) -> None:
        self.stage = "talking"
        until = asyncio.get_running_loop().time() + self.random.uniform(*TALKS)
        extends_at = until - 10 if self.random.random() < 0.7 else until + 1
        number = 0
        while (now := asyncio.get_running_loop().time()) < until and not any(page.is_over for page in self.pages):
            number += 1
            speaker = self.random.choice(self.pages)
            await speaker.say(f"line {number}")
            await speaker.signal()
            if now > extends_at:
                extends_at = until + 1
                await self._extend()
            await asyncio.sleep(self.random.uniform(0.3, 1.5))

    async def _extend(self) -> None:
        """Accept the first offer until the session is extended, or is over."""
        self.stage = "extending"
        offers = (await self.ask(self.customer, "GET", "/extensions")).json()["offers"]
        if offers:
            await self.ask(self.customer, "POST", "/extensions", {"option": offers[0]["option"]})
            page = self.pages[0]
            await self._when(
                lambda: page.is_over or page.has_seen("session.extended") or page.has_seen("extension.failed")
            )
        self.stage = "talking"

    async def _end(self) -> None:
        self.stage = "ending"
        await self._repeat(self.random.choice((self.customer, self.mechanic)), "end", {"completed"})

    async def _give_up(self) -> None:
        """Cancel what waits for another mechanic, because this one was away too long."""
        if await self._state() in OPEN:
            await self._repeat(self.customer, "cancel", {"cancelled"})

    async def _repeat(self, person: Person, act: str, reached: set[str]) -> None:
        """Do it until it is done, or it cannot be any more."""

        async def attempt() -> bool:
            if await self._state() in reached:
                return True
            await self.ask(person, "POST", f"/{act}", {})
            return await self._state() not in OPEN - reached

        await self._when_asked(attempt)

    async def _until(self, state: str) -> None:
        async def attempt() -> bool:
            return await self._state() == state

        await self._when_asked(attempt)

    async def _state(self) -> str:
        return str((await self.ask(self.customer, "GET", "")).json()["state"])

    async def _when(self, holds: Callable[[], bool]) -> None:
        async def attempt() -> bool:
            return holds()

        await self._when_asked(attempt)

    async def _when_asked(self, holds: Callable[[], Awaitable[bool]]) -> None:
        while not await holds():  # noqa: ASYNC110 the servers are asked, who set no event here
            await asyncio.sleep(self.random.uniform(*PAUSE))

    async def ask(self, person: Person, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask either server until one answers: a 4xx is an answer, too."""
        headers = {"X-CSRFToken": TOKEN["csrftoken"]}
        cookie = "; ".join(f"{name}={value}" for name, value in (TOKEN | person.cookies).items())
        while True:
            server = self.random.choice(self.servers)
            url = f"{server.url}/api/sessions" + (f"/{self.id}" if self.id else "") + path
            try:
                answer = await self.http.request(
                    method, url, json=body, headers=headers | {"Cookie": cookie, "Referer": server.url + "/"}
                )
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code not in BUSY:
                return answer
            if answer is not None and answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
                self.wrong.append(f"{method} {path or '/'} answered 500")
            self.failures += 1
            await asyncio.sleep(self.random.uniform(*PAUSE))


def client() -> httpx.AsyncClient:
    """Return the client of all stories. It keeps no cookie: each request carries its person's."""
    return httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=None), **PLAIN)
