"""The bundle of the present modules, and the addresses of its files."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders

from autodoctor.scripts import sources

PREFIX = "bundles"  # below STATIC_URL
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Bundle:
    """`files` are the files of each entry: its own first, then its chunks."""

    files: dict[str, list[str]]

    def addresses(self, entry: str) -> list[str]:
        return [f"{settings.STATIC_URL}{PREFIX}/{file}" for file in self.files[entry]]


def current() -> Bundle | None:
    """Return the bundle; None without one or if the modules are newer: pages then load plain modules."""
    if not settings.BUNDLED_SCRIPTS:
        return None
    return _found() if settings.SERVESTATIC_AUTOREFRESH else _found_once()


def read(manifest: Path, product: Path = sources.PRODUCT) -> Bundle | None:
    if not manifest.is_file():
        return None
    kept = json.loads(manifest.read_text())
    return Bundle(kept["entries"]) if kept["sources"] == sources.digest(product) else None


def _found() -> Bundle | None:
    """Return where the server finds its files: a bundle that was not collected cannot be served."""
    name = f"{PREFIX}/{MANIFEST}"
    found = finders.find(name) if settings.SERVESTATIC_USE_FINDERS else str(settings.STATIC_ROOT / name)
    return read(Path(found)) if found else None


@cache
def _found_once() -> Bundle | None:
    return _found()
