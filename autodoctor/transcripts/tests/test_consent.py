"""Both must agree, each can stop it, and the log says who did what."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.core.model_settings import Transcriber
from autodoctor.sessions.lifecycle import substitutes
from autodoctor.sessions.models import Session
from autodoctor.transcripts import consent, engines
from autodoctor.transcripts.models import Piece
from autodoctor.transcripts.tests.call_story import CallStory, stored

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
Captured = Callable[..., AbstractContextManager[object]]


def is_on(story: CallStory) -> bool:
    return consent.agreement_of(story.session).on_since is not None


def test_it_is_on_once_both_have_agreed(story: CallStory, customer: User, mechanic: User) -> None:
    story.live()
    assert not is_on(story)
    story.agree(customer)
    assert not is_on(story)
    story.wait(seconds=5)
    story.agree(mechanic).agree(customer)
    assert is_on(story)
    assert consent.agreement_of(story.session).on_since == story.now
    assert story.kinds == ["transcript.asked", "transcript.agreed"]
    assert story.session.recorded_at == story.now


@pytest.mark.parametrize("who", ["customer", "mechanic"])
def test_whoever_stops_it_stops_it_for_both(story: CallStory, who: str) -> None:
    story.on_air().stop(getattr(story, who))
    assert not is_on(story)
    assert story.kinds == ["transcript.asked", "transcript.agreed", "transcript.stopped"]
    story.agree(getattr(story, who))
    assert not is_on(story), "the other has to agree anew"


def test_another_mechanic_who_goes_on_is_asked_anew_and_so_is_the_customer(
    story: CallStory, customer: User, mechanic2: User
) -> None:
    story.on_air()
    substitutes.ask_for_substitute(session_id=story.id, by=story.mechanic, note="I have to leave", now=story.now)
    assert not is_on(story)
    story.wait(seconds=1).accept(mechanic2).join(mechanic2)
    story.agree(mechanic2)
    assert not is_on(story), "the customer has agreed with somebody else"
    story.agree(customer)
    assert is_on(story)


@pytest.mark.parametrize("asked", ["customer", "both"])
def test_after_a_release_before_the_start_nobody_has_agreed_with_the_next_mechanic(
    story: CallStory, customer: User, mechanic: User, mechanic2: User, asked: str
) -> None:
    story.pay().accept()
    story.agree(customer, *([mechanic] if asked == "both" else []))
    story.wait(seconds=1).releases(mechanic).wait(seconds=1).accept(mechanic2)
    assert consent.agreement_of(story.session).agreed == {}
    story.agree(mechanic2)
    assert not is_on(story), "the customer has agreed with somebody else"
    story.agree(customer)
    assert is_on(story)


def test_nobody_asks_for_it_without_end(
    story: CallStory, customer: User, mechanic: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question sounds on the other's page. To stop it is always possible, and the other may still ask."""
    monkeypatch.setattr(consent, "MOST_AGREED", 2)
    story.live()
    for _ in range(2):
        story.agree(customer).stop(mechanic)
    with pytest.raises(Refused) as refused:
        story.agree(customer)
    assert (refused.value.code, refused.value.status) == ("too_many", 409)
    story.agree(mechanic).stop(customer)
    assert story.kinds == ["transcript.asked", "transcript.stopped"] * 3


def test_stopping_what_is_off_says_nothing(story: CallStory, customer: User) -> None:
    story.live()
    story.stop(customer)
    assert story.kinds == []


def test_what_was_recorded_can_be_deleted_before_it_is_text(
    story: CallStory, customer: User, django_capture_on_commit_callbacks: Captured
) -> None:
    story.on_air().says(customer, ago=0)
    assert len(stored()) == 1
    with django_capture_on_commit_callbacks(execute=True):
        story.stop(story.mechanic, erase=True)
    assert (Piece.objects.count(), stored()) == (0, set())
    event = story.events("transcript.stopped")[-1]
    assert (event.data["was_on"], event.data["erased"]) == (True, True)


def test_nothing_is_offered_where_nothing_makes_transcripts(
    story: CallStory, customer: User, settings: Settings, client_of: ClientOf
) -> None:
    story.live()
    page = f"/sessions/{story.id}/"
    assert b"Write down the call" in client_of(customer).get(page).content
    settings.TRANSCRIBER = Transcriber()
    assert b"Write down the call" not in client_of(customer).get(page).content
    with pytest.raises(Refused) as refused:
        story.agree(customer)
    assert refused.value.code == "no_transcript"


def test_the_page_offers_a_transcript_once_before_the_start(
    story: CallStory, customer: User, client_of: ClientOf
) -> None:
    story.pay().accept().join()
    page = client_of(customer).get(f"/sessions/{story.id}/").content
    assert page.count(b"Transcript: off") == page.count(b"Write down the call") == 1


@pytest.mark.parametrize(
    "engine",
    [
        Transcriber("faster-whisper", model="/nowhere"),
        Transcriber("faster-whisper"),
        Transcriber("pocketsphinx", model="/nowhere"),
        Transcriber("http"),
    ],
)
def test_an_absent_model_is_no_offer(story: CallStory, settings: Settings, engine: Transcriber) -> None:
    story.live()
    settings.TRANSCRIBER = engine
    assert not consent.offers_transcript(story.session)
    assert engines.problem(), "`bin/prod-check` says why"


def test_what_is_there_is_no_problem(settings: Settings) -> None:
    for engine in (Transcriber(), Transcriber("pocketsphinx"), Transcriber("http", url="https://speech.example")):
        settings.TRANSCRIBER = engine
        assert engines.problem() == ""


def test_each_reads_how_it_stands_whoever_has_spoken(story: CallStory, client_of: ClientOf) -> None:
    story.on_air().says(story.customer, ago=0)
    for person in (story.customer, story.mechanic):
        answer = client_of(person).get(f"/api/sessions/{story.id}/transcript").json()
        assert (answer["stage"], answer["on"]) == ("recording", True)


def test_a_chat_has_no_microphone(story: CallStory) -> None:
    story.live()
    Session.objects.filter(pk=story.id).update(kind="chat")
    assert not consent.offers_transcript(story.session)


def test_the_buttons_of_the_page_agree_and_stop(story: CallStory, client_of: ClientOf) -> None:
    story.live()
    address = f"/sessions/{story.id}/transcript/agreement/"
    for person in (story.customer, story.mechanic):
        assert client_of(person).post(address, {"act": "agree"}).status_code == 303
    page = client_of(story.customer).get(f"/sessions/{story.id}/").content.decode()
    assert "Being transcribed" in page
    assert client_of(story.mechanic).post(address, {"act": "stop"}).status_code == 303
    page = client_of(story.customer).get(f"/sessions/{story.id}/").content.decode()
    assert "Being transcribed" not in page
