"""Threads that compute, and those that wait for them."""

import sys
from collections.abc import Iterator

import pytest

from autodoctor.core.threads import give_way_sooner


@pytest.fixture(autouse=True)
def usual_interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_threads_that_compute_are_interrupted_often() -> None:
    """Measured in a storm of a thousand pages: at Python's own 5 ms, all were back after 20 s instead of 8."""
    sys.setswitchinterval(0.005)
    give_way_sooner()
    assert sys.getswitchinterval() < 0.001
