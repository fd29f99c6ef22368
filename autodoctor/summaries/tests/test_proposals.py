"""Proposed lines: sorted by rules, each with the place that it comes from, and nothing by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from autodoctor.summaries.proposals import MOST_A_FIELD, Field, propose
from autodoctor.summaries.sources import Source

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def said(text: str, role: str = "mechanic", *, id_: str = "m1", picture: str = "") -> Source:
    return Source(id_, NOON, role, role.title(), text, "e1", picture)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("The minus clamp is corroded.", Field.FINDINGS),
        ("I measure 11.8 V at the battery.", Field.FINDINGS),
        ("Your scanner says P0301 there.", Field.FINDINGS),
        ("Now open the hood for me.", Field.STEPS),
        ("We cleaned the clamp together.", Field.STEPS),
        ("You should have the brakes looked at soon.", Field.NEXT_STEPS),
        ("Don't drive faster than 50 with this.", Field.NEXT_STEPS),
        ("Check the hose again within two weeks.", Field.NEXT_STEPS),
    ],
)
def test_what_a_mechanic_says_is_sorted(text: str, field: Field) -> None:
    assert [(line.field, line.text) for line in propose([said(text)])][:1] == [(field, text)]


@pytest.mark.parametrize("text", ["Hello!", "Is it loud when cold?", "Nice to meet you today", "ok thanks", "", "???"])
def test_talk_is_not_proposed(text: str) -> None:
    assert propose([said(text)]) == []
    assert propose([said(text, "customer")]) == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("You need a new battery.", "Battery"),
        ("Please replace both front brake pads soon.", "Front brake pads"),
        ("Order the upper radiator hose first.", "Upper radiator hose"),
    ],
)
def test_a_part_is_named_by_what_is_to_be_replaced(text: str, part: str) -> None:
    assert [line.text for line in propose([said(text)]) if line.field is Field.PARTS] == [part]


def test_a_customer_reports_and_orders_nothing() -> None:
    lines = propose([said("It rattles when cold. You should send me a new battery.", "customer")])
    assert [(line.field, line.text) for line in lines] == [(Field.FINDINGS, "The customer says: It rattles when cold.")]


def test_each_line_once_and_only_so_many() -> None:
    many = [said(f"Hose {number} is leaking.") for number in range(30)] * 2
    assert len(propose(many)) == MOST_A_FIELD
    assert len({line.text for line in propose(many)}) == MOST_A_FIELD


def test_each_line_has_its_place() -> None:
    first, second = said("The clamp is loose.", id_="m4"), said("the belt is worn", id_="s7")
    assert [(line.text, line.source) for line in propose([first, second])] == [
        ("The clamp is loose.", first),
        ("The belt is worn", second),
    ]


def test_a_picture_is_a_place() -> None:
    (line,) = propose([said("Snapshot.jpg", id_="f9")])
    assert (line.field, line.text) == (Field.FINDINGS, "See the picture “Snapshot.jpg”.")


def test_a_long_text_is_quick() -> None:
    text = "check the hose " * 4000
    begun = datetime.now(UTC)
    propose([said(text)] * 20)
    assert datetime.now(UTC) - begun < timedelta(seconds=5)
