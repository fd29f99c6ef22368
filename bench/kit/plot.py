"""Bars of figures as a PNG: ours dark, and what each is compared with light below it. Each unit has its own scale."""

from collections.abc import Iterator
from math import inf
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bench.kit.figures import Figure

WIDTH, LABELS, MARGIN, END = 1200, 460, 20, 240  # pixels; `END`: for the words behind a bar
LONGEST = WIDTH - LABELS - MARGIN - END
ROW, BAR, TEXT = 44, 14, 15
PAPER, INK, OURS, OTHERS = "white", "#221d18", "#d9480f", "#c9bfb2"


def bars(figures: list[Figure], title: str, path: Path) -> None:
    """Draw them; nothing is written where there is nothing to draw."""
    if not figures:
        return
    image = Image.new("RGB", (WIDTH, 3 * MARGIN + TEXT + ROW * len(figures)), PAPER)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(TEXT)
    pen.text((MARGIN, MARGIN), title, INK, font)
    for number, figure in enumerate(figures):
        top = 2 * MARGIN + TEXT + ROW * number
        pen.text((MARGIN, top + BAR), f"{figure.what}, {figure.unit}", INK, font, anchor="lm")
        for place, (length, color, words) in enumerate(_bars(figure, _scale(figures, figure.unit))):
            y = top + place * BAR
            pen.rectangle((LABELS, y, LABELS + length, y + BAR - 2), color)
            pen.text((LABELS + length + 8, y + BAR / 2), words, INK, font, anchor="lm")
    image.save(path)


def _bars(figure: Figure, scale: float) -> Iterator[tuple[float, str, str]]:
    yield min(figure.value * scale, LONGEST), OURS, f"{figure.value:,.2f}"
    if figure.other is not None:
        yield min(figure.other * scale, LONGEST), OTHERS, f"{figure.other:,.2f} {figure.against}"


def _scale(figures: list[Figure], unit: str) -> float:
    """Return the pixels of one: the longest bar of this unit is as wide as there is room. What never came is, too."""
    values = [value for figure in figures if figure.unit == unit for value in (figure.value, figure.other or 0.0)]
    return LONGEST / max((value for value in values if 0 < value < inf), default=1.0)
