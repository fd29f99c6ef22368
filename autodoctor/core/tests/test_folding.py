"""Search without case and accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodoctor.core.folding import folded


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Özlem Ørsted", "ozlem orsted"),
        ("ÖZLEM", "ozlem"),
        ("O\u0308zlem", "ozlem"),
        ("İpek Işık", "ipek isik"),
        ("Strauß, Łukasz", "strauss, lukasz"),
        ("Škoda  Citroën", "skoda citroen"),
        ("Zoë\N{NO-BREAK SPACE}Æbelø", "zoe aebelo"),
        ("田中", "田中"),
    ],
)
def test_folding_removes_accents_and_case(text: str, plain: str) -> None:
    assert folded(text) == plain


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert folded(folded(folded(text))) == folded(folded(text))
