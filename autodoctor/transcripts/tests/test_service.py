"""Transcripts by a service, against a server of the test's own."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.core.model_settings import Transcriber
from autodoctor.scheduler.handlers import Retry
from autodoctor.transcripts.models import Line
from autodoctor.transcripts.tests.call_story import CallStory, stored
from tests.kit.model_server import ModelServer, model_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings: Settings) -> Iterator[ModelServer]:
    with model_server() as double:
        settings.TRANSCRIBER = Transcriber("http", model="whisper-large", url=f"{double.url}/v1", key="a-key")
        yield double


@pytest.fixture
def ended(story: CallStory, customer: User, service: ModelServer) -> CallStory:
    story.on_air().wait(seconds=20)
    story.says(customer)
    story.end(customer)
    return story


def test_the_service_gets_sound_and_gives_lines(ended: CallStory, service: ModelServer) -> None:
    segments = [{"start": 0.5, "end": 2, "text": " The battery is low."}, {"start": 3, "end": 4, "text": " \0 "}]
    service.answer = {"text": "…", "segments": segments}
    ended.transcribe()
    (line,) = Line.objects.all()
    assert (line.text, (ended.now - line.at).total_seconds()) == ("The battery is low.", 5.5)
    (asked,) = service.asked
    assert (asked.path, asked.key) == ("/v1/audio/transcriptions", "Bearer a-key")
    for part in (b"whisper-large", b"verbose_json", b"RIFF", b"WAVE"):
        assert part in asked.body
    assert stored() == set()


def test_a_service_without_segments_gives_one_line(ended: CallStory, service: ModelServer) -> None:
    service.answer = {"text": "All of it."}
    ended.transcribe()
    assert ended.lines == [("customer", "All of it.")]


@pytest.mark.parametrize(
    "answer",
    [{"segments": [{"start": -1, "text": "x"}]}, {"segments": ["x"]}, {"segments": [{"start": "0", "text": 1}]}],
)
def test_an_answer_in_another_form_is_tried_again(ended: CallStory, service: ModelServer, answer: object) -> None:
    service.answer = answer
    with pytest.raises(Retry):
        ended.transcribe()
    assert (ended.lines, len(stored())) == ([], 1)


def test_a_service_that_is_down_is_asked_again_later(ended: CallStory, service: ModelServer) -> None:
    service.status = 503
    with pytest.raises(Retry, match="503"):
        ended.transcribe()
    assert len(stored()) == 1
