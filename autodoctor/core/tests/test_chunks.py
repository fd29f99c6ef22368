"""Rows go in parts, the oldest first."""

import pytest

from autodoctor.core.chunks import delete_in_chunks
from autodoctor.rates.models import Count

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgres]


def test_rows_are_deleted_in_as_many_parts_as_needed_and_each_part_is_told_first() -> None:
    Count.objects.bulk_create(Count(key=str(number), full_at=number // 2) for number in range(10))
    parts: list[list[str]] = []
    gone = delete_in_chunks(Count.objects.filter(full_at__lt=4), by="full_at", size=3, first=parts.append)
    assert gone == 8
    assert sorted(key for part in parts for key in part) == list("01234567")
    assert [len(part) for part in parts] == [3, 3, 2]
    assert sorted(Count.objects.values_list("key", flat=True)) == ["8", "9"]


def test_where_there_is_nothing_nothing_is_deleted() -> None:
    Count.objects.create(key="present", full_at=9)
    assert delete_in_chunks(Count.objects.filter(full_at__lt=4), by="full_at") == 0
    assert Count.objects.exists()
