"""A request that waits for another service holds no connection of the pool."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection, transaction

from autodoctor.core.outside import release_connection
from autodoctor.files import storage
from autodoctor.payments.stripe.client import translate_errors

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def in_a_request() -> Iterator[Callable[[Callable[[], None]], int]]:
    """Run something on a thread with a pooled connection; return how many connections it holds afterwards."""

    def run(work: Callable[[], None]) -> int:
        options = connection.settings_dict["OPTIONS"] | {"pool": {"min_size": 1, "max_size": 1}}
        connection.settings_dict = {**connection.settings_dict, "OPTIONS": options, "CONN_MAX_AGE": 0}
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            work()
            return int(connection.connection is not None)
        finally:
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined] # PostgreSQL only

    with ThreadPoolExecutor(1) as thread:
        yield lambda work: thread.submit(run, work).result(30)


def test_a_call_to_stripe_holds_no_database_connection(in_a_request: Callable[..., int]) -> None:
    def call() -> None:
        with translate_errors():
            assert connection.connection is None

    assert in_a_request(call) == 0


def test_a_call_to_a_bucket_holds_no_database_connection(
    in_a_request: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bucket:
        def delete(self, key: str) -> None:
            assert connection.connection is None

    monkeypatch.setattr(storage, "storage", Bucket)
    assert in_a_request(lambda: storage.remove("key")) == 0


def test_removing_a_file_from_our_own_disk_keeps_the_database_connection(
    in_a_request: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(storage, "storage", lambda: FileSystemStorage(tmp_path))
    assert in_a_request(lambda: storage.remove("key")) == 1


def test_a_transaction_keeps_its_database_connection_during_an_outside_call(in_a_request: Callable[..., int]) -> None:
    def call() -> None:
        with transaction.atomic():
            release_connection()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")

    assert in_a_request(call) == 1
