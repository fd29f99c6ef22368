"""Barcodes as a camera sees them: drawn by the library that also reads them, then turned, blurred and full of noise."""

import io
from pathlib import Path

import zxingcpp
from PIL import Image, ImageChops, ImageFilter

VIN = "1HGCM82633A004352"  # a Honda Accord of 2003; its check digit fits
EUROPEAN = "WVWZZZ1JZXW000001"  # carries none
FORMATS = ("Code39", "DataMatrix", "QRCode")
SCALES = {"Code39": 3, "DataMatrix": 8, "QRCode": 6}  # pixels of the narrowest part
BACKGROUND = 235


def barcode(text: str = VIN, format_: str = "Code39", *, scale: int = 0) -> Image.Image:
    """Return the barcode on white, in gray."""
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, format_))
    return Image.fromarray(code.to_image(scale=scale or SCALES[format_]))


def seen(
    code: Image.Image, *, size: tuple[int, int] = (960, 540), turned: float = 0, blur: float = 0, noise: float = 0
) -> Image.Image:
    """Return what a camera shows of it: `turned` in degrees, `blur` in pixels, `noise` in shades of gray."""
    picture = Image.new("L", size, BACKGROUND)
    turned_code = code.rotate(turned, expand=True, fillcolor=BACKGROUND, resample=Image.Resampling.BICUBIC)
    picture.paste(turned_code, ((size[0] - turned_code.width) // 2, (size[1] - turned_code.height) // 2))
    if blur:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    return ImageChops.add(picture, Image.effect_noise(size, noise), offset=-128) if noise else picture


def as_jpeg(picture: Image.Image, quality: int = 75) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def film(path: Path, pictures: list[Image.Image], *, frames_per_second: int = 5) -> Path:
    """Write the pictures as a film that Chromium shows in the place of a camera, over and over."""
    width, height = pictures[0].size
    no_color = bytes([128]) * (width * height // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{frames_per_second}:1 Ip A1:1 C420mpeg2\n".encode())
        for picture in pictures:
            file.write(b"FRAME\n" + picture.tobytes() + no_color)
    return path
