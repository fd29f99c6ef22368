"""Names, positions and machines in Office files and PDF; words, figures and pictures stay."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from autodoctor.files import blanking, office_metadata, pdf_metadata, photo_metadata
from autodoctor.files.tests.samples import GPS_IFD, ORIENTATION, PDF, film, packed, photo, picture, wav

OFFICE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
WORD = b' xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def cleaned(tmp_path: Path, content: bytes) -> dict[str, bytes]:
    """The parts of an Office file after the same steps as an upload's."""
    path = tmp_path / "file"
    path.write_bytes(content)
    blanking.blank(path, OFFICE)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any(part.extra or part.comment for part in archive.infolist())
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "docProps/core.xml",
            HEAD + b'<cp:coreProperties xmlns:cp="x"><dc:creator>SECRET</dc:creator></cp:coreProperties>',
            HEAD + b'<cp:coreProperties xmlns:cp="x"></cp:coreProperties>',
        ),
        ("docProps/custom.xml", b"<Properties a='>'/>", HEAD + b"<Properties a='>'></Properties>"),
        (
            "docProps/app.xml",
            b"<Properties><Company>SECRET</Company></Properties>",
            HEAD + b"<Properties></Properties>",
        ),
        ("package/services/metadata/core-properties/1.psmdcp", b"<a><b>SECRET</b></a>", HEAD + b"<a></a>"),
        ("meta.xml", b"<!-- SECRET --><o:d><dc:creator>SECRET</dc:creator></o:d>", HEAD + b"<o:d></o:d>"),
        (
            "word/document.xml",
            b'<w:ins w:id="1" w:author="SECRET" w:date="d"><w:t>said author="Smith" &lt;a author="x"&gt;</w:t></w:ins>',
            b'<w:ins w:id="1" w:author="Author" w:date="d"><w:t>said author="Smith" &lt;a author="x"&gt;</w:t></w:ins>',
        ),
        (
            "word/people.xml",
            b'<w15:person w15:author=\'SECRET\'><w15:p w15:providerId="AD" w15:userId="S::SECRET"/></w15:person>',
            b'<w15:person w15:author="Author"><w15:p w15:providerId="Author" w15:userId="Author"/></w15:person>',
        ),
        (
            "word/comments.xml",
            b'<w:c w:initials="SE" w:author="SECRET"/>',
            b'<w:c w:initials="Author" w:author="Author"/>',
        ),
        ("word/_rels/settings.xml.rels", b'<R Target="file:///C:/Users/SECRET/a.dotx"/>', b'<R Target="Normal.dotm"/>'),
        (
            "xl/comments1.xml",
            b"<authors><author>SECRET</author></authors>",
            b"<authors><author>Author</author></authors>",
        ),
        ("xl/persons/person.xml", b'<p displayName="SECRET" id="{1}"/>', b'<p displayName="Author" id="{1}"/>'),
        ("xl/tables/table1.xml", b'<table displayName="Table1"/>', b'<table displayName="Table1"/>'),
        (
            "xl/workbook.xml",
            b'<x:absPath url="C:\\SECRET\\"/><s name="A"/>',
            b'<x:absPath url=""/><s name="A"/>',
        ),
        ("ppt/commentAuthors.xml", b'<p:a id="0" name="SECRET"/>', b'<p:a id="0" name="Author"/>'),
        (
            "content.xml",
            b"<office:annotation><dc:creator>SECRET</dc:creator><text:p>Look</text:p></office:annotation>",
            b"<office:annotation><dc:creator>Author</dc:creator><text:p>Look</text:p></office:annotation>",
        ),
        (
            "settings.xml",
            b'<i config:name="PrinterName" config:type="string">SECRET</i><i config:name="Zoom">100</i>',
            b'<i config:name="PrinterName" config:type="string"></i><i config:name="Zoom">100</i>',
        ),
        ("xl/worksheets/sheet1.xml", b'<c r="A1" t="n"><v>42</v></c>', b'<c r="A1" t="n"><v>42</v></c>'),
    ],
)
def test_part_of_an_office_file_names_nobody_and_keeps_the_rest(
    tmp_path: Path, name: str, before: bytes, after: bytes
) -> None:
    assert cleaned(tmp_path, packed({name: before}))[name] == after


