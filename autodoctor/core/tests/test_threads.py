"""Threads that compute, and those that wait for them."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from autodoctor.core.threads import give_way_sooner, settle_in


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*thresholds)


def test_threads_that_compute_are_interrupted_often() -> None:
    """Measured in a storm of a thousand pages: at Python's own 5 ms, all were back after 20 s instead of 8."""
    sys.setswitchinterval(0.005)
    give_way_sooner()
    assert sys.getswitchinterval() < 0.001


def test_a_process_that_has_settled_in_collects_nothing_that_is_loaded_and_loads_no_addresses_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Measured at 167 ends a second: a full collection, or the first mail, made deadlines late by 110 to 330 ms."""
    (tmp_path / "many_addresses.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    settings.ROOT_URLCONF = "many_addresses"
    loaded = [object()]
    settle_in()
    assert all(each is not loaded for each in gc.get_objects())
    assert "many_addresses" in sys.modules
    assert sys.getswitchinterval() < 0.001
