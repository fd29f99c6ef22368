"""Files as people have them, and as attackers make them; each made here, so that none has to be kept."""

import io
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageOps
from pillow_heif import register_heif_opener

register_heif_opener()
RECORDINGS = Path(__file__).parent / "recordings"  # a third of a second each, with SECRET… in every tag
GPS_IFD, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F
LATITUDE = (52.0, 31.0, 12.25)
GIF_PICTURE = b"\x21\xf9\x04"  # the first bytes of each picture


@cache
def photo(
    format_: str = "JPEG", size: tuple[int, int] = (640, 480), *, orientation: int = 1, mode: str = "RGB"
) -> bytes:
    """A picture with the position it was taken at, the upper left quarter red."""
    image = Image.new(mode, size, "navy" if mode != "RGBA" else (0, 0, 128, 0))
    image.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    exif = Image.Exif()
    exif[MAKER] = "Secret Camera Company"
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS_IFD).update({1: "N", 2: LATITUDE, 3: "E", 4: (13.0, 24.0, 36.0)})
    out = io.BytesIO()
    image.save(out, format_, exif=exif)
    return out.getvalue()


def position_in(content: bytes) -> dict[int, Any]:
    with Image.open(io.BytesIO(content)) as image:
        return dict(image.getexif().get_ifd(GPS_IFD))


def picture(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@cache
def noise(format_: str, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    ImageOps.invert(Image.effect_noise(size, 80).convert("RGB")).save(out, format_)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that a few bytes of zeros then pretend to fill."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def box(name: bytes, body: bytes) -> bytes:
    """A box of an MP4 file."""
    return struct.pack(">I", len(body) + 8) + name + body


def film(brand: bytes = b"mp42", *, position: str = "", filling: int = 1000) -> bytes:
    """The frame of an MP4, with the position in all places where phones write it."""
    said = box(b"\xa9xyz", struct.pack(">HH", len(position), 0) + position.encode())
    places = box(b"udta", said) + box(b"meta", said) + box(b"trak", box(b"udta", said)) if position else b""
    moov = box(b"moov", box(b"mvhd", bytes(100)) + places)
    return box(b"ftyp", brand + bytes(4) + b"isom") + moov + box(b"mdat", bytes(filling))


def tracks(*handlers: bytes, brand: bytes = b"mp42") -> bytes:
    """An MP4 with a track of each handler: `vide`, `soun` …"""
    said = [box(b"hdlr", bytes(8) + handler + bytes(13)) for handler in handlers]
    moov = box(b"moov", box(b"mvhd", bytes(100)) + b"".join(box(b"trak", box(b"mdia", each)) for each in said))
    return box(b"ftyp", brand + bytes(4) + b"isom") + moov + box(b"mdat", bytes(1000))


def wav(seconds: int = 1) -> bytes:
    samples = bytes(8000 * seconds)
    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def office(folder: str = "word", *extra: str) -> bytes:
    return packed(dict.fromkeys(("[Content_Types].xml", "_rels/.rels", f"{folder}/document.xml", *extra), b"<x/>"))


def packed(parts: dict[str, bytes], *, compressed: bool = False) -> bytes:
    """A ZIP of these parts in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def webm(inside: bytes = b"") -> bytes:
    """A WebM file that holds these bytes in an element without meaning."""
    return b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + b"\xec" + struct.pack(">Q", 1 << 56 | len(inside)) + inside


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def upload(name: str, content: bytes, declared: str = "application/octet-stream") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, declared)


@cache
def animation(*, frames: int, size: tuple[int, int]) -> bytes:
    """A GIF of many pictures that compress to nearly nothing: one, repeated."""
    out = io.BytesIO()
    Image.new("P", size).save(out, "GIF", save_all=True, duration=20)
    content = out.getvalue()
    picture = content[content.index(GIF_PICTURE) : -1]
    return content[:-1] + picture * (frames - 1) + content[-1:]


def gif_claiming(width: int, height: int) -> bytes:
    content = bytearray(animation(frames=1, size=(8, 8)))
    content[6:10] = struct.pack("<HH", width, height)
    return bytes(content)


def nested(name: bytes, depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = box(name, content)
    return content


def many_tiles() -> bytes:
    """A HEIC that claims to be put together from so many tiles that it would fill any memory."""
    content = bytearray(photo("HEIF", (64, 64)))
    size = content.index(b"ispe") + 8
    content[size : size + 8] = struct.pack(">II", 60_000, 60_000)
    return bytes(content)
