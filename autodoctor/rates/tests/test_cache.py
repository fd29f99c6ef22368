"""The shared cache, in which the sign-in library counts."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.rates import jobs
from autodoctor.rates.models import Kept
from autodoctor.scheduler.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    begun = time.time()
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: begun + seconds)


def test_cached_values_are_kept_until_they_expire(later: Callable[[float], None]) -> None:
    cache.set("a", [1.5, 2.5], 60)
    cache.set("b", True, None)
    assert (cache.get("a"), cache.get("b"), cache.get("c", "none")) == ([1.5, 2.5], True, "none")
    later(61)
    assert (cache.get("a"), cache.get("b")) == (None, True)
    assert not cache.touch("a", 60)
    assert cache.touch("b", 60)
    later(122)
    assert "b" not in cache


def test_cache_add_succeeds_only_while_the_key_is_free(later: Callable[[float], None]) -> None:
    assert [cache.add("lock", True, 10) for _ in range(3)] == [True, False, False]
    later(11)
    assert cache.add("lock", True, 10)
    assert cache.delete("lock")
    assert not cache.delete("lock")
    cache.set("x", 1)
    cache.clear()
    assert cache.get("x") is None


@pytest.mark.django_db(transaction=True)
def test_of_many_cache_adds_at_once_one_succeeds() -> None:
    def add(_number: int) -> bool:
        try:
            return cache.add("lock", True, 10)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(add, range(24))) == 1


def test_cache_keys_do_not_show_whom_they_count() -> None:
    cache.set("login:casey@example.com", 1)
    assert "casey" not in Kept.objects.get().key


def test_expired_cache_entries_are_deleted() -> None:
    cache.set("soon", 1, 5)
    cache.set("always", 1, None)
    jobs.prune(Job(kind="rates.prune", key=""), timezone.now() + timedelta(seconds=6))
    assert cache.get("always") == 1
    assert Kept.objects.count() == 1


def test_sign_in_attempts_on_other_accounts_do_not_reset_an_accounts_limit(customer: User) -> None:
    """More entries than Django's own caches keep."""

    def guess(email: str, address: str) -> int:
        return Client(REMOTE_ADDR=address).post("/sign-in/", {"login": email, "password": "a guess"}).status_code

    assert [guess(customer.email, f"198.51.100.{n}") for n in range(6)] == [200] * 5 + [429]
    before = Kept.objects.count()
    assert [guess(f"other{number}@example.org", f"203.0.113.{number}") for number in range(5)] == [200] * 5
    assert Kept.objects.count() >= before + 10
    cache.set_many({f"of_other_account_{number}": 1 for number in range(500)})  # as many more attempts would
    assert guess(customer.email, "198.51.100.77") == 429
