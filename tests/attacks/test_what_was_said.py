"""Attacks on what is said in a call: strangers, no consent, after the end, too much, and another one's voice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest

from autodoctor.core.request_limits import VOICE_BYTES
from autodoctor.rates.limits import VOICES
from autodoctor.transcripts.tests import sounds
from tests.kit import scene
from tests.kit.scene import Talk, key
from tests.kit.server import Person, Server, running

SOUND = sounds.WEBM.read_bytes()
VOICES_OF = (
    "SELECT v.role FROM transcripts_piece AS p JOIN transcripts_voice AS v ON v.id = p.voice_id WHERE v.session_id = %s"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with production's limits."""
    with running() as server:
        yield server


@pytest.fixture
def talk(server: Server) -> Talk:
    """A running call between two people of its own."""
    talk = scene.stage(server)
    server.sql("UPDATE autodoctor_sessions_session SET kind = 'video' WHERE id = %s", key(server, talk.id))
    return talk


def agree(talk: Talk, *people: Person, act: str = "agree") -> list[int]:
    address = f"/sessions/{talk.id}/transcript/agreement/"
    return [client(talk, person).post(address, data={"act": act}).status_code for person in people]


def client(talk: Talk, person: Person) -> httpx.Client:
    made = talk.server.client(person)
    made.headers["Accept"] = "application/json"
    return made


def send(talk: Talk, person: Person, number: int = 0, *, sound: bytes = SOUND, **form: str) -> httpx.Response:
    said = {"take": str(uuid4()), "number": str(number), "began_at": datetime.now(UTC).isoformat(), "seconds": "5"}
    address = f"/api/sessions/{talk.id}/voice"
    return client(talk, person).post(address, data=said | form, files={"sound": ("voice", sound)})


def kept(talk: Talk) -> list[str]:
    return sorted(role for (role,) in talk.server.sql(VOICES_OF, key(talk.server, UUID(str(talk.id)))))


def test_a_stranger_neither_agrees_nor_speaks(talk: Talk) -> None:
    (stranger,) = talk.server.enroll(1, f"stranger-{uuid4().hex[:6]}-")
    agree(talk, talk.customer, talk.mechanic)
    assert agree(talk, stranger, act="agree") == agree(talk, stranger, act="stop") == [404]
    assert send(talk, stranger).status_code == 404
    assert send(talk, talk.customer).status_code == 201, "and stops nothing"
    assert kept(talk) == ["customer"]


def test_nothing_is_taken_without_the_consent_of_both_nor_after_one_has_stopped_it(talk: Talk) -> None:
    assert send(talk, talk.customer).json()["error"] == "not_agreed"
    agree(talk, talk.customer)
    assert send(talk, talk.customer).json()["error"] == "not_agreed"
    assert send(talk, talk.mechanic).json()["error"] == "not_agreed"
    agree(talk, talk.mechanic)
    assert send(talk, talk.customer).status_code == 201
    agree(talk, talk.mechanic, act="stop")
    assert send(talk, talk.customer).json()["error"] == "not_agreed"
    assert kept(talk) == ["customer"]


def test_a_voice_is_always_the_senders_own(talk: Talk) -> None:
    """Whatever names another one is not even read, and the name of another one's piece names one's own."""
    agree(talk, talk.customer, talk.mechanic)
    take = str(uuid4())
    assert send(talk, talk.customer, take=take, role="mechanic", user=talk.mechanic.id).status_code == 201
    assert send(talk, talk.mechanic, take=take).status_code == 201
    assert kept(talk) == ["customer", "mechanic"]


def test_too_much_is_refused_before_it_is_read(talk: Talk) -> None:
    agree(talk, talk.customer, talk.mechanic)
    answer = send(talk, talk.customer, sound=SOUND + bytes(VOICE_BYTES * 4))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert kept(talk) == []


def test_a_flood_is_slowed_down(talk: Talk) -> None:
    agree(talk, talk.customer, talk.mechanic)
    answers = [send(talk, talk.customer, number).status_code for number in range(VOICES.at_once + 6)]
    assert set(answers[: VOICES.at_once]) == {201}
    assert answers[-1] == 429
    assert send(talk, talk.mechanic).status_code == 201, "the other one is not"


def test_nothing_of_the_words_and_no_key_of_the_store_is_in_an_answer_or_log(talk: Talk) -> None:
    agree(talk, talk.customer, talk.mechanic)
    assert send(talk, talk.customer).content in {b"", b"null"}
    assert "voices/" not in client(talk, talk.customer).get(f"/api/sessions/{talk.id}/transcript").text
    assert "voices/" not in talk.server.log()
