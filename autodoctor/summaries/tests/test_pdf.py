"""The summary's PDF: words, pages, and hostile texts."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pypdfium2
import pytest
import typst

from autodoctor.core import pdf as core_pdf
from autodoctor.files.tests.samples import position_in
from autodoctor.summaries import document, pdf
from autodoctor.summaries.content import PARTS_MAX, PHOTOS_MAX, TEXT_MAX, PartLine
from autodoctor.summaries.document import Document
from autodoctor.summaries.tests.desk import CONTENT, Desk

A4, LETTER = (595, 842), (612, 792)


@contextmanager
def opened(shown: Document, time_zone: str = "Europe/Berlin") -> Iterator[pypdfium2.PdfDocument]:
    made = pypdfium2.PdfDocument(pdf.render(shown, time_zone=time_zone))
    try:
        yield made
    finally:
        made.close()


def words(made: pypdfium2.PdfDocument) -> str:
    """Return the PDF's text on one line, without break points in long words."""
    pages = [page.get_textpage().get_text_range() for page in made]
    return re.sub(r"\s+", " ", " ".join(pages).replace(core_pdf.ZERO_WIDTH_SPACE, "").replace("\ufffe", ""))


def images(made: pypdfium2.PdfDocument) -> list[Any]:
    return [thing for page in made for thing in page.get_objects() if thing.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]


def outside(page: pypdfium2.PdfPage) -> list[tuple[float, ...]]:
    """Return the words that lie beyond the margins."""
    width, height = page.get_size()
    boxes = [thing.get_bounds() for thing in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT])]
    return [box for box in boxes if box[0] < 50 or box[2] > width - 50 or box[1] < 20 or box[3] > height - 30]


def test_the_pdf_has_the_summary_in_the_readers_time_zone(desk: Desk) -> None:
    shown = document.of(desk.submit(photos=desk.photos(2)))
    correction = desk.correct("It is the other clamp.")
    shown = document.of(desk.summary)
    with opened(shown) as made:
        said = words(made)
        for expected in (
            "2014 Volvo V60",
            "Casey Customer",
            "Morgan Mechanic",
            "YV1FW075XE1234567",
            "Drive with care",
            "It may not start again.",
            "The minus clamp is corroded.",
            "Replace the clamp within two weeks.",
            "Battery clamp, negative VOL-31346572 1 $14.50 $14.50",
            "Terminal grease 2 $3.45 $6.90",
            "Parts, about $21.40",
            "It is the other clamp.",
            f"Page 1 of {len(made)}",
        ):
            assert expected in said, expected
        assert len(images(made)) == 2
        assert made.get_metadata_value("Title") == "Summary: 2014 Volvo V60"
        assert "CET" in said or "CEST" in said
    assert correction.number == 1
    with opened(shown, "Asia/Tokyo") as made:
        assert "JST" in words(made)


def test_the_paper_size_of_the_pdf_follows_the_readers_time_zone(desk: Desk) -> None:
    shown = document.of(desk.submit())
    for zone, size in {"Europe/Berlin": A4, "Asia/Tokyo": A4, "America/New_York": LETTER, "UTC": A4}.items():
        with opened(shown, zone) as made:
            assert tuple(round(side) for side in made[0].get_size()) == size


def test_the_pdf_has_no_empty_headings_without_photos_or_parts(desk: Desk) -> None:
    with opened(document.of(desk.submit(parts=(), safe="yes", safe_why=""))) as made:
        said = words(made)
        assert len(made) == 1
        assert "Safe to drive" in said
        for heading in ("Parts", "Photos", "Corrections", "None"):
            assert heading not in said


@pytest.mark.parametrize(
    "text",
    [
        "W" * TEXT_MAX,
        "word " * (TEXT_MAX // 5),
        "\n" * 50 + "a\n" * (TEXT_MAX // 2 - 60),
        "https://example.com/" + "a-long-path/" * 100,
        "שלום עולם " * 100,
        "مرحبا بالعالم " * 100,
        "你好" * 500,
        "👍🏽 🚗 👨‍👩‍👧 ⚠️ " * 100,
        "a\u0301\u200d\u202e\ufeff\u2028" * 200,
        '#import "/etc/passwd" #panic() $x^2$ *b* _i_ `c` <l> @r \\ // /* = - + [',
        "#{" * 500,
    ],
)
def test_no_text_of_a_summary_breaks_the_layout_of_the_pdf(desk: Desk, text: str) -> None:
    part = PartLine(text[:120], text[:60], 999, 10_000_000)
    shown = document.of(desk.submit(findings=text, steps=text, next_steps=text, safe_why=text[:1000], parts=(part,)))
    shown = replace(shown, session=shown.session)
    with opened(shown) as made:
        assert 1 <= len(made) <= 130  # two thousand lines, four times
        assert [outside(page) for page in made] == [[]] * len(made)


def test_markup_in_a_summary_is_printed_as_typed_in_the_pdf(desk: Desk) -> None:
    attack = '#read("/data.json") #link("https://evil.example")[click] *bold* $x$'
    with opened(document.of(desk.submit(findings=attack))) as made:
        assert attack in words(made)


def test_the_pdf_holds_the_most_parts_and_photos_of_a_summary(desk: Desk) -> None:
    parts = tuple(PartLine(f"Part {number}", f"N-{number}", 1, 100) for number in range(PARTS_MAX))
    with opened(document.of(desk.submit(parts=parts, photos=desk.photos(PHOTOS_MAX)))) as made:
        said = words(made)
        assert f"Part {PARTS_MAX - 1} N-{PARTS_MAX - 1}" in said
        assert "Parts, about $50.00" in said
        assert len(images(made)) == PHOTOS_MAX
        assert said.count("Part number") > 1  # the head of the table, on each page


def test_photos_are_small_and_say_nothing_about_where_they_were_taken(desk: Desk) -> None:
    with opened(document.of(desk.submit(photos=desk.photos(1)))) as made:
        (image,) = images(made)
        held = io.BytesIO()
        image.extract(held, fb_format="jpeg")
        assert max(image.get_px_size()) <= pdf.PHOTO_PIXELS
        assert position_in(held.getvalue()) == {}


def test_pictographs_that_no_font_has_are_named(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    monkeypatch.setattr(core_pdf, "_draw", lambda chars: [False] * len(chars))
    monkeypatch.setattr(core_pdf, "_drawn", {})
    with opened(document.of(desk.submit(findings="All good 👍🏽"))) as made:
        assert "All good [thumbs up sign]" in words(made)
    assert CONTENT.findings


def test_the_pdf_is_typeset_once_and_again_after_a_correction(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    compile_page = typst.compile

    def counted(*args: Any, **options: Any) -> Any:
        made.append(args)
        return compile_page(*args, **options)

    shown = document.of(desk.submit(photos=desk.photos(1)))
    first = pdf.render(shown, time_zone="Europe/Berlin")
    monkeypatch.setattr(typst, "compile", counted)
    assert pdf.render(document.of(desk.summary), time_zone="Europe/Berlin") == first
    assert made == []
    pdf.render(shown, time_zone="America/New_York")
    desk.correct("It is the other clamp.")
    assert pdf.render(document.of(desk.summary), time_zone="Europe/Berlin") != first
    assert len(made) == 2