def test_name_in_utf_16_is_found(tmp_path: Path) -> None:
    xml = '<?xml version="1.0" encoding="UTF-16"?><w:c w:author="SECRET"/>'.encode("utf-16")
    found = cleaned(tmp_path, packed({"word/comments.xml": xml}))["word/comments.xml"]
    assert found.decode() == '<?xml version="1.0" encoding="UTF-8"?><w:c w:author="Author"/>'


def test_photo_in_an_office_file_loses_its_place_and_stays_upright(tmp_path: Path) -> None:
    jpeg, png = photo(orientation=6), photo("PNG")
    parts = cleaned(tmp_path, packed({"word/media/image1.jpeg": jpeg, "Pictures/1.png": png}, compressed=True))
    for name, before in (("word/media/image1.jpeg", jpeg), ("Pictures/1.png", png)):
        after = parts[name]
        assert len(after) == len(before)
        assert b"Secret Camera" not in after
        with Image.open(io.BytesIO(after)) as shown:
            assert not shown.getexif().get_ifd(GPS_IFD)
        assert picture(after).tobytes() == picture(before).tobytes()
    with Image.open(io.BytesIO(parts["word/media/image1.jpeg"])) as shown:
        assert dict(shown.getexif()) == {ORIENTATION: 6}


def test_recordings_and_files_in_an_office_file_are_cleaned_too(tmp_path: Path) -> None:
    inner = packed({"docProps/core.xml": b"<a>SECRET</a>", "xl/workbook.xml": b"<w/>"})
    notes = wav() + b"iXML" + struct.pack("<I", 6) + b"SECRET"
    media = {"ppt/media/media1.mp4": film(position="+52.52+013.40/"), "ppt/media/media2.wav": notes}
    parts = cleaned(tmp_path, packed({"word/embeddings/Sheet.xlsx": inner, **media}))
    with zipfile.ZipFile(io.BytesIO(parts["word/embeddings/Sheet.xlsx"])) as archive:
        assert archive.read("docProps/core.xml") == HEAD + b"<a></a>"
    assert b"+52.52" not in parts["ppt/media/media1.mp4"]
    assert b"SECRET" not in parts["ppt/media/media2.wav"]


