"""Rows that are read in order to change them, or to point to them, while another request may delete them."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from autodoctor.core.errors import Gone

M = TypeVar("M", bound=Model)


def hold(rows: "QuerySet[M]", key: Any) -> M:
    """Return this row as it is now: until the caller's transaction ends nobody else changes or deletes it.

    Call it first in the transaction that writes, and before deleting, too: then nothing is written to it meanwhile.
    Raises `Gone` if it is not among these rows any more.
    """
    row = rows.select_for_update(of=("self",)).filter(pk=key).first()
    if row is None:
        raise Gone
    return row
