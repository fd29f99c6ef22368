"""Characters that no font has, and whose paper it is."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typst
from pytest_django import Settings

from autodoctor.core import pdf
from autodoctor.receipts.tests.test_pdf import words_of


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_drawn", {})


@pytest.fixture
def only_own_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    own = typst.Fonts(include_system_fonts=False)
    monkeypatch.setattr(pdf, "_fonts", lambda: own)


@pytest.mark.usefixtures("only_own_fonts")
@pytest.mark.parametrize(
    ("name", "set_as"),
    [
        ("王伟", "[Chinese or Japanese characters]"),
        ("さくら Sato", "[Japanese letters] Sato"),
        ("김민준", "[Korean letters]"),
        ("สมชาย", "[Thai letters]"),
        ("Özlem Łukasz Ωmega Жанна", "Özlem Łukasz Ωmega Жанна"),
    ],
)
def test_characters_without_a_font_are_named_in_a_pdf(name: str, set_as: str) -> None:
    assert pdf.as_set(name).replace(pdf.ZERO_WIDTH_SPACE, "") == set_as


def test_characters_with_a_font_stay_in_a_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_draw", lambda chars: [True] * len(chars))
    assert pdf.as_set("王伟 สมชาย") == "王伟 สมชาย"


def test_a_pdf_names_the_seller(settings: Settings, tmp_path: Path) -> None:
    settings.SELLER_NAME = "Bay Street Garage"
    page = tmp_path / "page.typ"
    page.write_text('#import "pdf.typ": *\n#show: sheet\nHello')
    data = {"title": "t", "author": "a", "heading": "h", "dated": "", "footer": "f", "words": {"kind": "k"}}
    made = pdf.typeset(page, data, made_at=datetime(2026, 3, 2, tzinfo=UTC))
    assert "Bay Street Garage" in words_of(made)
    assert "The Auto Doctor" not in words_of(made)


@pytest.mark.usefixtures("only_own_fonts")
def test_drawn_and_missing_characters_are_told_apart_in_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    compile_ = typst.compile

    def counted(*args: Any, **more: Any) -> Any:
        asked.append(args)
        return compile_(*args, **more)

    monkeypatch.setattr(typst, "compile", counted)
    text = "→王\u3000€\u200b≤さ\ue000√x\u0301\u2028∞ק–ส"
    pdf.look_up(text, "more 한")
    pdf.as_set(text)
    pdf.as_set("한")
    assert len(asked) == 1
    assert {char for char, drawn in pdf._drawn.items() if not drawn} == set("王さส한")
    assert {"→", "€", "≤", "√", "∞", "–", "ק", "\u3000"} <= {char for char, drawn in pdf._drawn.items() if drawn}


@pytest.mark.usefixtures("only_own_fonts")
def test_text_of_thousands_of_characters_is_looked_up_in_a_few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    draw = pdf._draw

    def counted(chars: list[str]) -> list[bool]:
        asked.append(len(chars))
        return draw(chars)

    monkeypatch.setattr(pdf, "_draw", counted)
    pdf.prose("\n".join("".join(map(chr, range(first, first + 50))) for first in range(0x4E00, 0x4E00 + 5000, 50)))
    assert asked == [2000, 2000, 1000]
