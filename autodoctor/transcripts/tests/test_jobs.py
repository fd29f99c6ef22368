"""From sound to text, by the real model in a process of its own; and no sound is kept, whatever fails."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.core.model_settings import Transcriber
from autodoctor.files import storage
from autodoctor.scheduler.handlers import Retry
from autodoctor.scheduler.models import Job
from autodoctor.transcripts import audio_store, jobs, reading, transcribing, voice_worker
from autodoctor.transcripts.models import Line, Piece
from autodoctor.transcripts.reading import Stage
from autodoctor.transcripts.tests.call_story import WORDS, CallStory, stored
from autodoctor.transcripts.transcribing import TranscriptionFailed

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(story: CallStory, customer: User) -> CallStory:
    """A call that is over, in which the customer has said something."""
    story.on_air().wait(seconds=20)
    story.says(customer)
    story.wait(seconds=10).end(customer)
    return story


def test_what_was_said_is_text_after_the_end(ended: CallStory) -> None:
    assert reading.stage_of(ended.session) is Stage.MAKING
    ended.transcribe()
    (line,) = Line.objects.all()
    assert WORDS in line.text
    assert line.voice.role == "customer"
    began = ended.now - timedelta(seconds=16)
    assert began <= line.at <= began + timedelta(seconds=2)
    assert reading.stage_of(ended.session) is Stage.READY
    assert ended.kinds[-1] == "transcript.ready"
    assert (Piece.objects.count(), stored()) == (0, set())


def test_the_job_waits_for_the_last_words(ended: CallStory) -> None:
    job = Job.objects.get(kind="session.recording_over")
    assert job.due_at == ended.now + timedelta(seconds=30)
    assert job.lane == "speech"


def test_a_session_without_consent_has_no_job(story: CallStory, customer: User) -> None:
    story.live()
    story.agree(customer).end(customer)
    assert not Job.objects.filter(kind="session.recording_over").exists()


def test_a_second_run_changes_nothing(ended: CallStory) -> None:
    ended.transcribe()
    ended.transcribe()
    assert len(ended.lines) == 1
    assert ended.kinds.count("transcript.ready") == 1


def test_a_process_that_died_after_the_lines_deletes_the_sound_in_the_next_run(
    ended: CallStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*keys: str) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "remove", dies)
        with pytest.raises(OSError, match="gone"):
            ended.transcribe()
    assert stored()
    ended.transcribe()
    assert (len(ended.lines), Piece.objects.count(), stored()) == (1, 0, set())


def test_what_fails_is_tried_again_and_given_up_without_the_sound(
    ended: CallStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object) -> None:
        raise TranscriptionFailed("the process ended with -9")

    monkeypatch.setattr(transcribing, "transcribe", fails)
    for attempts in range(len(jobs.PAUSES)):
        Job.objects.update(attempts=attempts)
        with pytest.raises(Retry):
            ended.transcribe()
        assert len(stored()) == 1
    Job.objects.update(attempts=len(jobs.PAUSES))
    ended.transcribe()
    assert ended.kinds[-1] == "transcript.failed"
    assert (ended.lines, Piece.objects.count(), stored()) == ([], 0, set())


def test_a_process_that_hangs_is_ended(ended: CallStory, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TRANSCRIBER = Transcriber("pocketsphinx", seconds=0.01)
    with pytest.raises(Retry, match="too long"):
        ended.transcribe()


def test_a_process_that_needs_too_much_memory_fails(ended: CallStory, settings: Settings) -> None:
    settings.TRANSCRIBER = Transcriber("pocketsphinx", megabytes=64)
    with pytest.raises(Retry, match="ended with"):
        ended.transcribe()


def test_sound_that_is_none_fails_by_itself(story: CallStory, customer: User) -> None:
    story.on_air().wait(seconds=20)
    story.says(customer, sound=b"\x1a\x45\xdf\xa3" + b"nothing" * 100)
    story.end(customer)
    with pytest.raises(Retry, match=f"ended with {voice_worker.UNREADABLE}"):
        story.transcribe()


def test_a_day_later_nothing_is_left_whatever_happened(ended: CallStory) -> None:
    ended.now += audio_store.KEPT - timedelta(minutes=1)
    jobs.sweep(Job(), ended.now)
    assert len(stored()) == 1
    ended.now += timedelta(minutes=2)
    jobs.sweep(Job(), ended.now)
    assert (Piece.objects.count(), stored()) == (0, set())
    assert ended.kinds[-1] == "transcript.failed"
    assert reading.stage_of(ended.session) is Stage.FAILED


def test_sound_without_a_row_goes_with_its_hour(ended: CallStory) -> None:
    Piece.objects.all().delete()
    jobs.sweep(Job(), ended.now + timedelta(hours=25))
    assert len(stored()) == 1
    jobs.sweep(Job(), ended.now + timedelta(hours=27))
    assert stored() == set()


def test_sound_that_was_erased_while_it_was_recognized_leaves_no_lines(
    ended: CallStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = transcribing.transcribe

    def erased_meanwhile(pieces: list[Piece]) -> object:
        found = real(pieces)
        ended.stop(ended.customer, erase=True)
        return found

    monkeypatch.setattr(transcribing, "transcribe", erased_meanwhile)
    ended.transcribe()
    assert ended.lines == []
    assert ended.kinds[-1] == "transcript.stopped"


def test_a_clock_that_follows_the_pieces(story: CallStory, customer: User) -> None:
    """Pieces a minute apart are two sounds, each with its own time; pieces that follow each other are one."""
    story.on_air().wait(minutes=2)
    story.says(customer, 0, ago=80)
    story.says(customer, 1, ago=10)
    story.end(customer)
    story.transcribe()
    first, second = Line.objects.values_list("at", flat=True)
    assert timedelta(seconds=69) < second - first < timedelta(seconds=71)


def test_two_devices_that_recorded_at_once_move_no_words(story: CallStory, customer: User) -> None:
    """While a call moves from the laptop to the phone both record: what follows is not said later for that."""
    story.on_air().wait(minutes=2)
    for number, ago in enumerate([80, 80, 75]):
        story.says(customer, number, ago=ago)
    story.end(customer)
    story.transcribe()
    laptop, phone, *_ = Line.objects.values_list("at", flat=True)
    assert phone - laptop < timedelta(seconds=1)


@pytest.mark.parametrize("fate", ["os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 11)", "sys.exit(1)"])
def test_a_process_that_is_killed_is_tried_again(
    ended: CallStory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    script = tmp_path / "killed.py"
    script.write_text(f"import os, sys\n{fate}\n")
    monkeypatch.setattr(transcribing, "SCRIPT", script)
    with pytest.raises(Retry, match="ended with"):
        ended.transcribe()
    assert len(stored()) == 1


def test_the_process_gets_no_secret(ended: CallStory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "looks.py"
    script.write_text('import json, os\nprint(json.dumps({"lines": [{"at": 0, "text": " ".join(os.environ)}]}))\n')
    monkeypatch.setattr(transcribing, "SCRIPT", script)
    ended.transcribe()
    assert all("SECRET" not in text and "PATH" not in text for _role, text in ended.lines)


def test_the_page_says_what_becomes_of_it_and_deletes_it_by_a_press(
    ended: CallStory, client_of: Callable[[User], Client], customer: User
) -> None:
    client, page = client_of(customer), f"/sessions/{ended.id}/"
    assert b"Delete the recording instead" in client.get(page).content
    assert b"is being written down" in client.get(f"{page}transcript/").content
    client.post(f"{page}transcript/agreement/", {"act": "erase"})
    assert Piece.objects.count() == 0
    assert b"Delete the recording instead" not in client.get(page).content
