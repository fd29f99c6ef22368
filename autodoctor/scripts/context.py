"""The scripts of a page, for the template tags."""

from functools import cached_property

from django.http import HttpRequest

from autodoctor.scripts import bundles
from autodoctor.scripts.bundles import Bundle


class PageScripts:
    """The script addresses of one page: consistent even while a module changes."""

    def __init__(self) -> None:
        self._preloaded: set[str] = set()

    @cached_property
    def bundle(self) -> Bundle | None:
        return bundles.current()

    def to_preload(self, addresses: list[str]) -> list[str]:
        """Return the files that the page has not named yet."""
        new = [address for address in addresses if address not in self._preloaded]
        self._preloaded.update(new)
        return new


def page_scripts(request: HttpRequest) -> dict[str, PageScripts]:
    return {"page_scripts": PageScripts()}
