"""File names from outside: no misleading characters, and one line in a header."""

import unicodedata

import pytest
from django.http import HttpResponse
from hypothesis import example, given
from hypothesis import strategies as st

from autodoctor.files import file_names
from autodoctor.files.models import StoredFile
from autodoctor.files.signed_urls import VIEW, disposition


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("Report.PDF", "Report.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\casey\\bill.pdf", "bill.pdf"),
        ("a\r\nSet-Cookie: x=y.pdf", "a Set-Cookie x=y.pdf"),
        ("a\x00.pdf", "a.pdf"),
        ("invoice\u202efdp.exe", "invoice fdp.exe.pdf"),
        ("page.html", "page.html.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("..", "file.pdf"),
        ("", "file.pdf"),
        ('a"b<c>.pdf', "a b c.pdf"),
        ("Bremse vorne – Zündkerze.pdf", "Bremse vorne – Zündkerze.pdf"),
        ("故障.pdf", "故障.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_names(given_name: str, expected: str) -> None:
    assert file_names.fit(given_name, (".pdf",)) == expected


@given(st.text(max_size=400))
@example("\ud800.pdf")
@example("a\u2028b\u2029.pdf")
@example("con\t.pdf")
def test_fitted_name_has_a_known_ending_and_no_hidden_character(given_name: str) -> None:
    name = file_names.fit(given_name, (".jpg", ".jpeg"))
    assert name.endswith((".jpg", ".jpeg"))
    assert len(name) <= file_names.LONGEST
    assert not set(name) & set(file_names.UNFIT)
    assert not any(unicodedata.category(letter)[0] == "C" for letter in name)
    assert name[0] not in ". "
    assert file_names.fit(name, (".jpg", ".jpeg")) == name


@given(st.text(max_size=200), st.sampled_from(["image", "pdf"]))
def test_no_name_breaks_a_header(given_name: str, kind: str) -> None:
    file = StoredFile(name=file_names.fit(given_name, (".jpg",)), kind=kind)
    header = disposition(file, VIEW)
    assert header.startswith("inline" if kind == "image" else "attachment; filename")
    assert header.isascii()
    assert header.isprintable()
    assert HttpResponse(headers={"Content-Disposition": header})["Content-Disposition"] == header
