"""A service with a model is asked within bounds, and whatever it answers is an answer or `Unanswered`."""

import threading
from collections.abc import Iterator

import pytest

from autodoctor.core import model_service
from autodoctor.core.model_service import MOST_BYTES, Unanswered, ask, operation_at
from tests.kit.model_server import ModelServer, model_server

OPERATION = "/v1/chat/completions"


@pytest.fixture
def service() -> Iterator[ModelServer]:
    with model_server() as double:
        yield double


@pytest.mark.parametrize("given", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
def test_the_address_of_a_service_is_that_of_its_operation(given: str) -> None:
    assert operation_at(f"https://models.example{given}", OPERATION) == "https://models.example/v1/chat/completions"


def test_an_answer_comes_with_the_key(service: ModelServer) -> None:
    service.answer = {"text": "hello"}
    assert ask(service.url, OPERATION, key="secret", seconds=5, json={"a": 1}) == {"text": "hello"}
    assert [(each.path, each.key) for each in service.asked] == [("/v1/chat/completions", "Bearer secret")]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, {}),
        (302, {}),
        (401, {"error": "the key secret is wrong"}),
        (200, b"not json"),
        (200, [1]),
        (200, b"[" * 100_000),
        (200, b"9" * (MOST_BYTES + 1)),
    ],
)
def test_other_answers_are_none(service: ModelServer, status: int, answer: object) -> None:
    service.status, service.answer = status, answer
    with pytest.raises(Unanswered) as unanswered:
        ask(service.url, OPERATION, key="secret", seconds=5, json={"text": "private"})
    assert "secret" not in str(unanswered.value)
    assert "private" not in str(unanswered.value)
    assert len(service.asked) == 1, "nothing is followed elsewhere"


def test_a_service_that_hangs_is_left(service: ModelServer) -> None:
    service.hangs = threading.Event()
    with pytest.raises(Unanswered, match="did not answer"):
        ask(service.url, OPERATION, key="", seconds=0.1, json={})


def test_a_service_that_is_down_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_service, "CONNECT_SECONDS", 0.2)
    with pytest.raises(Unanswered, match="did not answer"):
        ask("http://127.0.0.1:9", OPERATION, key="", seconds=0.2, json={})
