"""Decode unsafe pictures in a separate process with limited memory and time.

`python image_worker.py sanitize SOURCE PICTURE THUMBNAIL` writes the picture again, pixels only, and prints its format,
width and height as JSON. `python image_worker.py barcodes SOURCE` prints the texts of the barcodes in it. Exit status:
3 for a picture that is too big, 4 for an unreadable one, 5 for a full disk.
"""

import errno
import io
import json
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1024 * 1024 * 1024  # address space: a 50 megapixel picture takes about 500 MB
CPU_SECONDS = 20
FRAME_MEMORY_BYTES = 384 * 1024 * 1024  # address space, most of it libraries
FRAME_CPU_SECONDS = 3
MAX_PIXELS = 50_000_000  # phones take up to 48 million
MAX_PIXELS_OF_ALL_FRAMES = 200_000_000
LONGEST_SIDE = 4096  # pixels of the stored picture
THUMBNAIL_SIDE = 480
LARGE_PNG_BYTES = 4 * 1024 * 1024  # a photo, which is better kept as JPEG
TOO_BIG, UNREADABLE, DISK_FULL = 3, 4, 5
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "HEIF", "AVIF")
FRAME_FORMATS = ("JPEG", "PNG")
MAX_FRAME_PIXELS = 2_500_000  # of a camera at 1920 × 1080, and somewhat more
TILTS = (0, 9, -9)  # degrees: a line across a long, low barcode leaves it when a hand holds the phone askew
MOST_BARCODES = 8
MOST_CHARACTERS = 300  # of one barcode: a QR code may hold thousands, a VIN needs 17


def main(task: str, *paths: str) -> int:
    is_frame = task == "barcodes"
    _limit(resource.RLIMIT_AS, FRAME_MEMORY_BYTES if is_frame else MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, FRAME_CPU_SECONDS if is_frame else CPU_SECONDS)
    try:
        done = barcodes(*paths) if is_frame else sanitize(*paths)
        print(json.dumps(done))  # noqa: T201 the answer to the process that asked
    except TooBig:
        return TOO_BIG
    except OSError as error:
        return DISK_FULL if error.errno in FULL else UNREADABLE
    except (Exception, MemoryError):  # decoders of hostile bytes raise all there is
        return UNREADABLE
    return 0


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


class TooBig(Exception):
    """The picture has more pixels than any photo."""


def sanitize(source: str, picture: str, thumbnail: str) -> dict[str, Any]:
    """Write the picture and its thumbnail; returns format, width and height."""
    from PIL import Image, ImageOps
    from pillow_heif import register_heif_opener

    register_heif_opener()
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        opened = Image.open(source, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise TooBig from bomb
    with opened as image:
        _check_size(image)
        if image.format == "JPEG":
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # decodes a huge one at half or quarter size
        image.load()
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        plain = _pixels_only(upright)
    content, format_ = _encoded(plain, as_png=image.format == "PNG")
    Path(picture).write_bytes(content)
    facts = {"format": format_, "width": plain.width, "height": plain.height}
    plain.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    Path(thumbnail).write_bytes(_as_png(plain) if format_ == "PNG" else _as_jpeg(plain, quality=80))
    return facts


def barcodes(source: Any) -> list[str]:
    """Return the texts of the barcodes in one frame of a camera: Code 39, Data Matrix, QR."""
    from PIL import Image

    with Image.open(source, formats=FRAME_FORMATS) as image:
        if image.width * image.height > MAX_FRAME_PIXELS:
            raise TooBig
        gray = image.convert("L")
    tilted = (gray.rotate(angle, resample=Image.Resampling.BILINEAR, fillcolor="white") for angle in TILTS)
    found: list[str] = next(filter(None, map(_texts_in, tilted)), [])
    return found


def _texts_in(gray: Any) -> list[str]:
    import zxingcpp

    wanted = zxingcpp.BarcodeFormat
    formats = zxingcpp.BarcodeFormats([wanted.Code39, wanted.DataMatrix, wanted.QRCode])
    found = zxingcpp.read_barcodes(gray, formats=formats, text_mode=zxingcpp.TextMode.Plain)
    return [code.text[:MOST_CHARACTERS] for code in found[:MOST_BARCODES]]


def _check_size(image: Any) -> None:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS or pixels * getattr(image, "n_frames", 1) > MAX_PIXELS_OF_ALL_FRAMES:
        raise TooBig


def _pixels_only(image: Any) -> Any:
    """Return a new image of the same pixels: no EXIF, no location, no comments; colors as sRGB."""
    image = _in_srgb(_in_eight_bits(image))
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    plain = image.convert("RGBA" if has_alpha else "RGB")
    plain.info = {}
    return plain


def _in_eight_bits(image: Any) -> Any:
    """Convert sixteen bits of gray, which a plain conversion would cut off at white."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")


def _in_srgb(image: Any) -> Any:
    """Convert to sRGB. iPhones use Display P3, which looks dull without its profile."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if not profile or image.mode not in {"RGB", "RGBA"}:
        return image
    try:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, theirs, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        return image


def _encoded(image: Any, *, as_png: bool) -> tuple[bytes, str]:
    """Encode: a screenshot stays a PNG, a photo becomes a JPEG."""
    if as_png and len(content := _as_png(image)) <= LARGE_PNG_BYTES:
        return content, "PNG"
    return _as_jpeg(image, quality=88), "JPEG"


def _as_png(image: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _as_jpeg(image: Any, quality: int) -> bytes:
    from PIL import Image

    if image.mode == "RGBA":
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A"))
        image = flat
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, progressive=True, exif=b"", icc_profile=None)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
