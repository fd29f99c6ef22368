"""Fifty acceptances of one request at the same moment: one mechanic gets it."""

import asyncio

import httpx

from tests.kit import scene
from tests.kit.server import PLAIN, Person, Server
from tests.kit.waiting import UNUSED

GRABS_EACH = 5


def test_fifty_accepts_at_once_by_ten_mechanics(server: Server) -> None:
    talk = scene.stage(server, "requested")
    crowd = server.enroll(10, "crowd-", mechanics=True)
    answers = asyncio.run(grab(server, crowd, f"/api/sessions/{talk.id}/accept"))
    won = {email for email, answer in answers if answer.status_code == 200}
    lost = [answer for email, answer in answers if email not in won]
    assert len(won) == 1
    assert len(lost) == 9 * GRABS_EACH
    assert {answer.status_code for answer in lost} == {409}
    assert {answer.json()["error"] for answer in lost} == {"already_taken"}
    assert all(answer.json()["detail"].endswith(".") for answer in lost)
    assert {answer.json()["mechanic"]["id"] for email, answer in answers if email in won} == {
        person.id for person in crowd if person.email in won
    }
    claims = "SELECT count(*) FROM autodoctor_sessions_sessionevent WHERE kind = 'session.accepted' AND session_id = %s"
    assert server.sql(claims, scene.key(server, talk.id)) == [(1,)]


def test_a_mechanic_accepting_two_requests_at_once_gets_one(server: Server) -> None:
    talks = [scene.stage(server, "requested") for _ in range(2)]
    (mechanic,) = server.enroll(1, "greedy-", mechanics=True)

    async def both() -> list[httpx.Response]:
        async with client_of(server, mechanic) as client:
            paths = [f"/api/sessions/{talk.id}/accept" for talk in talks]
            return await asyncio.gather(*(client.post(path) for path in paths))

    answers = asyncio.run(both())
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert "already_in_session" in {answer.json().get("error") for answer in answers}
    assert sorted(scene.state_of(server, talk.id) for talk in talks) == ["accepted", "requested"]


async def grab(server: Server, crowd: list[Person], path: str) -> list[tuple[str, httpx.Response]]:
    async def by(person: Person) -> list[tuple[str, httpx.Response]]:
        async with client_of(server, person) as client:
            answers = await asyncio.gather(*(client.post(path) for _ in range(GRABS_EACH)))
        return [(person.email, answer) for answer in answers]

    return [pair for pairs in await asyncio.gather(*(by(person) for person in crowd)) for pair in pairs]


def client_of(server: Server, person: Person) -> httpx.AsyncClient:
    token = "a" * 32  # any will do when cookie and header agree
    return httpx.AsyncClient(
        base_url=server.url,
        cookies=person.cookies | {"csrftoken": token},
        headers={"X-CSRFToken": token, "Referer": server.url + "/"},
        timeout=60,
        limits=UNUSED,
        **PLAIN,
    )
