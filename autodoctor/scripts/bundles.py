"""The bundle that stands for the modules as they are now, and the addresses of what is in it."""

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
    """`files` are those that each entry needs: its own first, then the chunks that it imports."""

    files: dict[str, list[str]]

    def addresses(self, entry: str) -> list[str]:
        return [f"{settings.STATIC_URL}{PREFIX}/{file}" for file in self.files[entry]]


def current() -> Bundle | None:
    """None where there is none, or only one of older modules: pages then load the modules one by one."""
    if not settings.BUNDLED_SCRIPTS:
        return None
    return _found() if settings.SERVESTATIC_AUTOREFRESH else _found_once()


def read(manifest: Path, product: Path = sources.PRODUCT) -> Bundle | None:
    if not manifest.is_file():
        return None
    kept = json.loads(manifest.read_text())
    return Bundle(kept["entries"]) if kept["sources"] == sources.digest(product) else None


def _found() -> Bundle | None:
    """Where the server finds its files: what was bundled and not collected cannot be served."""
    name = f"{PREFIX}/{MANIFEST}"
    found = finders.find(name) if settings.SERVESTATIC_USE_FINDERS else str(settings.STATIC_ROOT / name)
    return read(Path(found)) if found else None


@cache
def _found_once() -> Bundle | None:
    return _found()
