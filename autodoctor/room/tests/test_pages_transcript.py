"""The transcript's page: the log and what was said, by time, and the search in both."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from autodoctor.room.pages import transcript
from autodoctor.room.tests.page_story import ClientOf, say

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]
Speak = Callable[..., int]


@pytest.fixture
def speak(story: "Story") -> Speak:
    """Have somebody have said something, so many seconds after the start."""
    from autodoctor.sessions.models import Session
    from autodoctor.transcripts.models import Line, Voice

    def speaks(user: "User", role: str, text: str, at: datetime) -> int:
        Session.objects.filter(pk=story.id).update(recorded_at=story.now)
        voice, _ = Voice.objects.get_or_create(
            session_id=story.id, user=user, defaults={"role": role, "name": user.name}
        )
        return int(Line.objects.create(session_id=story.id, voice=voice, at=at, text=text).pk)

    return speaks


def texts(page: str) -> list[str]:
    return re.findall(r'class="transcript__text" dir="auto">\s*([^<]*?)\s*<', page)


def test_what_was_said_stands_between_what_was_written(
    story: "Story", customer: "User", mechanic: "User", support: "User", client_of: ClientOf, speak: Speak
) -> None:
    story.live()
    say(story, customer, "first", at=story.now + timedelta(seconds=10))
    say(story, mechanic, "third", at=story.now + timedelta(seconds=90))
    speak(mechanic, "mechanic", "second", story.now + timedelta(seconds=75))
    for person in (customer, mechanic, support):
        page = client_of(person).get(f"/sessions/{story.id}/transcript/").content.decode()
        assert texts(page) == ["first", "second", "third"]
        assert re.search(r"said, 0?1:15 into the session", page)


def test_markup_that_was_said_is_text(story: "Story", customer: "User", client_of: ClientOf, speak: Speak) -> None:
    story.live()
    speak(customer, "customer", "<script>alert(1)</script> battery", story.now)
    for query in ("", "?q=battery"):
        page = client_of(customer).get(f"/sessions/{story.id}/transcript/{query}").content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_each_page_has_what_was_said_in_its_time(
    story: "Story", customer: "User", client_of: ClientOf, speak: Speak, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live()
    monkeypatch.setattr(transcript, "ROWS_A_PAGE", story.session.seq)
    say(story, customer, "later", at=story.now + timedelta(minutes=5))
    early = speak(customer, "customer", "said early", story.now + timedelta(minutes=1))
    late = speak(customer, "customer", "said late", story.now + timedelta(minutes=6))
    client, address = client_of(customer), f"/sessions/{story.id}/transcript/"
    assert texts(client.get(address).content.decode()) == ["said early"]
    assert texts(client.get(f"{address}?page=2").content.decode()) == ["later", "said late"]
    found = client.get(f"{address}?q=said").content.decode()
    assert re.findall(r'href="(\?page=[^"]*)"', found)[:2] == [f"?page=1#s{early}", f"?page=2#s{late}"]


def test_the_search_finds_all_words_in_any_case_and_accent(
    story: "Story", customer: "User", support: "User", client_of: ClientOf, speak: Speak
) -> None:
    story.live()
    say(story, customer, "Das Öl ist ALT", at=story.now)
    say(story, support, "oil for support only", audience="support")
    speak(customer, "customer", "the oil is old", story.now + timedelta(seconds=5))
    client, address = client_of(customer), f"/sessions/{story.id}/transcript/"

    def finds(query: str) -> int:
        return client.get(address, {"q": query}).content.decode().count('<a href="?page=')

    assert [finds(query) for query in ("ol alt", "OIL", "oil alt", "zeppelin", "   ", "x" * 5000)] == [1, 1, 0, 0, 0, 0]


def test_the_search_finds_the_question_after_the_session_and_its_answer(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf
) -> None:
    story.live().end(customer).summarize().asks("May I drive to the coast?").answers("To the coast, yes.")
    address = f"/sessions/{story.id}/transcript/"
    for person in (customer, mechanic):
        page = client_of(person).get(address, {"q": "coast"}).content.decode()
        assert page.count('<a href="?page=') == 2


def test_strangers_find_no_transcript(story: "Story", stranger: "User", client_of: ClientOf, speak: Speak) -> None:
    story.live()
    speak(story.customer, "customer", "the oil is old", story.now)
    client = client_of(stranger)
    assert client.get(f"/sessions/{story.id}/transcript/?q=oil").status_code == 404
    assert client.get(f"/api/sessions/{story.id}/transcript").status_code == 404
