"""What support hands to a bank about a session: one PDF, and a bundle of it."""

import io
import zipfile
from typing import Any

import pypdfium2
import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.booking.models import Booking
from autodoctor.core.formatting import exact_moment
from autodoctor.core.pdf import ZERO_WIDTH_SPACE
from autodoctor.sessions.lifecycle import support_actions as acts
from autodoctor.sessions.tests.story import Story
from autodoctor.support import case_evidence
from autodoctor.support.tests.test_case import dispute, page_of
from autodoctor.transcripts.models import Line, Voice
from autodoctor.transcripts.tests.call_story import CallStory

pytestmark = pytest.mark.django_db


def text_of(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_the_evidence_holds_what_a_bank_asks_for(desk: Client, charged: Story, support: User) -> None:
    dispute(charged)
    acts.send_message(session_id=charged.id, by=support, text="#strong[Hello] *there* $x$", to="both", now=charged.now)
    answer = desk.get(f"{page_of(charged)}evidence.pdf")
    assert answer["Content-Type"] == "application/pdf"
    said = " ".join(text_of(answer.content).split())
    for words in (
        "Casey Customer",
        "10 minutes of 30 minutes",
        "I understand the limits",
        "pi_1",
        "product unacceptable",
        "Morgan Mechanic joined",
        "#strong[Hello] *there* $x$",
    ):
        assert words in said, words
    assert "staff" not in said


def test_the_evidence_holds_what_was_said_with_speaker_and_time(
    desk: Client, customer: User, mechanic: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = CallStory(customer, mechanic)
    call.on_air()
    speak(call, customer, "It *rattles* #strong[here] $x$")
    speak(call, mechanic, "Hold the shield")
    call.end(by=customer)
    said = evidence_of(desk, call)
    assert "What was said" in said
    when = exact_moment(call.now)
    for words in (f"{when} Casey Customer It *rattles* #strong[here] $x$", f"{when} Morgan Mechanic Hold the shield"):
        assert words in said, words
    monkeypatch.setattr(case_evidence, "MOST_LINES", 1)
    said = evidence_of(desk, call)
    assert "It *rattles*" in said
    assert "Hold the shield" not in said
    assert "Only the first 1 of 2 lines." in said


def speak(call: CallStory, who: User, text: str) -> None:
    voice = Voice.objects.get(session=call.id, user=who)
    Line.objects.create(session=call.session, voice=voice, at=call.now, text=text)


def evidence_of(desk: Client, story: Story) -> str:
    said = text_of(desk.get(f"{page_of(story)}evidence.pdf").content)
    return " ".join(said.replace(ZERO_WIDTH_SPACE, "").split())


def test_the_evidence_of_a_session_without_transcript_says_nothing_of_one(desk: Client, charged: Story) -> None:
    assert "What was said" not in evidence_of(desk, charged)


def test_the_evidence_names_the_terms_that_were_agreed_to(desk: Client, charged: Story) -> None:
    Booking.objects.create(
        customer=charged.customer,
        key="1",
        session=charged.session,
        terms_version="2026-11-28",
        cancellation_version="2026-11-28",
        agreed_at=charged.now,
    )
    said = " ".join(text_of(desk.get(f"{page_of(charged)}evidence.pdf").content).split())
    assert "Agreed to the terms of use, version 2026-11-28" in said
    assert "Agreed to “Canceling and refunds”, version 2026-11-28" in said


async def whole(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer])


def test_the_bundle_of_evidence_holds_the_pdf(desk: Client, charged: Story) -> None:
    answer: Any = desk.get(f"{page_of(charged)}evidence.zip")
    with zipfile.ZipFile(io.BytesIO(async_to_sync(whole)(answer))) as archive:
        assert archive.namelist() == ["evidence.pdf"]
        assert archive.read("evidence.pdf").startswith(b"%PDF")


def test_the_bundle_of_evidence_is_packed_once(desk: Client, charged: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[Any] = []
    write = case_evidence._write

    def counted(*args: Any) -> None:
        packed.append(args)
        write(*args)

    monkeypatch.setattr(case_evidence, "_write", counted)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)  # within one minute
    answers: list[Any] = [desk.get(f"{page_of(charged)}evidence.zip") for _ in range(3)]
    assert len({async_to_sync(whole)(answer) for answer in answers}) == 1
    assert len(packed) == 1


@pytest.mark.parametrize("state", ["draft", "requested"])
def test_there_is_evidence_of_a_session_that_never_took_place(desk: Client, story: Story, state: str) -> None:
    if state == "requested":
        story.pay()
    said = text_of(desk.get(f"{page_of(story)}evidence.pdf").content)
    assert "Casey Customer" in said
    assert str(story.id) in said.replace("\u200b", "")
