"""The HTML of a mail that has none of its own follows from its text, and nothing in it acts."""

import re

import pytest
from pytest_django import Settings

from autodoctor.mail.rendering import LONGEST_SUBJECT, Letter, render
from autodoctor.mail.text_blocks import Block, blocks

HOSTILE = """<script>alert(1)</script> "><img src=x onerror=alert(1)> {{ 7|add:7 }} &lt;b&gt;"""


def letter(**facts: str) -> Letter:
    context = {"who": "Morgan", "begins_at": "2026-07-01T10:00:00+00:00"} | facts
    return render("letters/invitation", context, time_zone="UTC")


def test_paragraphs_codes_and_ways_on() -> None:
    text = "Hello,\n\nEnter this:\n\n    BC-4D\n\nOne\ntwo\nContinue: https://doctor.example/room/\nhttps://doctor.example/"
    assert blocks(text) == [
        Block("paragraph", ["Hello,"]),
        Block("paragraph", ["Enter this:"]),
        Block("code", ["BC-4D"]),
        Block("paragraph", ["One", "two"]),
        Block("button", ["Continue"], "https://doctor.example/room/"),
        Block("link", [], "https://doctor.example/"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Win: https://evil.example/",
        "https://doctor.example.evil.example/",
        "https://doctor.example@evil.example/",
        "Click: javascript:alert(1)",
        "A: b: https://doctor.example/",
        "look at https://doctor.example/ now",
    ],
)
def test_line_with_a_foreign_address_never_becomes_a_button(line: str) -> None:
    assert [block.kind for block in blocks(f"Hello,\n\n{line}")] == ["paragraph", "paragraph"]


def test_markup_in_texts_of_people_stays_text() -> None:
    html = letter(who=HOSTILE, to_name=HOSTILE).html
    assert "<script" not in html
    assert "<img" not in html
    assert "{{ 7|add:7 }}" in html
    assert "&amp;lt;b&amp;gt;" in html


def test_html_part_has_every_line_of_the_text_part() -> None:
    both = letter(to_name="Casey")
    words = re.sub(r"<style>.*?</style>|<[^>]+>", " ", both.html, flags=re.DOTALL)
    for line in both.text.partition("-- ")[0].split("\n"):
        assert line.strip() in words
    foot = "-- \nThe Auto Doctor\nhttps://doctor.example\n"
    foot += "Questions? Ask us: https://doctor.example/help/ · help@doctor.example\n"
    assert both.text.endswith(foot)


def test_a_long_subject_is_cut_and_a_null_is_dropped() -> None:
    found = letter(who="\0" + "x" * 500)
    assert len(found.subject) == LONGEST_SUBJECT
    assert "\0" not in found.subject + found.text + found.html


def test_every_image_and_style_stands_in_the_mail_itself(settings: Settings) -> None:
    """Mail clients drop style sheets, and ask before they fetch anything."""
    html = letter().html
    assert not re.search(r"<link|<script|@import|url\(|src=", html)
    assert 'class="paper" style="' in html
