"""The two options of pytest: `--statements FOLDER` and `--postgres-part`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.statements import part
from tests.statements.recording import Recorder, watch


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("statements")
    group.addoption("--statements", metavar="FOLDER", help="record there which SQL statements each test executes")
    group.addoption("--postgres-part", action="store_true", help="only what has to run on PostgreSQL")


def pytest_configure(config: pytest.Config) -> None:
    if folder := config.getoption("statements"):
        config.pluginmanager.register(Recording(Path(folder).absolute()), "statements")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("postgres_part"):
        return
    items[:], need_not = part.split(items)
    config.hook.pytest_deselected(items=need_not)


class Recording:
    """Records the statements of a test and its fixtures, without the teardown and the database's set-up."""

    def __init__(self, folder: Path) -> None:
        from django.conf import settings

        self._folder = folder
        self._recorder = Recorder()
        watch(self._recorder, settings.DATABASES["default"])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        begun = _cpu_seconds()
        self._recorder.begin()
        try:
            return (yield)
        finally:
            self._recorder.end(item.nodeid, seconds=_cpu_seconds() - begun, always=part.always(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[Any]:
        listened = self._recorder.listens
        self._recorder.listens = listened and fixturedef.argname != "django_db_setup"
        try:
            return (yield)
        finally:
            self._recorder.listens = listened

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        self._recorder.listens = False

    def pytest_sessionfinish(self) -> None:
        from django.db import connection

        self._recorder.write(self._folder, connection.vendor)


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its finished children."""
    return sum(os.times()[:4])