def test_parts_keep_their_order_and_way_of_packing(tmp_path: Path) -> None:
    """OpenDocument wants its type first and unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"SECRET"
        archive.writestr("mimetype", b"application/vnd.oasis.opendocument.text", zipfile.ZIP_STORED)
        archive.writestr("content.xml", b"<x/>" * 100)
    path = tmp_path / "a.odt"
    path.write_bytes(out.getvalue())
    office_metadata.blank_office(path)
    with zipfile.ZipFile(path) as archive:
        facts = [(part.filename, part.compress_type) for part in archive.infolist()]
    assert facts == [("mimetype", zipfile.ZIP_STORED), ("content.xml", zipfile.ZIP_DEFLATED)]
    assert path.read_bytes()[30:38] == b"mimetype"
    assert b"SECRET" not in path.read_bytes()


BOMBS: dict[str, Callable[[], bytes]] = {
    "many": lambda: packed({f"word/{number}.bin": b"" for number in range(office_metadata.MOST_PARTS + 1)}),
    "large": lambda: packed({"word/a.bin": bytes(office_metadata.MOST_UNPACKED + 1)}, compressed=True),
    "large part": lambda: packed({"word/document.xml": bytes(office_metadata.MOST_CHANGED + 1)}, compressed=True),
    "in one another": lambda: packed(dict.fromkeys(("word/1.docx", "word/2.docx", "word/3.docx"), large())),
    "cut off": lambda: packed({"word/document.xml": b"<x/>"})[:-30],
    "parts before its beginning": lambda: misplaced(packed({"word/document.xml": b"<x/>"})),
    "no XML": lambda: packed({"docProps/core.xml": b"words"}),
}


def large() -> bytes:
    return packed({"a.bin": bytes(50 << 20)}, compressed=True)


def misplaced(content: bytes) -> bytes:
    """Claim that the list of parts stands further back than it does: they would be read from before the file."""
    end = bytearray(content)
    place = end.rindex(b"PK\x05\x06") + 16
    end[place : place + 4] = struct.pack("<I", struct.unpack_from("<I", end, place)[0] + 60)
    return bytes(end)


@pytest.mark.parametrize("kind", BOMBS)
def test_bomb_or_broken_office_file_is_refused_and_left_as_it_was(tmp_path: Path, kind: str) -> None:
    content = BOMBS[kind]()
    path = tmp_path / "a.docx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"Office|large|ZIP|XML|beginning"):
        office_metadata.blank_office(path)
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["a.docx"]


def test_entry_that_claims_less_than_it_holds_is_refused(tmp_path: Path) -> None:
    content = bytearray(packed({"word/a.bin": bytes(1 << 20)}, compressed=True))
    real = struct.pack("<I", 1 << 20)
    assert content.count(real) == 2
    path = tmp_path / "a.docx"
    path.write_bytes(content.replace(real, struct.pack("<I", 9)))
    with pytest.raises(ValueError, match="ZIP"):
        office_metadata.blank_office(path)


def test_encrypted_entry_is_called_locked(tmp_path: Path) -> None:
    content = bytearray(packed({"word/document.xml": b"<x/>"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path = tmp_path / "a.docx"
    path.write_bytes(content)
    with pytest.raises(office_metadata.Locked):
        office_metadata.blank_office(path)


def pdf(tmp_path: Path, content: bytes) -> bytes:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    blanking.blank(path, "application/pdf")
    assert path.stat().st_size == len(content)
    return path.read_bytes()


@pytest.mark.parametrize("author", [b"(SECRET \\) \\( (SECRET) x)", b"<FEFF0053>", b"(SECRET", b"<FEFF 0053"])
def test_pdf_loses_the_names_of_who_wrote_it_and_keeps_bookmarks(tmp_path: Path, author: bytes) -> None:
    info = b"7 0 obj\n<</Author " + author + b"/CreationDate (D:20260302)/N<</A(SECRET)>>>>\nendobj\n"
    mark = b"8 0 obj<</Title (Chapter 1)>>endobj\n17 0 obj<</A (kept)>>endobj\n"
    content = PDF + mark + info + b"trailer<</Root 1 0 R/Info 7 0 R>>\n%%EOF\n"
    after = pdf(tmp_path, content)
    assert b"SECRET" not in after
    assert b"0053" not in after
    assert mark in after
    if author.endswith((b")", b">")):
        assert b"(D:20260302)" in after


def test_names_in_compressed_objects_of_a_pdf_are_referred_to_by_nothing(tmp_path: Path) -> None:
    after = pdf(tmp_path, PDF + b"9 0 obj<</Type/XRef/Info 5 0 R/Root 1 0 R>>stream\nxx\nendstream endobj")
    assert b"/Info" not in after
    assert b"/Root 1 0 R" in after


@pytest.mark.parametrize("filler", [b"", bytes(range(256)) * 400])
def test_compressed_description_of_a_pdf_becomes_spaces(tmp_path: Path, filler: bytes) -> None:
    packet = zlib.compress(b"<x:xmpmeta>SECRET</x:xmpmeta>" + filler, 0 if filler else 9)
    head = b"4 0 obj<</Type /Metadata/Subtype/XML/Filter/FlateDecode/Length %d>>stream\r\n" % len(packet)
    other = b"\n5 0 obj<</Filter/FlateDecode>>stream\n" + zlib.compress(b"page") + b"\nendstream endobj"
    after = pdf(tmp_path, PDF + head + packet + b"\nendstream\nendobj" + other)
    begin = after.index(head) + len(head)
    assert set(zlib.decompress(after[begin : begin + len(packet)])) == {ord(" ")}
    assert after.endswith(other)


@pytest.mark.parametrize("length", [0, 5, 12, 65_540, 65_546, 65_547, 65_560, 200_000])
def test_compressed_spaces_have_any_length(length: int) -> None:
    found = pdf_metadata.spaces(length)
    assert len(found) == length
    if length > 11:
        assert set(zlib.decompress(found)) <= {ord(" ")}


STREAM = b"obj/FlateDecode/Type/Metadata stream\n"


@pytest.mark.parametrize(
    "hostile", [b"<x:xmpmeta", b"/Info 1 0 R ", b"1 0 obj(", b"\xff\xe1\xff\xffExif\0\0", b"/Type/Metadata ", STREAM]
)
def test_pdf_of_repeated_beginnings_is_read_in_time(tmp_path: Path, hostile: bytes) -> None:
    """Ten megabytes of it, through every search once: some with an end that never comes."""
    pdf(tmp_path, PDF + hostile * (10_000_000 // len(hostile)))


def test_photo_without_room_for_its_direction_is_only_blanked() -> None:
    assert photo_metadata.only_turned(b"II*\0") == bytes(4)
    assert photo_metadata.blanked(b"GIF89a SECRET") == b"GIF89a SECRET"
