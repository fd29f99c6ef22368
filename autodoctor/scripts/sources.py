"""The modules and style sheets that pages load, and those that templates name, found in folders and templates."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PRODUCT = Path(__file__).resolve().parents[1]
ENTRY = re.compile(r"{% script '([^']+)\.js' %}")
SHEET = re.compile(r"{% stylesheet '([^']+)' %}")
IMPORT = re.compile(r'^(?:import|export|}) [^"=\n]*"([^"]+)";$', re.MULTILINE)  # as prettier writes them; not of types
OF_EVERY_PAGE = "lib/page"  # the entry that every page loads
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


def shared(product: Path = PRODUCT) -> dict[str, list[str]]:
    """Return for each entry the modules that it loads together with other entries, by bare names: those of every page,
    and all others that several entries import. It needs at least one of each group that it loads.
    """
    needs = _needs(product)
    times = Counter(name for names in needs.values() for name in names)
    everywhere = needs.get(OF_EVERY_PAGE, set())
    several = {name for name, count in times.items() if count > 1} - everywhere

    def groups(names: set[str]) -> list[str]:
        if names & several:
            return sorted(everywhere) + sorted(several)
        return sorted(everywhere) if names & everywhere else []

    return {entry: groups(names) for entry, names in needs.items()}


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


def _needs(product: Path) -> dict[str, set[str]]:
    """Return for each entry itself and all modules that it imports, direct or indirect."""
    imports = {name: IMPORT.findall(path.read_text()) for name, path in modules(product).items()}
    needs = {}
    for entry in entries(product):
        found = [entry]
        for name in found:  # grows meanwhile
            found += [each for each in dict.fromkeys(imports.get(name, ())) if each not in found]
        needs[entry] = imports.keys() & set(found)
    return needs


def _named(tag: re.Pattern[str], product: Path) -> list[str]:
    return sorted({name for template in _templates(product) for name in tag.findall(template.read_text())})


def _templates(product: Path) -> Iterator[Path]:
    for folder in (product / "templates", *product.glob("*/templates")):
        yield from folder.rglob("*.html")
