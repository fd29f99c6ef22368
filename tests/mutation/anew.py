"""Mutants in module-level code: each is imported in a fork of a process that has not imported the project."""

import importlib
import importlib.machinery
import importlib.util
import sys
from contextlib import suppress
from functools import partial
from types import CodeType

import pytest

from tests.mutation.mutants import Mutant
from tests.mutation.plugin import FILE, MODULE, chosen, in_child, mutants, tell

LIBRARIES = (
    "pytest_django", "pytest_asyncio.plugin",
    "pytest_playwright.pytest_playwright", "xdist.plugin", "django.test", "django.contrib.admin", "ninja", "stripe",
    "uvicorn", "httpx", "PIL.Image", "pillow_heif", "boto3", "webpush", "typst", "structlog", "sentry_sdk",
    "prometheus_client", "orjson", "fido2.server", "schemathesis", "allauth.account.forms", "storages.backends.s3",
)  # fmt: skip


class Loader(importlib.machinery.SourceFileLoader):
    """Imports the module with one fault in it."""

    fault: Mutant | None

    def get_code(self, fullname: str) -> CodeType:
        found: CodeType = mutants.compiled(self.fault)
        return found


class Finder:
    @staticmethod
    def find_spec(name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name != MODULE:
            return None
        return importlib.util.spec_from_file_location(name, FILE, loader=Loader(name, str(FILE)))


def main() -> None:
    for library in LIBRARIES:
        with suppress(Exception):  # some want settings first; then each child imports them itself
            importlib.import_module(library)
    assert not in_child(partial(finds_nothing, None)), "the tests fail without any fault"
    for mutant in chosen():
        if not mutant.place.in_function:
            tell(mutant, noticed=in_child(partial(finds_nothing, mutant)))


def finds_nothing(mutant: Mutant | None) -> bool:
    Loader.fault = mutant
    sys.meta_path.insert(0, Finder)
    return pytest.main(["--quiet", "--exitfirst", "--assert=plain", "-p", "no:cacheprovider", *sys.argv[1:]]) == 0


main()
