"""The modules and style sheets that pages load, and those that templates name, found in folders and templates."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

PRODUCT = Path(__file__).resolve().parents[1]
ENTRY = re.compile(r"{% script '([^']+)\.js' %}")
SHEET = re.compile(r"{% stylesheet '([^']+)' %}")
HOW_BUNDLES_ARE_MADE = (PRODUCT.parent / "package-lock.json", Path(__file__).with_name("building.py"))


def folders(product: Path = PRODUCT) -> list[Path]:
    return [product / "static", *sorted(product.glob("*/static"))]


def modules(product: Path = PRODUCT) -> dict[str, Path]:
    """Return all modules by bare name: `room/wire/channel` is room/static/room/wire/channel.js."""
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for folder in folders(product)
        for path in sorted(folder.rglob("*.js"))
    }


def sheets(product: Path = PRODUCT) -> dict[str, Path]:
    """Return all style sheets by static path: `room/room.css`."""
    return {
        path.relative_to(folder).as_posix(): path
        for folder in folders(product)
        for path in sorted(folder.rglob("*.css"))
    }


def entries(product: Path = PRODUCT) -> list[str]:
    """Return the bare names of modules that templates name by `{% script %}`."""
    return _named(ENTRY, product)


def sheet_entries(product: Path = PRODUCT) -> list[str]:
    """Return the static paths that templates name by `{% stylesheet %}`."""
    return _named(SHEET, product)


def digest(product: Path = PRODUCT) -> str:
    """Return a digest of everything that a bundle depends on."""
    found = hashlib.sha256("\n".join(entries(product) + sheet_entries(product)).encode())
    for name, path in sorted((modules(product) | sheets(product)).items()):
        found.update(f"\n{name}\n".encode() + path.read_bytes())
    for path in HOW_BUNDLES_ARE_MADE:
        found.update(path.read_bytes())
    return found.hexdigest()


def _named(tag: re.Pattern[str], product: Path) -> list[str]:
    return sorted({name for template in _templates(product) for name in tag.findall(template.read_text())})


def _templates(product: Path) -> Iterator[Path]:
    for folder in (product / "templates", *product.glob("*/templates")):
        yield from folder.rglob("*.html")
