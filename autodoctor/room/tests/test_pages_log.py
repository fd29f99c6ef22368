"""The log on the page, and how the page follows the session."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from autodoctor.room.tests.page_story import ClientOf, Reads, say
from autodoctor.sessions.lifecycle import endings

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]


def test_markup_in_messages_is_shown_as_text_and_addresses_as_links(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf
) -> None:
    story.live()
    say(story, customer, '<script>alert(1)</script> javascript:alert(2) https://example.com/?a=1&b="><img>')
    for path in ("", "transcript/"):
        page = client_of(mechanic).get(f"/sessions/{story.id}/{path}").content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; javascript:alert(2)" in page
        assert '<a href="https://example.com/?a=1&amp;b=" rel="noopener noreferrer nofollow" target="_blank">' in page
        assert "<script>alert" not in page
        assert "<img>" not in page


def test_trouble_codes_in_messages_are_cards(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf
) -> None:
    story.live()
    say(story, customer, "It says po301 and P1234.")
    say(story, mechanic, "No code in this.")
    for person in (customer, mechanic):
        for path in ("", "transcript/"):
            page = client_of(person).get(f"/sessions/{story.id}/{path}").content.decode()
            assert page.count('data-slot="code">P0301</strong>') == 1
            assert page.count('data-slot="code">P1234</strong>') == 1
            assert "Misfire in cylinder 1" in page


def test_events_for_support_are_shown_to_support_only(
    story: "Story", customer: "User", mechanic: "User", support: "User", reads: Reads
) -> None:
    story.live()
    say(story, support, "call them back", audience="support")
    for path in ("", "transcript/"):
        assert "call them back" not in reads(customer, path)
        assert "call them back" not in reads(mechanic, path)
        assert "call them back" in reads(support, path)


def test_the_page_says_how_far_it_shows_the_log(story: "Story", customer: "User", client_of: ClientOf) -> None:
    story.live()
    say(story, customer, "hello")
    page = client_of(customer).get(f"/sessions/{story.id}/").content.decode()
    assert f'data-seq="{story.session.seq}"' in page


def test_the_transcript_is_readable_afterwards(
    story: "Story", customer: "User", mechanic: "User", reads: Reads
) -> None:
    story.live()
    say(story, customer, "It rattles when cold")
    say(story, mechanic, "Which side?")
    story.end(customer)
    for person in (customer, mechanic):
        text = reads(person, "transcript/")
        assert text.index("It rattles when cold") < text.index("Which side?")
        assert "Morgan Mechanic started the session" in text


def test_times_are_in_the_viewers_zone(story: "Story", customer: "User", reads: Reads) -> None:
    customer.time_zone, customer.time_zone_chosen = "Asia/Kolkata", True
    customer.save()
    story.live()
    say(story, customer, "hello", at=datetime.fromisoformat("2026-03-02T12:00:00+00:00"))
    assert "5:30 PM" in reads(customer, "transcript/")
    assert "5:30 PM" in reads(customer)


def test_every_log_line_that_a_script_may_add_has_words(story: "Story", customer: "User", client_of: ClientOf) -> None:
    from autodoctor.room.pages.timeline import LINES, LINES_ABOUT_YOU

    page = client_of(customer).get(f"/sessions/{story.id}/").content.decode()
    lines = dict(re.findall(r'<template data-line="([^"]+)">(.*?)</template>', page, re.DOTALL))
    assert set(lines) == LINES | {f"{kind}:you" for kind in LINES_ABOUT_YOU}
    assert all(re.sub(r"<[^>]+>", "", line).strip() for line in lines.values())


def test_a_long_chat_costs_no_more_queries(
    story: "Story", customer: "User", mechanic: "User", client_of: ClientOf
) -> None:
    story.live()
    client = client_of(customer)
    client.get(f"/sessions/{story.id}/")

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(f"/sessions/{story.id}/")
        return len(queries)

    say(story, customer, "one")
    few = count()
    for number in range(40):
        say(story, mechanic, f"number {number}")
    assert count() == few <= 15


@pytest.mark.parametrize("step", ["draft", "requested", "accepted", "waiting", "live", "over"])
def test_the_fragment_of_the_log_holds_what_the_page_shows(
    story: "Story", customer: "User", client_of: ClientOf, step: str
) -> None:
    steps: list[tuple[str, Callable[[], Any]]] = [
        ("draft", lambda: None),
        ("requested", story.pay),
        ("accepted", story.accept),
        ("waiting", story.join),
        ("live", story.start),
        ("over", lambda: story.end(customer)),
    ]
    for name, act in steps:
        act()
        if name == step:
            break
    client = client_of(customer)
    page, first, second = (
        client.get(f"/sessions/{story.id}/{part}").content.decode() for part in ("", "panel/", "panel/")
    )
    assert parts(first) == parts(second)  # an unchanged page must not be swapped
    assert set(parts(first)) == set(re.findall(r'id="(room-[\w-]+)"[^>]* data-region>', page))
    assert all(content in page for content in parts(first).values())


def parts(fragment: str) -> dict[str, str]:
    """Return the markup of each region that follows the state."""
    _before, *found = re.split(r'<\w+ [^>]*id="(room-[\w-]+)"[^>]* data-region>', fragment)
    return {name: content.rsplit("</", 1)[0].strip() for name, content in zip(found[::2], found[1::2], strict=True)}


@pytest.mark.parametrize("part", ["", "panel/", "transcript/"])
def test_pages_of_a_session_are_not_stored_by_browsers(
    story: "Story", customer: "User", client_of: ClientOf, part: str
) -> None:
    story.pay()
    assert "no-store" in client_of(customer).get(f"/sessions/{story.id}/{part}")["Cache-Control"]


def test_a_page_joins_by_itself_once_its_participant_has_joined_before(
    story: "Story", customer: "User", client_of: ClientOf
) -> None:
    def joins() -> bool:
        return b"data-joined" in client_of(customer).get(f"/sessions/{story.id}/").content

    story.pay().accept()
    assert not joins()
    story.join(customer)
    assert joins()
    story.join(story.mechanic).start()
    assert joins()
    story.end(customer)
    assert not joins()


def test_a_session_that_is_over_opens_no_socket(story: "Story", customer: "User", client_of: ClientOf) -> None:
    story.pay()
    assert b"data-socket" in client_of(customer).get(f"/sessions/{story.id}/").content
    endings.cancel_session(session_id=story.id, by=customer, now=story.now)
    assert b"data-socket" not in client_of(customer).get(f"/sessions/{story.id}/").content
