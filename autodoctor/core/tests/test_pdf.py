"""Characters that no font has, and whose paper it is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typst
from pytest_django import Settings

from autodoctor.core import pdf
from autodoctor.receipts.tests.test_pdf import words_of


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_missing", pdf._missing.__wrapped__)


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
def test_letters_without_a_font_are_named(name: str, set_as: str) -> None:
    assert pdf.as_set(name).replace(pdf.ZERO_WIDTH_SPACE, "") == set_as


def test_letters_with_a_font_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_draws", lambda char: True)
    assert pdf.as_set("王伟 สมชาย") == "王伟 สมชาย"


def test_a_paper_names_the_seller(settings: Settings, tmp_path: Path) -> None:
    settings.SELLER_NAME = "Bay Street Garage"
    page = tmp_path / "page.typ"
    page.write_text('#import "pdf.typ": *\n#show: sheet\nHello')
    data = {"title": "t", "author": "a", "heading": "h", "dated": "", "footer": "f", "words": {"kind": "k"}}
    made = pdf.typeset(page, data, made_at=datetime(2026, 3, 2, tzinfo=UTC))
    assert "Bay Street Garage" in words_of(made)
    assert "The Auto Doctor" not in words_of(made)
